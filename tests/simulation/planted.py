"""Bugs to plant into the real code, one at a time: each takes away one line that a guarantee hangs on.

A bug is planted by compiling a function again from its own source with a piece of it replaced. A piece that is not
there any more is an error, so the list cannot fall behind the code.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from asyncluster.core.client.joblog import JobLog
from asyncluster.core.jobs.admission import Admission
from asyncluster.core.jobs.board import Board
from asyncluster.core.jobs.job import Job
from asyncluster.core.jobs.reports import Reports
from asyncluster.core.master import standing
from asyncluster.core.people import sessions as rules
from asyncluster.ndm.node.brain import Brain
from asyncluster.ndm.node.giving import Giving
from asyncluster.ndm.node.pool import Pool


@dataclass(frozen=True)
class Bug:
    """A piece of a method, and what stands there instead.

    Attributes:
        owner: a class or a module.
        found_as: the invariants of which one must be violated.
        calm: it shows on a good day.
        rare: it takes many seeds to find.
    """

    name: str
    owner: Any
    method: str
    piece: str
    instead: str
    found_as: frozenset[str]
    calm: bool = False
    rare: bool = False


def _bug(
    name: str, where: Any, piece: str, instead: str, *found_as: str, calm: bool = False, rare: bool = False
) -> Bug:
    owner, method = where
    return Bug(name, owner, method, piece, instead, frozenset(found_as), calm, rare)


BUGS = (
    _bug(
        "results are not fenced by attempt", (Reports, "_take_results"),
        "row is None or attempt != attempts.get(call, 1)", "row is None", "fence",
    ),
    _bug(
        "updates are not replayed", (Giving, "_send"),
        "messages += job.log[worker.entries :]",
        "messages += [e for e in job.log[worker.entries :] if not isinstance(e, m.Update)]", "order",
    ),
    _bug("a lost node's calls are not queued again", (Board, "lose"),
        "self.put_back(job, again, late=node.name)", "pass", "stuck", "lost"),
    _bug("what may run once runs again when a node is lost", (Board, "lose"),
        "(again if job.kind_of(row).retries else never).append(row)", "again.append(row)", "once", rare=True),
    _bug("what may run once runs again when its worker is ended", (Brain, "_settle"),
        "(once or not worker.dying)", "not worker.dying", "once", rare=True),
    _bug("what may run once is offered to a new master", (JobLog, "opened"),
        "if not (same_master and message.entries):", "if False:", "once"),
    _bug("calls are not offered again", (JobLog, "opened"),
        "self._unsent = deque(self.calls.values())", "pass", "stuck", "lost"),
    _bug("a call may end twice", (JobLog, "_take_out"),
        "self.calls.pop(number, None)", "self.calls.get(number)", "twice", "failure"),
    _bug("each death counts twice", (Reports, "_runs_again"),
        "job.crashes.get(row[0], 0) + 1", "job.crashes.get(row[0], 0) + 2", "blame"),
    _bug("a lost node is blamed on the call", (Board, "lose"),
        "self.fail(job, never, node_lost(node.name))",
        'self.fail(job, never, Failure("crashed", "It died."))', "blame"),
    _bug("a node does not list jobs without calls", (Brain, "holding"),
        "for job in jobs]", "for job in jobs if job.calls]", "leftover", rare=True),
    _bug("a drain outlives the master that wanted it", (Brain, "connected"),
        "bench.draining = False", "pass", "stuck", rare=True),
    _bug("cancelled calls are not stopped", (Admission, "_cancel"),
        "board.tell_node(node, Stop(job.key, calls))", "pass", "prompt", calm=True),
    _bug("computing time is not charged", (Job, "charge"),
        "self.virtual += seconds / self.weight", "pass", "fair", calm=True),
    _bug("nodes do not share their slots", (Giving, "_give"),
        "job = min(waiting, key=self._used)", "job = waiting[0]", "fair", calm=True, rare=True),
    _bug("any idle worker will do", (Pool, "idle"),
        "if worker.job == job and not", "if not", "isolation", "order", "failure"),
)  # fmt: skip

PEOPLE_BUGS = (
    _bug("a session is counted by the wall clock", (rules, "booked"),
        "end = session.started + _believable(session, elapsed, now)", "end = now", "books", "failure"),
    _bug("a pulled cable opens a second budget", (standing, "charged"),
        "return Span(session.started, session.charged_until)", "return Span(session.started, session.ended)", "budget"),
)  # fmt: skip


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """Has the bug in the code."""
    original = inspect.getattr_static(bug.owner, bug.method)
    function = original.fget if isinstance(original, property) else original
    source = textwrap.dedent(inspect.getsource(function))
    if bug.piece not in source:
        raise LookupError(f"{bug.owner.__name__}.{bug.method} has changed: {bug.piece!r} is not in it.")
    namespace: dict[str, Any] = {}
    exec(compile(source.replace(bug.piece, bug.instead), f"<{bug.name}>", "exec"), function.__globals__, namespace)
    setattr(bug.owner, bug.method, namespace[bug.method])
    try:
        yield
    finally:
        setattr(bug.owner, bug.method, original)

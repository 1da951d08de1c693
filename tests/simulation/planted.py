"""Bugs to plant into the real code, one at a time: each takes away one line that a guarantee hangs on.

A bug is planted by compiling a function again from its own source with a piece of it replaced. A piece that is not
there any more is an error, so the list cannot fall behind the code. Most are found by seeds of the simulation; what it
does not play, logins and processes, by a test:

    PYTHONPATH=tests python -m simulation --plant "updates are not replayed" --seed 0
    python -m pytest --plant "nothing is swept at the start" tests/ndm/node/test_processes.py
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
from asyncluster.core.wire.nodelogin import NodeLogin
from asyncluster.ndm.node.brain import Brain
from asyncluster.ndm.node.giving import Giving
from asyncluster.ndm.node.pool import Pool
from asyncluster.ndm.node.processes import DirectSpawner
from asyncluster.ndm.steward.workers import Workers


@dataclass(frozen=True)
class Bug:
    """A piece of a method, and what stands there instead.

    Attributes:
        owner: a class or a module.
        found_as: the invariants of which one must be violated.
        profile: in which it shows.
        rare: it takes many seeds to find.
        test: that finds it, where the simulation does not.
    """

    name: str
    owner: Any
    method: str
    piece: str
    instead: str
    found_as: frozenset[str] = frozenset()
    profile: str = "small"
    rare: bool = False
    test: str = ""


def _bug(name: str, where: Any, piece: str, instead: str, *found_as: str, **more: Any) -> Bug:
    return Bug(name, *where, piece, instead, frozenset(found_as), **more)


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
        "bench.draining = False", "pass", "leftover"),
    _bug("cancelled calls are not stopped", (Admission, "_cancel"),
        "board.tell_node(node, Stop(job.key, calls))", "pass", "prompt", profile="calm"),
    _bug("computing time is not charged", (Job, "charge"),
        "self.virtual += seconds / self.weight", "pass", "fair", profile="calm"),
    _bug("nodes do not share their slots", (Giving, "_give"),
        "min(waiting, key=self._used)", "waiting[0]", "fair", profile="calm", rare=True),
    _bug("any idle worker will do", (Pool, "idle"),
        "worker.job != job or worker.calls", "worker.calls", "isolation", "order", "failure"),
    _bug("a session is counted by the wall clock", (rules, "booked"),
        "end = session.started + _believable(session, elapsed, now)", "end = now", "books", "failure",
        profile="people"),
    _bug("a pulled cable opens a second budget", (standing, "charged"),
        "return Span(session.started, session.charged_until)", "return Span(session.started, session.ended)", "budget",
        profile="people"),
    _bug("the proof of the server password is skipped", (NodeLogin, "_reversed"),
        "if not hmac.compare_digest(expected, mac):", "if False:",
        test="tests/core/net/test_hostile.py::test_wrong_words"),
    _bug("nothing is swept at the start", (DirectSpawner, "__init__"),
        'trees.kill_marked(f"{spawn.MARKER}={marker}".encode())', "0",
        test="tests/ndm/node/test_processes.py::test_processes_of_an_earlier_life_are_ended_at_the_start"),
    _bug("the steward sweeps nothing at the start", (Workers, "__init__"), "self._sweep()", "pass",
        test="tests/ndm/steward/test_workers.py::test_processes_of_an_earlier_life_are_ended_at_the_start"),
)  # fmt: skip


def named(name: str) -> Bug:
    """The bug of this name.

    Raises:
        LookupError: there is none.
    """
    for bug in BUGS:
        if bug.name == name:
            return bug
    raise LookupError(f"There is no bug {name!r}. There are: {', '.join(bug.name for bug in BUGS)}.")


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """Has the bug in the code.

    Raises:
        LookupError: it does not fit the code any more.
    """
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

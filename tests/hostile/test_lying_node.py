"""A node that has the passwords and lies: about results, jobs, attempts and counts. Others do not suffer from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.reactor import ReactorThread
from support.strangers import PlayedNode, introduction, log_in
from support.waiting import wait_for

from asyncluster.core.wire import messages as m

_CODE = """
import os, time

def wait(path):
    while not os.path.exists(path):
        time.sleep(0.01)
    return "true"
"""
_MIB = 1024 * 1024
_MOST = 2**53 - 1


@pytest.fixture
def liar(site: Any, reactor_thread: ReactorThread) -> Iterator[PlayedNode]:
    """It has no workers, so no call is its own."""
    node = PlayedNode(introduction("liar"))
    leave = log_in(reactor_thread, site.real.config, node)
    yield node
    leave()
    reactor_thread.wait_until(lambda: node.losses)


@dataclass(frozen=True)
class Author:
    """An honest client, and three calls of its job that run and wait at the honest node.

    Attributes:
        key: of the job, as every node learns it that gets calls of it.
        finish: lets the calls return, and gives their results and where they ran.
    """

    key: int
    finish: Callable[[], list[tuple[str, str]]]
    log: Callable[[], str]


@pytest.fixture
def author(site: Any, tmp_path: Path) -> Iterator[Author]:
    gate = tmp_path / "gate"
    with site.real.client() as cluster, cluster.job(_CODE) as job:
        calls = [job.run("wait", str(gate)) for _ in range(3)]
        wait_for(lambda: any(call.running() for call in calls) or job.pending == 3, "the calls")

        def finish() -> list[tuple[str, str]]:
            gate.touch()
            return [(call.result(30), call.where) for call in calls]

        yield Author(job._namespace.log.key, finish, job.log)
        gate.touch()


LIES: dict[str, Callable[[int], m.Message]] = {
    "results": lambda job: m.Done(1, job, [(call, n, 0, 1, b"forged") for call in range(50) for n in range(3)]),
    "results of no job": lambda job: m.Done(1, job + 1, [(call, 1, 0, _MOST, b"") for call in range(20_000)]),
    "huge counts": lambda job: m.Done(_MOST, job, [(_MOST, _MOST, _MOST, _MOST, b"")]),
    "a crash": lambda job: m.Broke(1, job, (1, 1), m.Failure("crashed", "It died.")),
    "calls handed back": lambda job: m.Returned(1, job, [(call, n) for call in range(50) for n in range(3)]),
    "a job that does not work": lambda job: m.Unfit(job, 0, "SyntaxError"),
    "large data forgotten": lambda job: m.DropBlob(job, b"0123456789abcdef"),
    "output": lambda job: m.Output(job, 1, "out", "forged"),
    "progress": lambda job: m.Progress(job, 1, 0.5, "forged"),
}
BREACHES: dict[str, Callable[[int], m.Message]] = {
    "a failure of its own making": lambda job: m.Broke(1, job, (1, 1), m.Failure("cancelled", "Nobody wanted that.")),
    "large data never sent": lambda job: m.DoneLarge(1, job, (1, 1, 0, 1, b""), [(b"0123456789abcdef", 10)]),
    "what clients say": lambda job: m.CloseJob(job),
    "what masters say": lambda job: m.Acknowledge(7),
    "a second introduction": lambda job: introduction("liar-again"),
}


@pytest.mark.parametrize("lie", LIES)
def test_lies_about_others_calls_are_void(
    reactor_thread: ReactorThread, liar: PlayedNode, author: Author, lie: str
) -> None:
    reactor_thread.call(liar.send, *[LIES[lie](author.key)] * 3)
    results = author.finish()
    assert [result for result, _where in results] == ["true"] * 3
    assert "liar" not in {where for _result, where in results}
    assert "forged" not in author.log()
    assert liar.losses == 0


@pytest.mark.parametrize("breach", BREACHES)
def test_what_no_node_says_ends_its_connection_only(
    reactor_thread: ReactorThread, liar: PlayedNode, author: Author, breach: str
) -> None:
    reactor_thread.call(liar.send, BREACHES[breach](author.key))
    reactor_thread.wait_until(lambda: liar.losses, seconds=30)
    assert [result for result, _where in author.finish()] == ["true"] * 3


def test_what_it_claims_to_hold_is_not_its_own(site: Any, reactor_thread: ReactorThread, author: Author) -> None:
    """It names calls of an honest node when it introduces itself."""
    holding = [m.Holding(author.key, [(call, n) for call in range(50) for n in range(3)], 1)]
    node = PlayedNode(introduction("liar", holding=holding))
    leave = log_in(reactor_thread, site.real.config, node)
    reactor_thread.wait_until(lambda: any(isinstance(each, m.Stop) for each in node.heard), seconds=30)
    results = author.finish()
    leave()
    reactor_thread.wait_until(lambda: node.losses)
    assert [result for result, _where in results] == ["true"] * 3
    assert "liar" not in {where for _result, where in results}


def test_results_of_jobs_that_nobody_has_cost_a_bounded_amount(site: Any, reactor_thread: ReactorThread) -> None:
    """They could be of a time before the master was restarted, so it keeps some, for a while."""
    node = PlayedNode(introduction("flooder"))
    leave = log_in(reactor_thread, site.real.config, node)
    memory = site.memory()
    for job in range(1000, 1030):
        rows = [(call, 1, 0, 1, b"x" * 60) for call in range(5000)]
        reactor_thread.call(node.send, m.Done(job, job, rows))
    wait_for(lambda: m.Acknowledge(1029) in node.heard, "the master to hear all that")
    assert site.works()
    assert site.memory() < memory + 150 * _MIB
    leave()
    reactor_thread.wait_until(lambda: node.losses)


@pytest.mark.parametrize("name", ["pc1\nroot attached", "pc\x1b[2J"])
def test_a_name_that_is_none_is_refused(site: Any, reactor_thread: ReactorThread, name: str) -> None:
    node = PlayedNode(introduction(name))
    with pytest.raises(TimeoutError):
        log_in(reactor_thread, site.real.config, node, seconds=2)

"""The crew, event by event."""

from __future__ import annotations

from typing import TypeVar

import pytest

from asyncluster.core.engine.request import Request
from asyncluster.core.wire import engine as e
from asyncluster.ndm.engine.crew import PATIENCE, Crew, CrewSettings
from asyncluster.ndm.node import instructions as i
from asyncluster.ndm.node.presence import SUSPENDED
from asyncluster.ndm.worker.page import Glance

IDLE = Glance(0, 0, None, None)
BUSY = Glance(17, 1, 5.0, None)
T = TypeVar("T")


class Scene:
    """A crew of two on a node whose master has a scheduler."""

    def __init__(self, slots: int = 2) -> None:
        self.now = 100.0
        self.glance = IDLE
        self.crew = Crew(
            CrewSettings(slots, "main", 10**9, 10), lambda _worker: self.glance, lambda: Request(b"key", b"csr")
        )
        self.crew.connected("pc01", self.now)

    def admit(self, run: int = 1, renew: int = 1000) -> None:
        """The master lets the node in."""
        self.crew.engine_at(e.EngineAt(run), self.now)
        self.crew.passed(e.EnginePass(8786, None, b"authority", b"certificate", renew), self.now)

    def start(self) -> list[int]:
        """All workers come up."""
        self.admit()
        workers = [spawn.worker for spawn in self.take(i.Spawn)]
        for worker in workers:
            self.crew.ready(worker, self.now)
        return workers

    def take(self, kind: type[T]) -> list[T]:
        """Instructions of that kind; the others are forgotten."""
        return [instruction for instruction in self.crew.take() if isinstance(instruction, kind)]

    def orders(self) -> list[tuple[int, str]]:
        """What workers are told."""
        told = self.take(i.ToWorker)
        return [(one.worker, one.message.order) for one in told if isinstance(one.message, e.EngineOrder)]

    def later(self, seconds: float) -> None:
        self.now += seconds
        self.crew.tick(self.now)

    def end(self, worker: int, signal: int | None = None, status: int | None = None, stderr: str = "") -> None:
        self.crew.exited(worker, i.Exit(signal, status, stderr), self.now)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_workers_start_when_the_master_has_let_the_node_in(scene: Scene) -> None:
    scene.crew.engine_at(e.EngineAt(1), scene.now)
    assert [told.message for told in scene.take(i.ToMaster)] == [e.EngineRequest(b"csr")]
    scene.crew.passed(e.EnginePass(8786, (9200, 9231), b"authority", b"certificate", 1000), scene.now)
    setups = [told.message for told in scene.take(i.ToWorker)]
    assert [setup.name for setup in setups if isinstance(setup, e.EngineSetup)] == ["pc01/1", "pc01/2"]
    assert setups[0] == e.EngineSetup(
        "tls://main:8786", "pc01/1", 10**9, (9200, 9231), b"authority", b"certificate", b"key"
    )


def test_an_admission_that_nobody_asked_for_is_ignored(scene: Scene) -> None:
    scene.crew.passed(e.EnginePass(8786, None, b"authority", b"certificate", 1000), scene.now)
    assert not scene.take(i.Spawn)


def test_without_a_scheduler_nothing_is_started(scene: Scene) -> None:
    scene.later(1000)
    assert not scene.crew.take()


@pytest.mark.parametrize("status", [0, 1])
def test_a_worker_that_exits_is_replaced_whatever_its_status(scene: Scene, status: int) -> None:
    first, _second = scene.start()
    scene.end(first, status=status)
    scene.later(1)
    assert len(scene.take(i.Spawn)) == 1


def test_workers_that_end_at_once_are_started_less_and_less_often(scene: Scene) -> None:
    first, second = scene.start()
    scene.end(first, status=0)
    scene.end(second, status=0)
    starts = 0
    for _second in range(60):
        scene.later(1)
        for spawn in scene.take(i.Spawn):
            starts += 1
            scene.end(spawn.worker, status=1, stderr="Traceback\nModuleNotFoundError: No module named 'distributed'")
    assert 4 <= starts <= 12
    assert "No module named 'distributed'" in scene.crew.trouble


def test_another_scheduler_has_workers_at_once(scene: Scene) -> None:
    for worker in scene.start():
        scene.end(worker, status=0)
    for _ in range(10):
        scene.later(40)
        for spawn in scene.take(i.Spawn):
            scene.end(spawn.worker, status=1)
    scene.admit(run=2)
    assert len(scene.take(i.Spawn)) == 2


def test_a_master_that_is_away_gets_no_new_workers_but_the_old_ones_stay(scene: Scene) -> None:
    first, _second = scene.start()
    scene.crew.disconnected()
    scene.end(first, status=0)
    scene.later(60)
    assert not scene.crew.take()
    scene.crew.connected("pc01", scene.now)
    scene.crew.engine_at(e.EngineAt(1), scene.now)
    assert len(scene.take(i.Spawn)) == 1


def test_a_death_is_blamed_on_the_task_only_if_it_ran(scene: Scene) -> None:
    first, second = scene.start()
    scene.glance = BUSY
    scene.end(first, signal=11, stderr="last words")
    (report,) = [told.message for told in scene.take(i.ToMaster)]
    assert isinstance(report, e.EngineDied)
    assert (report.worker, report.mark) == ("pc01/1", 17)
    assert "last words" in report.words
    scene.glance = IDLE
    scene.end(second, signal=9)
    (report,) = [told.message for told in scene.take(i.ToMaster)]
    assert isinstance(report, e.EngineDied)
    assert report.mark == 0


def test_a_worker_that_leaves_with_its_scheduler_is_blamed_on_nobody(scene: Scene) -> None:
    first, _second = scene.start()
    scene.end(first, status=0)
    assert not scene.take(i.ToMaster)


# --- People -------------------------------------------------------------------------------------------------------


def test_for_a_person_workers_are_stopped_when_they_have_brought_away_what_they_had(scene: Scene) -> None:
    workers = scene.start()
    scene.crew.presence("suspend", 10, scene.now)
    out = scene.crew.take()
    assert not [one for one in out if isinstance(one, i.SetNiceness)], "or it would not get done on a busy computer"
    assert [one.message for one in out if isinstance(one, i.ToWorker)] == [e.EngineOrder("pause")] * 2
    assert not [one for one in out if isinstance(one, i.Suspend)]
    scene.crew.quiet(workers[0])
    assert scene.take(i.Suspend) == [i.Suspend(workers[0])]
    scene.glance = BUSY
    scene.later(PATIENCE)  # the other one takes too long
    out = scene.crew.take()
    assert [one for one in out if isinstance(one, i.Suspend)] == [i.Suspend(workers[1])]
    assert [one.message for one in out if isinstance(one, i.ToMaster)] == [e.EngineStopped("pc01/2", 17)]
    scene.crew.presence("run", 10, scene.now)
    out = scene.crew.take()
    assert [one for one in out if isinstance(one, i.Continue)] == [i.Continue(worker) for worker in workers]
    assert [one.message for one in out if isinstance(one, i.ToWorker)] == [e.EngineOrder("resume")] * 2
    scene.later(2 * SUSPENDED)
    assert not scene.take(i.Kill)


def test_a_worker_is_stopped_for_ten_minutes_at_most(scene: Scene) -> None:
    workers = scene.start()
    scene.crew.presence("suspend", 10, scene.now)
    scene.later(PATIENCE)
    scene.crew.take()
    scene.later(SUSPENDED)
    assert scene.take(i.Kill) == [i.Kill(worker) for worker in workers]
    scene.glance = BUSY
    for worker in workers:
        scene.end(worker, signal=9)
    assert not scene.crew.take(), "nobody is to blame, and nobody works while somebody is there"
    scene.crew.presence("run", 10, scene.now)
    assert len(scene.take(i.Spawn)) == 2


def test_where_workers_have_to_end_they_say_good_bye_or_are_killed(scene: Scene) -> None:
    first, second = scene.start()
    scene.crew.presence("stop", 10, scene.now)
    assert scene.orders() == [(first, "leave"), (second, "leave")]
    scene.end(first, status=0)
    scene.later(PATIENCE)
    assert scene.take(i.Kill) == [i.Kill(second)]


def test_where_they_may_go_on_they_are_only_made_nicer(scene: Scene) -> None:
    workers = scene.start()
    scene.crew.presence("nice", 19, scene.now)
    assert scene.crew.take() == [i.SetNiceness(worker, 19) for worker in workers]


def test_one_that_stays_nice_makes_way_for_another_when_it_is_done(scene: Scene) -> None:
    first, _second = scene.start()
    scene.crew.stays_nice(first, scene.now)
    assert scene.orders() == [(first, "drain")]
    scene.end(first, status=0)
    assert len(scene.take(i.Spawn)) == 1


def test_workers_that_are_not_up_yet_are_ended_at_once(scene: Scene) -> None:
    scene.admit()
    workers = [spawn.worker for spawn in scene.take(i.Spawn)]
    scene.crew.presence("suspend", 10, scene.now)
    assert scene.take(i.Kill) == [i.Kill(worker) for worker in workers]


# --- Operators and time -------------------------------------------------------------------------------------------


def test_drained_workers_take_all_the_time_that_they_need(scene: Scene) -> None:
    first, second = scene.start()
    scene.crew.drain(True, scene.now)
    assert scene.orders() == [(first, "drain"), (second, "drain")]
    scene.later(500)
    assert not scene.take(i.Kill)
    scene.end(first, status=0)
    assert not scene.take(i.Spawn)
    scene.crew.drain(False, scene.now)
    assert len(scene.take(i.Spawn)) == 1


def test_an_old_certificate_is_renewed_and_workers_with_it_end_when_they_can(scene: Scene) -> None:
    first, second = scene.start()
    scene.later(1000)
    out = scene.crew.take()
    assert [one.message for one in out if isinstance(one, i.ToMaster)] == [e.EngineRequest(b"csr")]
    assert [one.worker for one in out if isinstance(one, i.ToWorker)] == [first, second]
    scene.crew.passed(e.EnginePass(8786, None, b"authority", b"new", 1000), scene.now)
    scene.end(first, status=0)
    (told,) = scene.take(i.ToWorker)
    assert isinstance(told.message, e.EngineSetup)
    assert told.message.certificate == b"new"

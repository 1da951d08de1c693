"""Logins with the real reactor, the real threads and a database on disk."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.people import BERLIN, PASSWORD
from support.reactor import ReactorThread
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import LoopingCall

from asyncluster.core.database.accounts import add_account
from asyncluster.core.database.database import Database
from asyncluster.core.master.passwords import PasswordChecker
from asyncluster.core.master.people import REPLY_FLOOR, PeopleService
from asyncluster.core.people.budget import Account
from asyncluster.core.people.passwords import Hasher
from asyncluster.core.wire.people import BeginSession, SessionGranted, SessionReport

CLASS = 40


class Master:
    """The parts of a master that logins need, with passwords of given costs."""

    def __init__(self, folder: Path, reactor_thread: ReactorThread, hasher: Hasher) -> None:
        self.thread = reactor_thread
        self.database = Database(f"sqlite:///{folder}/asyncluster.db", reactor=reactor_thread.reactor)
        password_hash = hasher.hash(PASSWORD)
        for number in range(CLASS):
            account = Account(f"pupil{number}", restricted=False)
            self.database.call(add_account, account, password_hash, now=0)
        self.passwords = PasswordChecker(reactor_thread.reactor, hasher)
        self.people = PeopleService(
            self.database, self.passwords, BERLIN, reactor_thread.reactor, lambda node, message: None
        )

    def log_in(self, *names: str, password: str = PASSWORD) -> list[Any]:
        """All at once, each at a node of its own."""

        def ask(name: str) -> Deferred[Any]:
            message = BeginSession(1, str(uuid.uuid4()), ":0", name, password)
            return Deferred.fromCoroutine(self.people.begin(f"pc-{name}", message))

        answers: list[Any] = self.thread.call(lambda: gatherResults([ask(name) for name in names]))
        return answers

    def close(self) -> None:
        self.thread.call(self.people.stop)
        self.passwords.stop()
        self.database.close()


@pytest.fixture
def master(tmp_path: Path, reactor_thread: ReactorThread) -> Iterator[Master]:
    master = Master(tmp_path, reactor_thread, Hasher(passes=1, memory=64))
    yield master
    master.close()


def test_a_class_logs_in_together(master: Master) -> None:
    answers = master.log_in(*(f"pupil{number}" for number in range(CLASS)))
    assert all(isinstance(answer, SessionGranted) for answer in answers)
    assert {answer.user for answer in answers} == {f"pupil{number}" for number in range(CLASS)}


def test_no_answer_comes_before_the_floor(master: Master) -> None:
    for name, password in (("pupil1", "wrong-password"), ("nobody", PASSWORD), ("pupil2", PASSWORD)):
        began = time.monotonic()
        master.log_in(name, password=password)
        assert time.monotonic() - began >= REPLY_FLOOR - 0.01


def test_the_reactor_goes_on_while_passwords_are_checked(tmp_path: Path, reactor_thread: ReactorThread) -> None:
    master = Master(tmp_path, reactor_thread, Hasher(passes=2, memory=16 * 1024))
    ticks: list[float] = []
    try:
        ticking = LoopingCall(lambda: ticks.append(time.monotonic()))
        reactor_thread.call(lambda: ticking.start(0.02) and None)  # its Deferred fires when it stops
        master.log_in(*(f"pupil{number}" for number in range(8)))
        reactor_thread.call(ticking.stop)
    finally:
        master.close()
    assert len(ticks) >= 5


def test_reports_are_answered_through_the_thread(master: Master) -> None:
    orders = master.thread.call(lambda: Deferred.fromCoroutine(master.people.report("pc1", SessionReport([], []))))
    assert (orders.leases, orders.ends, orders.booked) == ([], [], [])


@pytest.mark.faults
def test_a_class_of_forty_is_served_in_five_seconds_with_real_costs(
    tmp_path: Path, reactor_thread: ReactorThread
) -> None:
    master = Master(tmp_path, reactor_thread, Hasher())
    try:
        began = time.process_time()
        answers = master.log_in(*(f"pupil{number}" for number in range(CLASS)))
        # Seconds of cores, not of a clock: whatever else this machine computes is not part of the question.
        spent = time.process_time() - began
    finally:
        master.close()
    assert all(isinstance(answer, SessionGranted) for answer in answers)
    assert spent / min(2, os.cpu_count() or 1) < 5

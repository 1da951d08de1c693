"""Calls of every kind for a cluster that is being broken, and what must be true of each when it has its end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import asyncluster as ac

CODE = """
import os, time
version = 0

def set_version(number):
    global version
    version = number

def work(number):
    time.sleep(0.002)
    return number, version

def large(number):
    return number, version, bytes(150_000)

def fail(number):
    raise KeyError(number)

def once(number, path):
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, b"%d\\n" % number)
    os.close(descriptor)
    time.sleep(0.002)
    return number, version
"""

_KINDS = ("work",) * 7 + ("once", "large", "fail")


class Work:
    """One client with one job, whose namespace is updated before every batch.

    Args:
        client: belongs to this from now on.
        folder: where calls note that they have begun.
    """

    def __init__(self, client: ac.Cluster, folder: Path) -> None:
        self.client = client
        self._folder = folder
        self._version = 0
        self._open()

    def begin(self, calls: int) -> Batch:
        """Submits a batch."""
        self._version += 1
        if self._version % 500 == 0:  # the log of a job is finite, and every new worker runs all of it
            self._job.close()
            self._open()
        self._job.update("set_version", self._version)
        return Batch(self._job, calls, self._version, self._folder / f"begun-{self._version}")

    def close(self) -> None:
        self._job.cancel()  # after a test that failed, its calls may never have an end
        self.client.close()

    def _open(self) -> None:
        self._job = self.client.job(CODE, name="work")


class Batch:
    """Calls, and what came back, in order of arrival."""

    def __init__(self, job: ac.Job, calls: int, version: int, begun: Path) -> None:
        self._version = version
        self._begun = begun
        self._arrived: list[int] = []
        self._news = threading.Condition()
        self._calls: list[tuple[int, str, Future[Any]]] = []
        careful = job.with_(retries=0)
        for number in range(calls):
            kind = _KINDS[number % len(_KINDS)]
            future = careful.run(kind, number, str(begun)) if kind == "once" else job.run(kind, number)
            future.add_done_callback(lambda _future, number=number: self._note(number))
            self._calls.append((number, kind, future))

    def _note(self, number: int) -> None:
        with self._news:
            self._arrived.append(number)
            self._news.notify_all()

    def wait_for(self, count: int, seconds: float = 60.0) -> None:
        """Waits until so many calls have their end."""
        with self._news:
            assert self._news.wait_for(lambda: len(self._arrived) >= count, seconds), "nothing moves"

    def check(self, seconds: float = 90.0, *, room: bool = True) -> None:
        """Waits for all, and holds them against what is promised; without `room` large results may be refused."""
        deadline = time.monotonic() + seconds
        self.wait_for(len(self._calls), seconds)
        assert time.monotonic() < deadline
        assert sorted(self._arrived) == list(range(len(self._calls))), "lost, or twice"
        for number, kind, future in self._calls:
            error = future.exception()
            if kind == "fail":
                assert isinstance(error, KeyError), error
                assert error.args == (number,)
            elif kind == "large" and not room and error is not None:
                assert "room" in str(error), error
            elif error is not None:
                assert kind == "once", f"call {number} ({kind}) failed: {error!r}"
                assert isinstance(error, ac.NodeLost | ac.WorkerCrashed), error
            else:
                found, version = future.result()[:2]
                assert found == number
                assert version >= self._version, "an older namespace"
        self._check_once()

    def _check_once(self) -> None:
        begun = Counter(self._begun.read_text().split()) if self._begun.exists() else Counter()
        self._begun.unlink(missing_ok=True)
        assert not [number for number, times in begun.items() if times > 1], "a call with retries=0 ran twice"
        for number, kind, future in self._calls:
            if kind == "once" and future.exception() is None:
                assert begun[str(number)] == 1

"""What a system offers to the workloads: an `Engine`, driven from one thread of one process.

Each system is started as its own users would start it, with `WORKERS` worker processes. What it lacks it does in the
way that its documentation recommends instead, and says so in `notes`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, ClassVar

from benchmarks import functions

WORKERS = 2

#: Names a function of `functions`, for systems that call by name.
Function = Callable[..., Any]


class Engine(ABC):
    """A running system.

    Attributes:
        notes: what a reader of the figures must know, by workload.
        master: process id of the process through which all calls go, or None if there is none but the client.
    """

    notes: ClassVar[dict[str, str]] = {}
    master: int | None = None

    @abstractmethod
    def start(self) -> None:
        """Brings everything up; returns when a call may be submitted."""

    @abstractmethod
    def stop(self) -> None:
        """Ends everything that `start` began."""

    @abstractmethod
    def submit_all(self, function: Function, arguments: Sequence[tuple[Any, ...]]) -> Callable[[], list[Any]]:
        """Submits calls one by one, each with a future of its own.

        Returns:
            What waits for all of them and gives their results in order, exceptions in the place of failed ones.
        """

    def map(self, function: Function, items: Sequence[Any]) -> list[Any] | None:
        """The system's own bulk call at its best setting; None if it has none."""
        return None

    def round_trips(self, function: Function, argument: Any, count: int) -> list[float]:
        """Seconds of each of so many calls, one after the other."""
        seconds = []
        for _ in range(count):
            start = perf_counter()
            self.submit_all(function, [(argument,)])()
            seconds.append(perf_counter() - start)
        return seconds

    @abstractmethod
    def broadcast(self, array: Any, uses: int) -> list[Any]:
        """Gives `array` to all workers, then calls `functions.edges` on it so many times; its results."""

    def worker_pids(self) -> set[int]:
        """Processes that run calls."""
        return set(self.submit_all(functions.compute, [(0.02,)] * 10 * WORKERS)())

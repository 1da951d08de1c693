"""Two ends of a client's link in memory: the ledger here, the model of a master there, and the wire between them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from support.master_model import MasterModel

from asyncluster.core.client.calls import Broken, Event, Returned, Told
from asyncluster.core.client.joblog import JobLog
from asyncluster.core.client.ledger import Ledger, Phase
from asyncluster.core.client.parcels import Handover
from asyncluster.core.wire.messages import Message


class Ends:
    """A call waiter that writes down every end."""

    def __init__(self) -> None:
        self.ends: list[tuple[int, Any]] = []

    def returned(self, event: Returned) -> None:
        self.ends.append((event.call.number, bytes(event.payload)))

    def failed(self, event: Broken) -> None:
        self.ends.append((event.call.number, event.error))


class Pair:
    """A ledger and a master, and what is on its way between them."""

    def __init__(self, window: int = 1000) -> None:
        self.master = MasterModel(window)
        self.ledger = Ledger("test", Random(1))
        self.ends = Ends()
        self.told: list[tuple[str, Any, BaseException | None]] = []
        self.sent: list[Any] = []  # everything that the client ever sent, without blobs
        self.to_master: deque[Any] = deque()
        self.to_client: deque[Message] = deque()

    # --- the author ---------------------------------------------------------------------------------------

    def tell(self, name: str) -> Callable[[Any, BaseException | None], None]:
        return lambda value, error: self.told.append((name, value, error))

    def job(self, **options: Any) -> tuple[JobLog, int]:
        """A job with its code and one kind."""
        job = self.ledger.open_job("job", 3)
        job.add_code(b"code")
        return job, job.add_kind("f", b"f", **options)

    # --- the wire -----------------------------------------------------------------------------------------

    def connect(self) -> None:
        assert self.ledger.phase is Phase.AWAY
        self.ledger.connected()

    def lose(self) -> None:
        """The connection breaks, and whatever was on its way is gone."""
        self.to_master.clear()
        self.to_client.clear()
        self.master.link_lost()
        self.handle(self.ledger.lost())

    def handle(self, events: list[Event]) -> None:
        assert all(isinstance(event, Returned | Broken | Told) for event in events)
        for event in events:
            event.tell()

    def send(self) -> None:
        """The client sends what it may."""
        out = self.ledger.take()
        self.to_master += out
        self.sent += [item for item in out if not isinstance(item, Handover)]

    def deliver(self, count: int = 10**9) -> None:
        """The master gets so many messages, and answers."""
        for _ in range(min(count, len(self.to_master))):
            item = self.to_master.popleft()
            if isinstance(item, Handover):
                self.master.receive_blob(item.message, item.blob)
            else:
                self.to_client += self.master.receive(item)

    def fetch(self, count: int = 10**9) -> None:
        """The client gets so many messages."""
        for _ in range(min(count, len(self.to_client))):
            self.handle(self.ledger.received(self.to_client.popleft()))

    def settle(self) -> None:
        """Everything that is on its way arrives, until there is silence."""
        while True:
            self.send()
            if not self.to_master and not self.to_client:
                return
            self.deliver()
            self.fetch()

    def run(self, count: int = 10**9) -> None:
        """The master runs so many calls of each job; each returns its own payload."""
        for job in self.master.jobs.values():
            for _ in range(min(count, len(job.queue))):
                row = self.master.begin(job)
                assert row is not None
                self.to_client.append(self.master.finish(job, row[0], 0, row[3]))


@pytest.fixture
def pair() -> Pair:
    """A ledger and a master that are connected."""
    pair = Pair()
    pair.connect()
    pair.settle()
    return pair


@pytest.fixture
def make_pair() -> Callable[..., Pair]:
    """Makes more of them, not connected."""
    return Pair

"""Whatever happens to link and master, every call has exactly one end, and the client keeps its promises."""

from __future__ import annotations

import sys

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from asyncluster.core.blobs import store
from asyncluster.core.client.ledger import Phase
from asyncluster.core.errors import JobCancelled, NodeLost, WorkerCrashed
from asyncluster.core.wire.messages import Failure


def _pair_class():
    # The plugin module of this folder, which pytest has loaded under a name of its own.
    return next(module.Pair for name, module in list(sys.modules.items()) if name.endswith("client.conftest"))


class Histories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.pair = _pair_class()(window=3)
        self.jobs = [(*self.pair.job(retries=2), 2), (*self.pair.job(retries=0), 0)]
        self.calls: dict[tuple[int, int], object] = {}
        self.cancelled: set[tuple[int, int]] = set()
        self.closed: set[int] = set()
        self.ends: dict[tuple[int, int], list[object]] = {}
        self.runs: dict[tuple[int, int], int] = {}
        self.updates = 0

    # A waiter for all calls; calls of two jobs share numbers.
    def returned(self, event) -> None:
        self.ends.setdefault((event.call.job.key, event.call.number), []).append(bytes(event.payload))

    def failed(self, event) -> None:
        self.ends.setdefault((event.call.job.key, event.call.number), []).append(event.error)

    def open_jobs(self):
        return [job for job in self.jobs if job[0].error is None]

    @precondition(lambda self: self.open_jobs())
    @rule(data=st.data(), large=st.booleans())
    def submit(self, data, large):
        job, kind, _ = data.draw(st.sampled_from(self.open_jobs()))
        number = len(self.calls)
        blobs = [store(b"%d" % (number % 3))] if large else []
        call = job.submit(kind, b"" if large else b"%d" % number, blobs, self)
        self.calls[job.key, call.number] = call

    @precondition(lambda self: self.open_jobs())
    @rule(data=st.data())
    def update(self, data):
        job, _, _ = data.draw(st.sampled_from(self.open_jobs()))
        self.updates += 1
        self.pair.handle(job.when_logged(job.add_update(b"u"), self.pair.tell("update")))

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def cancel(self, data):
        key = data.draw(st.sampled_from(sorted(self.calls)))
        call = self.calls[key]
        if key not in self.ends:
            self.cancelled.add(key)
        call.job.cancel([call])

    @precondition(lambda self: len(self.open_jobs()) > 1)
    @rule()
    def close(self):
        job = self.jobs[0][0]
        self.pair.handle(self.pair.ledger.close_job(job, JobCancelled("closed")))

    @rule()
    def send(self):
        self.pair.send()

    @rule(count=st.integers(1, 5))
    def deliver(self, count):
        self.pair.deliver(count)

    @rule(count=st.integers(1, 5))
    def fetch(self, count):
        self.pair.fetch(count)

    @rule(count=st.integers(1, 3), crash=st.booleans())
    def run_calls(self, count, crash):
        for job in list(self.pair.master.jobs.values()):
            for _ in range(min(count, len(job.queue))):
                row = self.pair.master.begin(job)
                key = job.opening.job, row[0]
                self.runs[key] = self.runs.get(key, 0) + 1
                if crash:
                    answer = self.pair.master.fail(job, row[0], Failure("crashed", "died"))
                else:
                    answer = self.pair.master.finish(job, row[0], 0, row[3] or b"large")
                self.pair.to_client.append(answer)

    @precondition(lambda self: self.pair.ledger.phase is not Phase.AWAY)
    @rule(restart=st.booleans())
    def lose(self, restart):
        if restart:
            self.pair.master.restart()
        self.pair.lose()

    @precondition(lambda self: self.pair.ledger.phase is Phase.AWAY)
    @rule()
    def connect(self):
        self.pair.connect()

    @invariant()
    def every_call_ends_at_most_once(self):
        assert all(len(ends) == 1 for ends in self.ends.values())
        assert not self.cancelled & self.ends.keys()

    @invariant()
    def what_may_run_once_runs_once(self):
        once = {job.key for job, _, retries in self.jobs if retries == 0}
        assert all(count == 1 for (key, _), count in self.runs.items() if key in once)

    def teardown(self):
        pair = self.pair
        if pair.ledger.phase is Phase.AWAY:
            pair.connect()
        pair.settle()
        while any(job.queue for job in pair.master.jobs.values()):
            self.run_calls(3, crash=False)
            pair.settle()
        self.every_call_ends_at_most_once()
        self.what_may_run_once_runs_once()
        assert self.ends.keys() | self.cancelled == self.calls.keys()
        assert len(pair.told) == self.updates
        assert pair.ledger.pending == 0
        for (end,) in self.ends.values():
            assert isinstance(end, bytes | WorkerCrashed | NodeLost | JobCancelled)


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=150, stateful_step_count=40, database=None)

from __future__ import annotations

from support.records import job

from asyncluster.core.jobs.records import Counters
from asyncluster.core.master.feed import Feed
from asyncluster.core.master.joblogs import JobLogs
from asyncluster.core.master.publishing.jobs import JobBoard
from asyncluster.core.master.tally import Tally


def record(done: int, **failed: int):
    return job(7, counters=Counters(done, 0, failed, 0.0, (), 0))


def board() -> JobBoard:
    return JobBoard(Feed(lambda _topic: None), lambda: 0.0, lambda at: at, Tally(), JobLogs())


def test_failures_are_counted_apart_by_the_second_and_by_the_minute():
    jobs = board()
    jobs.second([record(0)])
    jobs.second([record(3, timeout=1)])
    jobs.second([record(4, timeout=1, crashed=2)])
    for _second in range(57):
        jobs.second([record(4, timeout=1, crashed=2)])
    detail = jobs.detail(record(4, timeout=1, crashed=2))
    assert detail.throughput[:3] == [0, 4, 3]
    assert detail.failing[:3] == [0, 1, 2]
    assert (detail.minutes, detail.failing_minutes) == ([7], [3])


def test_a_job_without_failures_sends_none():
    jobs = board()
    jobs.second([record(5)])
    detail = jobs.detail(record(5))
    assert detail.throughput == [5]
    assert detail.failing == detail.failing_minutes == []

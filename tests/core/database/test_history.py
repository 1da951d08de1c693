from __future__ import annotations

import pytest

from asyncluster.core.database import history
from asyncluster.core.database.database import Database
from asyncluster.core.database.history import JobTotals, Sample

ROW = {"name": "cauchy", "owner_uid": 1000, "owner": "ada", "niceness": 5}


def test_the_same_key_always_gets_the_same_number(database: Database) -> None:
    first = database.call(history.job_opened, 2**62, now=10.5, **ROW)
    other = database.call(history.job_opened, 7, now=11.0, **ROW)
    again = database.call(history.job_opened, 2**62, now=99.0, **ROW)
    assert first == again != other
    record = database.call(history.find_job, first)
    assert record is not None
    assert (record.key, record.created, record.state) == (2**62, 10.5, "running")


def test_a_finished_job_keeps_its_end_and_runs_again_when_it_is_opened_again(database: Database) -> None:
    number = database.call(history.job_opened, 7, now=1.0, **ROW)
    totals = JobTotals(submitted=10, done=9, failed=1, busy=3.25)
    database.call(history.job_finished, 7, totals, state="failed", now=5.0, error="it broke")
    database.call(history.job_finished, 7, JobTotals(), state="done", now=6.0)
    ended = database.call(history.find_job, number)
    assert ended is not None
    assert (ended.state, ended.finished, ended.error, ended.done) == ("failed", 5.0, "it broke", 9)
    database.call(history.job_opened, 7, now=8.0, **ROW)
    again = database.call(history.find_job, number)
    assert again is not None
    assert (again.state, again.finished, again.error, again.created) == ("running", None, None, 1.0)


def test_a_minute_is_counted_once_however_often_it_is_sampled(database: Database) -> None:
    number = database.call(history.job_opened, 7, now=1.0, **ROW)
    for done in (3, 4):
        totals = JobTotals(submitted=9, done=done, failed=0, busy=1.5)
        database.call(history.job_sampled, 7, totals, Sample(60, done, 0, 1.5))
    database.call(history.job_sampled, 7, JobTotals(9, 9, 0, 2.0), Sample(120, 5, 0, 0.5))
    assert database.call(history.job_minutes, number) == [Sample(60, 4, 0, 1.5), Sample(120, 5, 0, 0.5)]
    assert database.call(history.job_minutes, number, limit=1) == [Sample(120, 5, 0, 0.5)]
    record = database.call(history.find_job, number)
    assert record is not None
    assert (record.submitted, record.done) == (9, 9)


def test_a_sample_of_an_unknown_job_is_ignored(database: Database) -> None:
    database.call(history.job_sampled, 404, JobTotals(), Sample(60, 1, 0, 1.0))
    database.call(history.job_finished, 404, JobTotals(), state="done", now=1.0)
    assert database.call(history.list_jobs) == []


def test_lists_are_newest_first_and_by_owner_or_end(database: Database) -> None:
    for key in range(4):
        database.call(history.job_opened, key, now=float(key), **(ROW | {"owner_uid": key % 2}))
    database.call(history.job_finished, 0, JobTotals(), state="done", now=9.0)
    database.call(history.job_finished, 3, JobTotals(), state="done", now=10.0)
    assert [job.key for job in database.call(history.list_jobs)] == [3, 2, 1, 0]
    assert [job.key for job in database.call(history.list_jobs, owner_uid=0)] == [2, 0]
    assert [job.key for job in database.call(history.list_jobs, over_since=9.0)] == [3, 2, 1, 0]
    assert [job.key for job in database.call(history.list_jobs, over_since=10.0)] == [3, 2, 1]
    assert [job.key for job in database.call(history.list_jobs, over_since=11.0, limit=1)] == [2]


def test_after_a_restart_the_jobs_whose_clients_stay_away_are_ended(database: Database) -> None:
    for key in range(3):
        database.call(history.job_opened, key, now=1.0, **ROW)
    assert database.call(history.jobs_interrupted, [1], now=4.0) == 2
    states = {job.key: job.state for job in database.call(history.list_jobs)}
    assert states == {0: "interrupted", 1: "running", 2: "interrupted"}


def test_pruning_forgets_old_jobs_with_their_samples_and_gives_no_number_twice(database: Database) -> None:
    for key in range(3):
        number = database.call(history.job_opened, key, now=1.0, **ROW)
        database.call(history.job_sampled, key, JobTotals(), Sample(0, 1, 0, 1.0))
        database.call(history.job_finished, key, JobTotals(), state="done", now=float(key))
    assert database.call(history.prune_jobs, before=2.0, keep=0) == 2
    assert database.call(history.prune_jobs, before=9.0, keep=1) == 0
    assert database.call(history.prune_jobs, before=9.0) == 1
    assert database.call(history.job_minutes, number) == []
    assert database.call(history.job_opened, 99, now=1.0, **ROW) == number + 1


@pytest.mark.parametrize("text", ["a\0b", "lone \ud800 surrogate", "x" * 1000])
def test_any_text_can_be_stored(database: Database, text: str) -> None:
    number = database.call(history.job_opened, 7, now=1.0, **(ROW | {"name": text, "owner": text}))
    database.call(history.job_finished, 7, JobTotals(), state="failed", now=2.0, error=text * 100)
    record = database.call(history.find_job, number)
    assert record is not None
    assert "\0" not in record.name
    assert len(record.name) <= 255
    assert record.error is not None
    assert len(record.error) <= history.ERROR_LENGTH


def test_whose_calls_were_computed_in_a_period(database: Database) -> None:
    for key, owner in ((1, "ada"), (2, "bob"), (3, "ada")):
        database.call(history.job_opened, key, now=1.0, **{**ROW, "owner": owner})
        for minute in (60, 120, 180):
            database.call(history.job_sampled, key, JobTotals(), Sample(minute, 2, 0, 10.0 * key))
    assert database.call(history.computed, since=120, until=180) == [("ada", 40.0, 4), ("bob", 20.0, 2)]
    assert database.call(history.computed, since=240, until=300) == []


def test_when_calls_were_computed(database: Database) -> None:
    for key in (1, 2):
        database.call(history.job_opened, key, now=1.0, **ROW)
        for minute in (3540, 3600, 7140, 14_400):
            database.call(history.job_sampled, key, JobTotals(), Sample(minute, 2, 0, 10.0 * key))
    everything = [(0, 30.0, 4), (3600, 60.0, 8), (14_400, 30.0, 4)]
    assert database.call(history.computed_by_hour, since=0, until=20_000, limit=9) == everything
    assert database.call(history.computed_by_hour, since=0, until=20_000, limit=2) == everything[1:]
    assert database.call(history.computed_by_hour, since=3600, until=7000, limit=9) == [(3600, 30.0, 4)]

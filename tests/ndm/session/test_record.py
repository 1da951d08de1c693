from __future__ import annotations

import json
import os
import stat
import uuid
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asyncluster.core.people.ends import End
from asyncluster.ndm.session.record import BadRecord, Record, Records, from_fields, open_directory, path_of

SESSION = "12345678-1234-1234-1234-123456789abc"
RECORD = Record(SESSION, "ada", ":77", started=1_000_000, boot="boot", began=500.0, deadline=800.0)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    directory = open_directory(tmp_path / "sessions")
    yield Records(path_of(directory))
    os.close(directory)


@pytest.mark.parametrize(("now", "seconds"), [(499.0, 0), (500.0, 0), (630.4, 130), (800.0, 300), (9999.0, 300)])
def test_a_session_lasts_until_its_deadline_at_most(now: float, seconds: int) -> None:
    assert RECORD.lasted(now) == seconds
    assert replace(RECORD, deadline=None).lasted(now) == max(0, int(now - 500))


def test_a_mark_never_goes_back() -> None:
    assert RECORD.marked(600).marked(550).elapsed == 100


def test_what_has_ended_stays_as_it_is() -> None:
    ended = RECORD.ended(600, End.LOGOUT)
    assert (ended.elapsed, ended.reason) == (100, End.LOGOUT)
    assert ended.marked(700) == ended.ended(700, End.KICKED) == ended.with_deadline(900) == ended
    assert ended.abandoned(700, "another boot") == ended


def test_a_deadline_may_change_while_the_session_goes_on() -> None:
    assert RECORD.with_deadline(None).lasted(9999) == 9499
    assert RECORD.with_deadline(400.0).lasted(9999) == 0  # it has been over since before it began


def test_a_session_whose_keeper_is_gone_is_over() -> None:
    assert RECORD.abandoned(650, "boot").elapsed == 150
    assert RECORD.abandoned(650, "boot").reason == End.CRASHED


def test_after_a_restart_of_the_machine_it_lasted_as_long_as_it_was_seen() -> None:
    lost = RECORD.marked(620).abandoned(3, "another boot")  # the clock began anew, and says nothing about it
    assert (lost.elapsed, lost.reason) == (120, End.NODE_STOPPED)


def test_records_come_back_in_the_order_of_their_beginning(records: Records) -> None:
    second = replace(RECORD, session=str(uuid.uuid4()), started=RECORD.started + 1)
    records.save(second)
    records.save(RECORD)
    records.save(RECORD.marked(600))
    assert records.load() == [RECORD.marked(600), second]
    records.forget(SESSION)
    records.forget(SESSION)
    assert records.load() == [second]


def test_files_belong_to_one_user_alone(records: Records, tmp_path: Path) -> None:
    records.save(RECORD)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "sessions", *tmp_path.glob("sessions/*"))]
    assert modes == [0o700, 0o600]


def test_a_directory_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sessions").mkdir()
    (tmp_path / "sessions").chmod(0o755)
    with pytest.raises(PermissionError):
        open_directory(tmp_path / "sessions")


def test_a_link_in_the_directorys_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "sessions").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="sessions"):
        open_directory(tmp_path / "sessions")


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "x.json", SESSION + "/.."])
def test_only_names_of_sessions_are_forgotten(records: Records, tmp_path: Path, name: str) -> None:
    (tmp_path / "x.json").touch()
    records.forget(name)
    assert (tmp_path / "x.json").exists()


def test_a_record_under_another_name_is_not_believed(records: Records, tmp_path: Path) -> None:
    records.save(RECORD)
    os.rename(tmp_path / "sessions" / f"{SESSION}.json", tmp_path / "sessions" / f"{uuid.uuid4()}.json")
    assert records.load() == []


@pytest.mark.parametrize(
    "change",
    [
        {"session": "none"},
        {"display": "remote:0"},
        {"display": 7},
        {"elapsed": "1"},
        {"deadline": "never"},
        {"more": 1},
    ],
)
def test_fields_of_another_form_are_no_record(change: dict[str, object]) -> None:
    with pytest.raises(BadRecord):
        from_fields(asdict(RECORD) | change)


@given(st.one_of(st.binary(max_size=200), st.just(b"[" * 5000), st.just(json.dumps(asdict(RECORD)).encode()[:50])))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_content_of_a_file_spoils_the_others(records: Records, tmp_path: Path, content: bytes) -> None:
    records.save(RECORD)
    (tmp_path / "sessions" / f"{uuid.UUID(int=1)}.json").write_bytes(content)
    assert records.load() == [RECORD]

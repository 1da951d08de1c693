from __future__ import annotations

import os
import stat
import uuid
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncluster.core.people.refusals import End
from asyncluster.core.wire.people import EndedSession, Lease, LiveSession
from asyncluster.ndm.session.record import BootClock, Records

ONE, TWO = (str(uuid.UUID(int=number)) for number in (1, 2))


class Machine:
    """A clock, a disk, and boots."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seconds = 100.0
        self.boot = "first"

    def start(self) -> Records:
        return Records(self.folder, BootClock(self.boot, lambda: self.seconds))

    def reboot(self) -> Records:
        self.seconds, self.boot = 3.0, self.boot + "+"
        return self.start()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "sessions")


def lease(session: str = ONE, ends_after: int | None = 600) -> Lease:
    return Lease(session, 1000, ends_after, ends_after, None, "")


def test_a_session_has_a_deadline_that_no_wall_clock_moves(machine: Machine) -> None:
    records = machine.start()
    assert records.begin(lease(), "ada", ":0") == 700.0
    assert records.renew(lease(ends_after=60)) == 160.0
    assert records.renew(lease(ends_after=None)) is None
    assert records.renew(lease(TWO)) is None  # unknown


def test_a_report_has_all_that_goes_on_and_all_that_is_not_booked(machine: Machine) -> None:
    records = machine.start()
    records.begin(lease(ONE), "ada", ":0")
    records.begin(lease(TWO, None), "bob", ":1")
    machine.seconds += 30.9
    records.end(TWO, End.LOGOUT)
    records.end(TWO, End.CRASHED)
    report = records.report()
    assert report.live == [LiveSession(ONE, "ada", ":0", 1000, 30, 600)]
    assert report.ended == [EndedSession(TWO, "bob", ":1", 1000, 30, "logout")]
    records.booked(TWO)
    records.booked(ONE)  # goes on: nobody can book its end
    assert [row.session for row in records.report().live] == [ONE]
    assert records.report().ended == []


def test_the_daemon_finds_its_sessions_after_a_restart(machine: Machine) -> None:
    machine.start().begin(lease(), "ada", ":0")
    machine.seconds += 50
    again = machine.start()
    assert again.deadline(ONE) == 700.0
    assert again.report().live[0].elapsed == 50


def test_after_a_restart_of_the_machine_a_session_lasted_as_long_as_it_was_seen(machine: Machine) -> None:
    records = machine.start()
    records.begin(lease(), "ada", ":0")
    machine.seconds += 50
    records.report()
    machine.seconds += 20
    again = machine.reboot()
    assert again.live() == []
    (row,) = again.report().ended
    assert (row.elapsed, row.reason) == (50, "node stopped")
    (row,) = machine.reboot().report().ended
    assert row.elapsed == 50
    machine.reboot().booked(ONE)
    assert machine.reboot().report().ended == []


def test_files_belong_to_the_daemon_alone(machine: Machine) -> None:
    before = os.umask(0)
    try:
        machine.start().begin(lease(), "ada", ":0")
    finally:
        os.umask(before)
    assert stat.S_IMODE(machine.folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in machine.folder.iterdir()] == [0o600]


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 100_000, b"\xff", b'{"session": 5}'])
def test_a_damaged_file_is_put_aside_and_the_others_are_read(machine: Machine, content: bytes) -> None:
    machine.start().begin(lease(ONE), "ada", ":0")
    (machine.folder / f"{TWO}.json").write_bytes(content)
    records = machine.start()
    assert [record.session for record in records.live()] == [ONE]
    assert records.damaged == [machine.folder / f"{TWO}.damaged"]
    assert machine.start().damaged == []


def test_a_record_under_another_name_is_not_believed(machine: Machine) -> None:
    machine.start().begin(lease(ONE), "ada", ":0")
    (machine.folder / f"{ONE}.json").rename(machine.folder / f"{TWO}.json")
    assert machine.start().live() == []


def test_what_cannot_be_recorded_does_not_begin(machine: Machine) -> None:
    records = machine.start()
    machine.folder.rmdir()
    with pytest.raises(OSError):
        records.begin(lease(), "ada", ":0")
    assert records.live() == []


def test_this_machines_clock_goes_forward() -> None:
    clock = BootClock.of_this_machine()
    assert len(clock.boot) == 36
    assert clock.seconds() <= clock.seconds()


@given(content=st.binary(max_size=300))
@settings(max_examples=50, deadline=None)
def test_no_content_of_a_file_stops_the_daemon(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("records")
    (folder / f"{ONE}.json").write_bytes(content)
    assert Records(folder, BootClock("first", lambda: 1.0)).live() == []

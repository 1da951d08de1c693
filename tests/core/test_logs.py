from __future__ import annotations

import io

import pytest
from twisted.logger import LogLevel
from twisted.python.failure import Failure

from asyncluster.core.logs import LineObserver


def line(*, journal: bool = False, **event: object) -> str:
    stream = io.StringIO()
    LineObserver(stream, journal=journal)({"log_level": LogLevel.info, **event})
    return stream.getvalue()


def test_an_event_is_one_line_whatever_it_contains() -> None:
    assert line(log_format="{name} is up", name="pc1\nerror: forged") == "pc1\\nerror: forged is up\n"


@pytest.mark.parametrize(
    ("level", "terminal", "journal"),
    [
        (LogLevel.debug, "debug: x\n", "<7>x\n"),
        (LogLevel.info, "x\n", "<6>x\n"),
        (LogLevel.warn, "warning: x\n", "<4>x\n"),
        (LogLevel.error, "error: x\n", "<3>x\n"),
        (LogLevel.critical, "error: x\n", "<2>x\n"),
    ],
    ids=str,
)
def test_levels_are_words_on_a_terminal_and_priorities_in_the_journal(
    level: object, terminal: str, journal: str
) -> None:
    assert line(log_format="x", log_level=level) == terminal
    assert line(log_format="x", log_level=level, journal=True) == journal


def test_a_failure_brings_its_traceback() -> None:
    try:
        raise ValueError("why")
    except ValueError:
        text = line(log_format="It failed", log_failure=Failure())
    assert text.startswith("It failed\nTraceback")
    assert text.endswith("ValueError: why\n")


def test_an_event_cannot_fill_the_disk_at_once() -> None:
    assert len(line(log_format="{text}", text="x" * 100_000)) < 3000


class FullDisk(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError("No space left on device")


def test_a_full_disk_does_not_stop_the_daemon() -> None:
    LineObserver(FullDisk(), journal=False)({"log_level": LogLevel.info, "log_format": "x"})


def test_a_failure_by_the_old_interface_brings_its_traceback_too() -> None:
    failure = Failure(ValueError("why"))
    text = line(log_level=LogLevel.critical, log_format="{log_text}", log_text="x" * 9000, isError=1, failure=failure)
    assert text.startswith("error: Unhandled error\nTraceback")
    assert text.endswith("ValueError: why\n")
    assert line(log_format="", isError=1, failure=failure, why="While reading").startswith("While reading\n")

from __future__ import annotations

import os

import pytest

from asyncluster.ndm.session.errorlog import KEPT, LIMIT, trim
from asyncluster.ndm.session.launch import open_log


def test_a_small_log_is_left_alone(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"words\n")
    trim(log, limit=6)
    assert log.read_bytes() == b"words\n"
    assert list(tmp_path.iterdir()) == [log]


def test_of_a_large_one_the_end_is_kept_and_programs_write_on(tmp_path):
    log = tmp_path / "log"
    program = open_log(log)
    os.write(program, b"%0999d\n" % 1 + b"last words\n")
    trim(log, limit=1000, kept=11)
    os.write(program, b"more\n")
    os.close(program)
    assert log.read_bytes() == b"more\n"
    assert (tmp_path / "log.old").read_bytes() == b"last words\n"
    assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o600, 0o600]


@pytest.mark.parametrize("kind", ["link", "pipe", "directory", "nothing"])
def test_what_is_no_file_is_left_alone(tmp_path, kind):
    precious, log = tmp_path / "precious", tmp_path / "log"
    precious.write_bytes(b"untouched" * 1000)
    make = {"link": lambda: log.symlink_to(precious), "pipe": lambda: os.mkfifo(log), "directory": log.mkdir}
    make.get(kind, lambda: None)()
    try:
        trim(log, limit=10)
    except OSError:
        pass
    assert precious.stat().st_size == 9000
    assert not (tmp_path / "log.old").exists()


def test_a_link_in_place_of_the_old_one_is_not_followed(tmp_path):
    precious, log = tmp_path / "precious", tmp_path / "log"
    precious.write_text("untouched")
    log.write_bytes(bytes(2000))
    (tmp_path / "log.old").symlink_to(precious)
    with pytest.raises(OSError):
        trim(log, limit=1000, kept=10)
    assert precious.read_text() == "untouched"
    assert log.stat().st_size == 0


def test_the_limits_are_what_the_documentation_says():
    assert (LIMIT, KEPT) == (4 * 1024 * 1024, 1024 * 1024)

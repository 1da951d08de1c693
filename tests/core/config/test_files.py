from __future__ import annotations

import os
from pathlib import Path

import pytest

from asyncluster.core.config.files import MAX_BYTES, FileText, read_file

UID = os.geteuid()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "asyncluster.conf"
    path.write_text("[client]\n")
    path.chmod(0o600)
    return path


def refused(result: FileText) -> str:
    assert len(result.problems) == 1, result.problems
    return result.problems[0].message


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o440])
def test_private_files_are_fine(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert read_file(file, UID) == FileText("[client]\n")


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o660, 0o622])
def test_writable_by_others_is_refused_but_read(file: Path, mode: int) -> None:
    file.chmod(mode)
    result = read_file(file, UID)
    assert "chmod go-w" in refused(result)
    assert result.text == "[client]\n"


def test_readable_by_others_is_warned_about(file: Path) -> None:
    file.chmod(0o644)
    result = read_file(file, UID)
    assert result.problems == []
    assert "chmod o-rwx" in result.warnings[0].message


def test_a_strangers_file_is_refused(file: Path) -> None:
    # Seen from another user's eyes; root's own files would be everybody's.
    if UID == 0:
        os.chown(file, 4321, -1)
    assert "belongs to another user" in refused(read_file(file, 1234))


@pytest.mark.root
@pytest.mark.skipif(UID != 0, reason="needs files of two users")
def test_roots_file_is_everybodys_and_a_users_not_roots(file: Path) -> None:
    assert read_file(file, 1234).problems == []
    os.chown(file, 1234, -1)
    assert read_file(file, 1234).problems == []
    assert "belongs to another user" in refused(read_file(file, 0))


def test_a_missing_file_names_the_way_out(tmp_path: Path) -> None:
    result = read_file(tmp_path / "none.conf", UID)
    assert "asyncluster config init" in refused(result)
    assert result.text is None


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path, Path("/dev/null")):
        assert "not a regular file" in refused(read_file(path, UID))


def test_what_the_system_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert "cannot be read" in refused(read_file(tmp_path / "loop", UID))


def test_links_are_followed(file: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(file)
    assert read_file(tmp_path / "link", UID).text == "[client]\n"


def test_too_long_files_are_refused(file: Path) -> None:
    file.write_bytes(b"#" * MAX_BYTES)
    assert read_file(file, UID).problems == []
    file.write_bytes(b"#" * (MAX_BYTES + 1))
    assert "longer than 64 KiB" in refused(read_file(file, UID))


def test_text_must_be_utf_8(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf# with a mark\n\xc3\xa9\n")
    assert read_file(file, UID).text == "# with a mark\n\u00e9\n"
    file.write_bytes(b"# fine\n# caf\xe9\n")
    result = read_file(file, UID)
    assert result.text is None
    assert result.problems[0].line == 2

"""Authority files: the CVEs of others are named where a test stands against them."""

from __future__ import annotations

import os
import stat
import subprocess

import pytest

from asyncluster.ndm.display.cookie import COOKIE_SIZE, authority, new_cookie, write_authority


def test_cookies_have_128_bits_from_the_kernel():
    """SDDM seeded a Mersenne twister with 32 bits."""
    assert len({new_cookie() for _ in range(100)}) == 100
    assert COOKIE_SIZE == 16
    assert new_cookie(lambda size: bytes(range(size))) == bytes(range(16))


def test_xauth_reads_what_we_write(tmp_path):
    path = tmp_path / "authority"
    write_authority(path, authority(bytes(range(16)), 77, "pc1"), os.getuid(), os.getgid())
    listed = subprocess.run(["xauth", "-n", "-f", path, "list"], capture_output=True, text=True, check=True).stdout
    assert [line.split()[1:] for line in listed.splitlines()] == [
        ["MIT-MAGIC-COOKIE-1", "000102030405060708090a0b0c0d0e0f"]
    ] * 2
    assert "pc1/unix:77" in listed


def test_nobody_else_may_read_it_whatever_the_umask(tmp_path):
    """CVE-2013-4331."""
    former = os.umask(0)
    try:
        write_authority(tmp_path / "authority", b"content", os.getuid(), os.getgid())
    finally:
        os.umask(former)
    assert stat.S_IMODE((tmp_path / "authority").stat().st_mode) == 0o600


def test_links_in_its_place_are_replaced_and_not_followed(tmp_path):
    """CVE-2011-4105."""
    precious = tmp_path / "precious"
    precious.write_bytes(b"untouched")
    for name in ("authority", "authority.new"):
        (tmp_path / name).symlink_to(precious)
    write_authority(tmp_path / "authority", b"content", os.getuid(), os.getgid())
    assert (precious.read_bytes(), (tmp_path / "authority").read_bytes()) == (b"untouched", b"content")
    assert not (tmp_path / "authority").is_symlink()


def test_a_file_that_cannot_be_written_whole_is_not_there_at_all(tmp_path, monkeypatch):
    """An empty file would open the server to everybody."""

    def fail(*_arguments: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fchown", fail)
    with pytest.raises(OSError, match="disk full"):
        write_authority(tmp_path / "authority", b"content")
    assert list(tmp_path.iterdir()) == []

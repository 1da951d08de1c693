from __future__ import annotations

import os
import struct
import subprocess
from pathlib import Path

import pytest

from asyncluster.core.net import acl
from asyncluster.core.net.acl import Guests


def test_entries_stand_in_the_order_that_the_kernel_wants() -> None:
    data = acl.encoded(Guests(frozenset({7, 3}), frozenset({9})))
    assert struct.unpack_from("<I", data) == (2,)
    kinds_and_ids = [(kind, number) for kind, _, number in struct.iter_unpack("<HHI", data[4:])]
    none = 0xFFFFFFFF
    assert kinds_and_ids == [(1, none), (2, 3), (2, 7), (4, none), (8, 9), (16, none), (32, none)]


def test_names_that_the_machine_does_not_know_are_left_out() -> None:
    assert Guests.named(["root", "no-such-user"], ["root", "no-such-group"]) == Guests(frozenset({0}), frozenset({0}))


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="becomes other users")
@pytest.mark.parametrize(
    ("uid", "groups", "may"), [(4001, [], True), (4002, [5001], True), (4002, [], False), (4003, [5002], False)]
)
def test_guests_come_in_and_others_do_not(tmp_path: Path, uid: int, groups: list[int], may: bool) -> None:
    for folder in (tmp_path, *tmp_path.parents[:-1]):
        folder.chmod(folder.stat().st_mode | 0o011)
    file = tmp_path / "file"
    file.write_text("")
    file.chmod(0o660)
    acl.admit(file, Guests(frozenset({4001}), frozenset({5001})))
    assert file.stat().st_mode & 0o777 == 0o660
    tried = subprocess.run(
        ["/bin/sh", "-c", '>> "$1"', "sh", file], user=uid, group=4999, extra_groups=groups, capture_output=True
    )
    assert (tried.returncode == 0) is may

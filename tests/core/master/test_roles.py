from __future__ import annotations

import grp
import os

import pytest

from asyncluster.core.config.values import Accounts
from asyncluster.core.master.roles import RolePolicy
from asyncluster.core.net.peers import Identity
from asyncluster.core.wire.roles import Role

SOME_GROUP = grp.getgrgid(0)
POLICY = RolePolicy(
    Accounts(users=("ann",), groups=(SOME_GROUP.gr_name, "no-such-group")), Accounts(users=("bob",), groups=())
)


@pytest.mark.parametrize(
    ("uid", "name", "groups", "role"),
    [
        (0, "root", set(), Role.OPERATOR),
        (os.geteuid(), "me", set(), Role.OPERATOR),
        (2001, "ann", set(), Role.OPERATOR),
        (2002, "cid", {SOME_GROUP.gr_gid}, Role.OPERATOR),
        (2003, "bob", set(), Role.SUBMITTER),
        (2004, "eve", {1}, None),
    ],
)
def test_roles_come_from_accounts_and_groups(uid: int, name: str, groups: set[int], role: Role | None) -> None:
    assert POLICY.role_of(Identity(1, uid, frozenset(groups), name)) is role


def test_whoever_has_a_role_may_come_to_the_socket() -> None:
    guests = RolePolicy(Accounts(users=("root",)), Accounts(groups=(SOME_GROUP.gr_name, "no-such-group"))).guests()
    assert 0 in guests.uids
    assert SOME_GROUP.gr_gid in guests.gids

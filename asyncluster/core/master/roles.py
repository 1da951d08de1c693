"""Who may do what on the control socket: from what the kernel says and what the configuration adds."""

from __future__ import annotations

import grp
import os

from asyncluster.core.config.values import Accounts
from asyncluster.core.net.acl import Guests
from asyncluster.core.net.peers import Identity
from asyncluster.core.wire.roles import Role

_OPERATOR_GROUP = "asyncluster-admin"
_SUBMITTER_GROUP = "asyncluster"


class RolePolicy:
    """Gives each local process its role.

    Operators are root, the master's own account, the group "asyncluster-admin" and whom `[server] operators` names;
    job users are the group "asyncluster" and whom `[server] job users` names.

    Args:
        operators, job_users: names of accounts and groups from the configuration.
    """

    def __init__(self, operators: Accounts, job_users: Accounts) -> None:
        self._operators = operators
        self._job_users = job_users

    def guests(self) -> Guests:
        """All who have a role: the socket must let them in before they can be told what it is."""
        groups = (_OPERATOR_GROUP, _SUBMITTER_GROUP, *self._operators.groups, *self._job_users.groups)
        return Guests.named((*self._operators.users, *self._job_users.users), groups)

    def role_of(self, who: Identity) -> Role | None:
        """The role of a process that has connected; None: it has no business here."""
        if who.uid in (0, os.geteuid()) or _belongs(who, self._operators, _OPERATOR_GROUP):
            return Role.OPERATOR
        if _belongs(who, self._job_users, _SUBMITTER_GROUP):
            return Role.SUBMITTER
        return None


def _belongs(who: Identity, accounts: Accounts, group: str) -> bool:
    return who.name in accounts.users or any(_in_group(who, name) for name in (group, *accounts.groups))


def _in_group(who: Identity, name: str) -> bool:
    try:
        return grp.getgrnam(name).gr_gid in who.groups
    except KeyError:
        return False

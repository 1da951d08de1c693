"""Which accounts of this computer a person may sit down with.

The master says who may log in; this says whether there is such a person here. Accounts of the system, service accounts
and those without a shell are refused whatever the master, the network or PAM may say. Both halves of a node ask: the
node daemon, so that the words come early, and the session keeper, which is the one that counts.
"""

from __future__ import annotations

import pwd
from pathlib import Path

from asyncluster.core.errors import NotAllowed
from asyncluster.core.people.names import is_account_name

LOGIN_DEFS = Path("/etc/login.defs")
_FIRST_PERSON = 1000
_NOBODY = (65534, 65535)
_NO_SHELLS = frozenset({"nologin", "false", "true", "sync", "halt", "shutdown"})
_OURS = "asyncluster"


class Unfit(NotAllowed):
    """No session can be opened for an account; the message is for the person."""


def person(name: str, login_defs: Path = LOGIN_DEFS) -> pwd.struct_passwd:
    """The account of a person.

    Raises:
        Unfit: there is none of that name, or nobody sits down with it.
    """
    try:
        account = pwd.getpwnam(name) if is_account_name(name) else None
    except KeyError:
        account = None
    if account is None:
        raise Unfit(f"This computer has no account for {_shown(name)}. Ask the operator.")
    if account.pw_name != name:
        raise Unfit("This computer knows this account by another name. Ask the operator.")
    if is_system(account, first_person(login_defs)):
        raise Unfit(f"{name} is an account of the system; nobody can log in with it here.")
    if Path(account.pw_shell).name in _NO_SHELLS:
        raise Unfit(f"The account {name} is closed on this computer. Ask the operator.")
    return account


def is_system(account: pwd.struct_passwd, first: int) -> bool:
    """Does an account belong to the system rather than to a person?

    Args:
        first: the lowest number of people's accounts.
    """
    ours = account.pw_name == _OURS or account.pw_name.startswith(f"{_OURS}-")
    return ours or account.pw_uid < first or account.pw_gid == 0 or account.pw_uid in _NOBODY


def first_person(login_defs: Path = LOGIN_DEFS) -> int:
    """UID_MIN of login.defs, at least 1, or what is usual if it does not say."""
    try:
        lines = login_defs.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return _FIRST_PERSON
    for line in lines:
        words = line.split()
        if len(words) >= 2 and words[0] == "UID_MIN" and words[1].isdecimal():
            return max(1, int(words[1]))
    return _FIRST_PERSON


def _shown(name: str) -> str:
    return repr("".join(character for character in name if character.isprintable())[:32])

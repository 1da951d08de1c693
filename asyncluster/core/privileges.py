"""Giving up root's rights for good."""

from __future__ import annotations

import os
import pwd
from pathlib import Path


def find_account(name: str) -> pwd.struct_passwd | None:
    """The account of that name, if there is one."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def become(account: pwd.struct_passwd) -> None:
    """Turns this process into one of that account, irrevocably.

    Raises:
        PermissionError: it may not.
        RuntimeError: the kernel let the rights be taken back; nothing may go on after that.
    """
    os.initgroups(account.pw_name, account.pw_gid)
    os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
    os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
    if account.pw_uid != 0:
        try:
            os.setresuid(0, 0, 0)
        except PermissionError:
            return
        raise RuntimeError("Root's rights could be taken back after they were given up.")


def own_directory(path: Path, account: pwd.struct_passwd | None, mode: int) -> None:
    """Makes a directory if it is not there, for that account (None: for who runs this)."""
    if path.is_dir():
        return
    path.mkdir(mode=mode, parents=True)
    if account is not None:
        os.chown(path, account.pw_uid, account.pw_gid)

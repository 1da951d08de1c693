"""Who does what on a node that root has started: accounts for node daemon and workers, and whether they can."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from asyncluster.core.errors import ConfigError
from asyncluster.core.privileges import find_account
from asyncluster.ndm.steward.spawn import User

NODE_ACCOUNTS = ("asyncluster", "daemon")
_SHARED = ("nobody", "daemon", "root")
_SECONDS = 60


def first_account(names: Sequence[str], what: str) -> User:
    """The first of these accounts that exists.

    Raises:
        ConfigError: none does.
    """
    for name in names:
        account = find_account(name)
        if account is not None:
            return User(name, account.pw_uid, account.pw_gid, dedicated=name not in _SHARED and account.pw_uid != 0)
    raise ConfigError(
        f"There is no account {' or '.join(names)} for {what}. "
        f"Make one: useradd --system --no-create-home --shell /usr/sbin/nologin {names[0]}"
    )


def check_runs(*trials: tuple[User, str]) -> None:
    """Tries whether accounts can run parts of this program, by running them all at once.

    Args:
        trials: accounts, each with a module.

    Raises:
        ConfigError: one cannot; the message says what to do.
    """
    started = [(user, _start(user, module)) for user, module in trials]
    unfit = [user for user, trial in started if not _went_well(trial)]
    if unfit:
        raise ConfigError(
            f"The account {unfit[0].name} cannot run {sys.executable} with this package: some directory on the way is "
            "closed to it, as one below /root is. Install AsynCluster where all users can read it, with a Python such "
            "as /usr/bin/python3, or name another account in [client] worker user."
        )


def _start(user: User, module: str) -> subprocess.Popen[bytes] | None:
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-s", "-c", f"import {module}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            user=user.uid,
            group=user.gid,
            extra_groups=[],
        )
    except OSError:
        return None


def _went_well(trial: subprocess.Popen[bytes] | None) -> bool:
    if trial is None:
        return False
    try:
        return trial.wait(_SECONDS) == 0
    except subprocess.TimeoutExpired:
        trial.kill()
        trial.wait()
        return False

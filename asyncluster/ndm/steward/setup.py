"""What the steward's displays need before the first greeter: directories, locks, accounts, PAM, and control groups."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

from asyncluster.core.config.settings import DisplaySettings
from asyncluster.core.errors import ConfigError
from asyncluster.core.privileges import find_account
from asyncluster.ndm.display.screen import Place
from asyncluster.ndm.session import group
from asyncluster.ndm.session.record import open_directory
from asyncluster.ndm.steward import power
from asyncluster.ndm.steward.display import DisplayPolicy
from asyncluster.ndm.steward.spawn import User

RUN = Path("/run/asyncluster-node")
GREETER = "asyncluster-greeter"
SERVICE = "asyncluster"
_PAM = Path("/etc/pam.d")
# From a range that no distribution gives to accounts; systemd takes its dynamic users from it.
_NUMBERS = range(61300, 61400)


def display_policy(settings: DisplaySettings, displays: tuple[str, ...], state: Path, greeter: User) -> DisplayPolicy:
    """Prepares this machine for displays.

    Args:
        displays: such as ":77".
        greeter: whom greeters run as.
        state: directory of this node; records of sessions are kept in it.

    Raises:
        ConfigError: another node has one of the displays, or something cannot be made.
    """
    numbers = [int(display[1:]) for display in displays]
    home = group.home()
    if home is None:
        _warn("there are no control groups of version 2, so the ends of sessions rely on the process table")
    if not (_PAM / SERVICE).exists():
        _warn(f"there is no {_PAM / SERVICE}, so PAM uses its rules for unknown services; run asyncluster node install")
    try:
        places = tuple(_place(settings, number, home) for number in numbers)
        records = open_directory(state / "sessions")
    except OSError as error:
        raise ConfigError(f"The displays cannot be prepared: {error}.") from error
    return DisplayPolicy(
        places=places,
        greeter=(greeter.uid, greeter.gid),
        window_manager=settings.window_manager,
        sessions=tuple(map(str, settings.sessions)),
        niceness=settings.niceness,
        grace=settings.grace,
        records=records,
        service=SERVICE,
        authenticate=settings.pam_password,
        power=power.perform if settings.power_buttons else None,
    )


def _place(settings: DisplaySettings, number: int, home: Path | None) -> Place:
    directory = RUN / str(number)
    for made in (RUN, directory):
        made.mkdir(mode=0o711, exist_ok=True)
        made.chmod(0o711)
    _lock(directory, number)
    return Place(number, settings.x_server, directory, None if home is None else home / f"asyncluster-{number}")


def _lock(directory: Path, number: int) -> None:
    """Holds the display until this process ends."""
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigError(f"Another node on this computer has display :{number} already.") from None


def greeter_account(displays: tuple[str, ...]) -> User:
    """The greeter's account, or a number that no account has: never a user that runs anything else."""
    account = find_account(GREETER)
    if account is not None:
        return User(GREETER, account.pw_uid, account.pw_gid, dedicated=True)
    number = _NUMBERS[int(displays[0][1:]) % len(_NUMBERS)]
    _warn(f"there is no account {GREETER}, so the greeter runs as user number {number}; run asyncluster node install")
    return User(f"number {number}", number, number, dedicated=True)


def _warn(words: str) -> None:
    print(f"Warning: {words}.", file=sys.stderr)

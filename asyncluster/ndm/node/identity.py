"""Which of a host's node daemons this one is: several may run, each with its own name, directory and marker."""

from __future__ import annotations

import fcntl
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from asyncluster.core.errors import ConfigError

_MOST = 1000


@dataclass(frozen=True)
class Identity:
    """A place among a host's node daemons, taken until the process ends.

    Attributes:
        name: of the node.
        directory: for what this node keeps.
        marker: random, the same in every life of this node; by it its processes are known.
        lock: descriptor that holds the place.
    """

    name: str
    directory: Path
    marker: str
    lock: int


def claim(state: Path, name: str) -> Identity:
    """Takes the first free place.

    The first daemon is called `name`, the second `name`-2, and so on.

    Raises:
        ConfigError: the state directory cannot be used.
    """
    try:
        for number in range(1, _MOST):
            suffix = "" if number == 1 else f"-{number}"
            directory = state / f"node{suffix}"
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            if _locked(lock):
                return Identity(name + suffix, directory, _kept(directory / "marker"), lock)
            os.close(lock)
    except OSError as error:
        raise ConfigError(f"The state directory {state} cannot be used: {error.strerror}.") from error
    raise ConfigError(f"{_MOST} node daemons run on this host already.")


def place(directory: Path) -> int:
    """A random number that stands for a node's directory, in whatever life of the node.

    Raises:
        ConfigError: the directory cannot be used.
    """
    try:
        return int(_kept(directory / "place")[:15], 16) + 1
    except (OSError, ValueError) as error:
        raise ConfigError(f"What the node keeps in {directory} cannot be used: {error}.") from error


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _kept(path: Path) -> str:
    """32 random characters, the same as ever if the file is there and whole."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        text = ""
    if len(text) != 32:
        text = secrets.token_hex(16)
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
    return text

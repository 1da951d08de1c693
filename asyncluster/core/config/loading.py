"""Finding and loading the configuration.

The file is the one that is named, else $ASYNCLUSTER_CONF, else /etc/asyncluster.conf. Daemons `load` it once at
their start and refuse to start if anything is wrong with it. Job clients and commands need no more of it than
the control socket, and usually may not read it, since it holds passwords: `locate_socket` is for them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from asyncluster.core.config import ini, reading
from asyncluster.core.config.files import read_file
from asyncluster.core.config.forms import Unfit
from asyncluster.core.config.keys import COMMON, Role
from asyncluster.core.config.problems import Problem
from asyncluster.core.config.reading import Reading
from asyncluster.core.config.settings import Settings
from asyncluster.core.config.surroundings import MACHINE_SOCKET, STANDARD_PATH, Surroundings
from asyncluster.core.config.values import socket_path
from asyncluster.core.errors import ConfigError


def find(path: Path | None, surroundings: Surroundings) -> Path:
    """The configuration file that counts: `path` if given (--config), $ASYNCLUSTER_CONF, or the standard one."""
    return path or _from_environment(surroundings) or STANDARD_PATH


def load(
    path: Path | None = None, role: Role = Role.MASTER, surroundings: Surroundings | None = None
) -> tuple[Settings, tuple[Problem, ...]]:
    """The settings for a process of that role, and warnings that it should log.

    For the roles master and all, `settings.server` is never None.

    Raises:
        ConfigError: the file is refused; the message lists all of its problems, one a line.
    """
    here = surroundings or Surroundings.here()
    file = find(path, here)
    result = inspect(file, role, here)
    if result.settings is None:
        raise refusal(file, result.problems)
    return result.settings, result.warnings


def inspect(path: Path, role: Role | None, surroundings: Surroundings) -> Reading:
    """Read and judge the file and its text. Never raises; role None means: whatever its sections are for."""
    file = read_file(path, surroundings.uid)
    if file.text is None:
        return Reading(None, tuple(file.problems), tuple(file.warnings))
    result = reading.read(file.text, role, surroundings)
    warnings = (*file.warnings, *result.warnings, *_warn_of_socket(result.settings))
    settings = None if file.problems else result.settings
    return Reading(settings, (*file.problems, *result.problems), warnings)


def refusal(path: Path, problems: Sequence[Problem]) -> ConfigError:
    """The error that says all that is wrong with the file at `path`."""
    lines = "".join(f"\n  {problem}" for problem in problems)
    return ConfigError(f"The configuration {path} is refused:{lines}")


def locate_socket(path: Path | None = None, surroundings: Surroundings | None = None) -> Path:
    """The master's control socket, for whoever wants to talk to it.

    It is `[common] socket` of the file named by `path`; else $ASYNCLUSTER_SOCKET; else that of the file which
    `find` finds. If nobody named a file and the standard one is missing, unreadable to this user or silent about
    the socket, it is the user's own socket if there is one, else the machine's.

    Raises:
        ConfigError: a file was named and cannot be read, or its socket is no path for a socket.
    """
    here = surroundings or Surroundings.here()
    if path is None and here.environ.get("ASYNCLUSTER_SOCKET"):
        return Path(here.environ["ASYNCLUSTER_SOCKET"])
    named = path or _from_environment(here)
    file = find(path, here)
    content = read_file(file, here.uid)
    if content.text is None and named:
        raise refusal(file, content.problems)
    return _configured_socket(file, content.text or "") or _usual_socket(here)


def _configured_socket(file: Path, text: str) -> Path | None:
    entry = ini.parse(text).entries.get((COMMON.name, "socket"))
    key = COMMON.key("socket")
    if entry is None or key is None:
        return None
    try:
        return socket_path(reading.bare_text(key, entry))
    except Unfit as unfit:
        raise refusal(file, [Problem(entry.line, COMMON.name, entry.key, str(unfit))]) from None


def _usual_socket(here: Surroundings) -> Path:
    own = here.socket
    return own if own.exists() else MACHINE_SOCKET


def _from_environment(surroundings: Surroundings) -> Path | None:
    named = surroundings.environ.get("ASYNCLUSTER_CONF")
    return Path(named) if named else None


def _warn_of_socket(settings: Settings | None) -> tuple[Problem, ...]:
    """In a directory where everybody may create files, somebody else may be first to make the socket."""
    if settings is None:
        return ()
    directory = settings.common.socket.parent
    try:
        open_to_all = os.stat(directory).st_mode & stat.S_IWOTH
    except OSError:
        return ()
    message = f"Everybody can write to {directory}. Choose a directory of the master's own for the socket."
    return (Problem(None, COMMON.name, "socket", message),) if open_to_all else ()

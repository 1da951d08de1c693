"""Starting a program as a person, for good: the child's half of a login, in the order that leaves no way back.

Group, session and niceness are set while the child is still root; then supplementary groups, group and user, each
checked; home and its files are touched only after that, so nothing that a person planted there is followed with root's
rights. Whatever fails ends the child, and the keeper gets the words.
"""

from __future__ import annotations

import ctypes
import os
import signal
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from asyncluster.core.errors import AsynClusterError
from asyncluster.ndm.session.group import Processes

ERROR_LOG = ".xsession-errors"
_PR_SET_PDEATHSIG = 1
_MOST_WORDS = 1000
_MAX_FD = 65536
_libc = ctypes.CDLL(None)


class LaunchFailed(AsynClusterError):
    """A program could not be started as somebody; the message says at which step."""


@dataclass(frozen=True)
class Who:
    """Whom a program runs as.

    Attributes:
        home: working directory; where it cannot be entered, the root directory.
        groups: all supplementary groups.
        log: name of a file in `home` that output is written to; None: output goes nowhere.
    """

    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str
    log: str | None = ERROR_LOG


def launch(
    argv: Sequence[str],
    who: Who,
    environment: Mapping[str, str],
    processes: Processes,
    *,
    niceness: int = 0,
    keep: int | None = None,
) -> int:
    """Starts `argv` and returns its process number.

    Args:
        environment: all of it.
        processes: what the program joins before it runs.
        niceness: of the program, 0 to 19.
        keep: the one descriptor besides 0, 1 and 2 that it inherits.

    Raises:
        LaunchFailed: it does not run.
    """
    reading, writing = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        _child(argv, who, environment, processes, niceness, keep, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as words:
        failure = words.read(_MOST_WORDS).decode(errors="replace")
    if failure:
        os.waitpid(pid, 0)
        raise LaunchFailed(failure)
    return pid


def _child(
    argv: Sequence[str],
    who: Who,
    environment: Mapping[str, str],
    processes: Processes,
    niceness: int,
    keep: int | None,
    failed: int,
) -> None:
    step = "joining its group"
    try:
        processes.join()
        step = "setting niceness and signals"
        os.setsid()
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
        _default_signals()
        step = "giving up root's rights"
        drop(who)
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # setuid has cleared it before
        step = "entering the home directory"
        os.umask(0o022)
        _enter(who.home)
        step = f"opening {ERROR_LOG}"
        _set_streams(who.log)
        step = f"starting {argv[0]}"
        _close_all_but({0, 1, 2, failed, *([] if keep is None else [keep])})
        if keep is not None:
            os.set_inheritable(keep, True)
        os.execve(argv[0], list(argv), dict(environment))  # noqa: S606 - no shell is wanted
    except BaseException as error:
        os.write(failed, f"The session failed when {step}: {error}"[:_MOST_WORDS].encode(errors="replace"))
    os._exit(127)


def drop(who: Who) -> None:
    """Turns this process into one of `who`, and makes sure that there is no way back.

    Without root's rights there are none to give up: it must be one of `who` already, with the groups that it has.

    Raises:
        PermissionError: it may not.
        RuntimeError: something of root is left, or it is somebody else's.
    """
    groups = set(who.groups) if os.geteuid() == 0 else set(os.getgroups())
    if os.geteuid() == 0:
        os.setgroups(who.groups)
        os.setresgid(who.gid, who.gid, who.gid)
        os.setresuid(who.uid, who.uid, who.uid)
    if os.getresuid() != (who.uid,) * 3 or os.getresgid() != (who.gid,) * 3 or 0 in (who.uid, who.gid):
        raise RuntimeError("Root's rights were not given up.")
    if set(os.getgroups()) - groups - {who.gid}:
        raise RuntimeError("A group of root's is left.")
    for regain in (lambda: os.setresuid(0, 0, 0), lambda: os.setresgid(0, 0, 0)):
        try:
            regain()
        except PermissionError:
            continue
        raise RuntimeError("Root's rights could be taken back.")


def _default_signals() -> None:
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if signal.getsignal(number) is not signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _enter(home: str) -> None:
    try:
        os.chdir(home)
    except OSError:
        os.chdir("/")


def _set_streams(log: str | None) -> None:
    """Standard input is empty; output goes to a file of the person's, never through a link, or nowhere."""
    nothing = os.open("/dev/null", os.O_RDWR)
    output = nothing
    if log is not None:
        try:
            output = open_log(log)
        except OSError:
            output = nothing  # a link, a full disk, a home that cannot be written to: the session goes on without
    for stream, source in ((0, nothing), (1, output), (2, output)):
        os.dup2(source, stream)


def open_log(name: str | Path) -> int:
    """Opens a log anew, empty and for its owner alone; never through a link. All that is written goes to its end.

    Raises:
        OSError: something else is in its place, or it cannot be made.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    fd = os.open(name, flags, 0o600)
    if not stat.S_ISREG(os.fstat(fd).st_mode):  # a pipe, say, that nobody reads
        os.close(fd)
        raise OSError("not a file")
    os.ftruncate(fd, 0)
    os.fchmod(fd, 0o600)
    os.set_blocking(fd, True)
    return fd


def _close_all_but(kept: set[int]) -> None:
    following = 0
    for fd in sorted(kept):
        if fd > following:  # an empty range would be taken for all descriptors
            os.closerange(following, fd)
        following = fd + 1
    os.closerange(following, _MAX_FD)

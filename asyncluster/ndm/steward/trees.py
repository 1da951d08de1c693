"""Whole trees of processes: found by who started whom, stopped, and killed so that none is left.

A worker inherits the orphans of its own children (`PR_SET_CHILD_SUBREAPER`), so whatever a call starts - daemons that
fork twice and leave the session included - stays below its worker for as long as that lives. It is killed last, when
everything below it has been stopped: a process that is stopped starts no others. All this needs is `/proc`, and one
descriptor, which is kept for it: who has run out of them must still get rid of processes.
"""

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from asyncluster.ndm.worker.niceness import set_niceness

#: Rounds of looking for new processes; a process that has a signal pending cannot fork, so few are ever needed.
_ROUNDS = 50

_GONE_SECONDS = 2.0

_kept: list[int] = []


def children() -> dict[int, list[int]]:
    """The children of every process, zombies left out."""
    families: dict[int, list[int]] = defaultdict(list)
    with _kept_descriptor():
        for pid in _pids():
            state, parent = _state_and_parent(pid)
            if state not in ("Z", "X", ""):
                families[parent].append(pid)
    return families


def descendants(root: int) -> set[int]:
    """All processes below `root`."""
    families = children()
    found: set[int] = set()
    ahead = [root]
    while ahead:
        for pid in families.get(ahead.pop(), ()):
            if pid not in found:
                found.add(pid)
                ahead.append(pid)
    return found


def stop_tree(root: int) -> set[int]:
    """Stops `root` and everything below it; returns what is below it."""
    stopped: set[int] = set()
    send(root, signal.SIGSTOP)
    for _ in range(_ROUNDS):
        new = descendants(root) - stopped
        if not new:
            break
        for pid in new:
            send(pid, signal.SIGSTOP)
        stopped |= new
    return stopped


def continue_tree(root: int) -> None:
    """Lets a tree that was stopped run on."""
    for pid in [*descendants(root), root]:
        send(pid, signal.SIGCONT)


def kill_tree(root: int) -> set[int]:
    """Kills `root` and everything below it, which is returned. The root is left for its parent to wait for.

    A list of processes is no snapshot: one that was just being forked may be missing in it, and would go on to fork
    when the others are gone. So the root, whose orphans stay below it, is not killed before nothing else lives there.
    """
    killed: set[int] = set()
    for _ in range(_ROUNDS):
        below = stop_tree(root)
        if not below:
            break
        for pid in below:
            send(pid, signal.SIGKILL)
        killed |= below
    send(root, signal.SIGKILL)
    return killed


def wait_until_gone(pids: Iterable[int]) -> None:
    """Waits for processes that have been killed and are not our children; a moment, if the kernel is not stuck."""
    until = time.monotonic() + _GONE_SECONDS
    for pid in pids:
        while _state_and_parent(pid)[0] not in ("Z", "X", "") and time.monotonic() < until:
            time.sleep(0.001)


def kill_orphans(known: Iterable[int]) -> list[int]:
    """Kills all children of this process, trees and all, but the `known` ones; returns them, to be waited for."""
    orphans = sorted(set(children().get(os.getpid(), ())).difference(known))
    for pid in orphans:
        kill_tree(pid)
    return orphans


def renice_tree(root: int, niceness: int) -> bool:
    """Sets the niceness of a tree; False if some of it may not be raised back."""
    allowed = True
    for pid in [*descendants(root), root]:
        try:
            set_niceness(pid, niceness)
        except ProcessLookupError:
            continue
        except PermissionError:
            allowed = False
    return allowed


def kill_marked(entry: bytes) -> int:
    """Kills all processes, trees and all, whose environment has this entry (`NAME=value`); returns how many."""
    marked = [pid for pid in _pids() if pid != os.getpid() and entry in _environment(pid).split(b"\0")]
    for pid in marked:
        kill_tree(pid)
    return len(marked)


def kill_of_user(uid: int) -> None:
    """Kills all processes of a user who has no others than ours, but for those that another node's steward has."""
    for _ in range(_ROUNDS):
        alive = [pid for pid in _pids() if _owner(pid) == uid and _state_and_parent(pid)[0] not in ("Z", "X", "")]
        pids = [pid for pid in alive if _keeper(pid, uid) in (0, 1, os.getpid())]
        if not pids:
            return
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in pids:
                send(pid, number)


def _keeper(pid: int, uid: int) -> int:
    """The nearest ancestor that is somebody else's; 1, or 0 if it has just gone, for processes that nobody has."""
    while pid > 1 and _owner(pid) == uid:
        pid = _state_and_parent(pid)[1]
    return pid


def send(pid: int, number: signal.Signals) -> None:
    """Sends a signal to a process that may be gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


@contextmanager
def _kept_descriptor() -> Iterator[None]:
    """Lets go of the descriptor that is kept, so that there is one, and takes one again afterwards."""
    while _kept:
        os.close(_kept.pop())
    try:
        yield
    finally:
        try:
            _kept.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:  # another thread has it; it may be back next time
            pass


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _state_and_parent(pid: int) -> tuple[str, int]:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            content = file.read()
    except OSError:
        return "", 0
    fields = content[content.rindex(b")") + 2 :].split(None, 2)  # the name before it may hold anything
    return fields[0].decode(), int(fields[1])


def _environment(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read()
    except OSError:
        return b""


def _owner(pid: int) -> int:
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return -1

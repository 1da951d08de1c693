"""The steward: the only part of a node that runs as root, and it does as little as possible.

    steward (root) -+- node daemon (asyncluster): the network, the brain; asks for what it may not do itself
                    +- workers (asyncluster-job), and whatever else its parts look after

One loop waits for messages of the node daemon, ends of children, and signals. It reads nothing from the network and
unpickles nothing. A node daemon that sends nonsense is ended and started again, like one that died. SIGTERM ends all.
"""

from __future__ import annotations

import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from asyncluster.core import systemd
from asyncluster.core.errors import ExitCode, ProtocolError
from asyncluster.ndm.session.channel import ChannelClosed, Fields, close_all
from asyncluster.ndm.steward import trees
from asyncluster.ndm.steward.nodeprocess import NodeProcess
from asyncluster.ndm.steward.parts import Part, Verb
from asyncluster.ndm.worker.confine import become_subreaper

#: Messages handled before children and signals get their turn again.
_TURN = 100


class Steward:
    """Runs parts on behalf of a node daemon.

    Args:
        node: the node daemon's process.
        parts: what it may ask for.
        now: seconds of the monotonic clock.
    """

    def __init__(self, node: NodeProcess, parts: Sequence[Part], now: Callable[[], float] = time.monotonic) -> None:
        self._node = node
        self._parts = parts
        self._now = now
        self._stop: ExitCode | None = None
        self._watched = systemd.watchdog_seconds()
        self._selector = selectors.DefaultSelector()
        self._verbs: dict[str, Verb] = {"ready": self._ready}
        become_subreaper()
        for part in parts:
            part.tell = self.tell
            part.selector = self._selector
            self._verbs.update(part.verbs)

    def run(self) -> ExitCode:
        """Runs until a signal ends it; returns the exit code."""
        woken = _wake_by_signals(self._signalled)
        self._selector.register(woken, selectors.EVENT_READ, lambda: os.read(woken, 4096))
        try:
            while self._stop is None:
                self._start_node()
                self._turn(self._patience())
            return self._stop
        finally:
            systemd.notify("STOPPING=1")
            for part in self._parts:
                part.stop(self._turn)
            self._forget_channel()
            self._node.close()
            for part in self._parts:
                part.close()
            self._kill_orphans()

    def _turn(self, patience: float | None) -> None:
        """Waits at most so long, then does what has come up; says that it lives to whoever watches it."""
        if self._watched is not None:
            systemd.notify("WATCHDOG=1")
            patience = self._watched / 3 if patience is None else min(patience, self._watched / 3)
        for key, _events in self._selector.select(patience):
            key.data()
        self._bury()

    def tell(self, fields: Fields, fds: Sequence[int] = ()) -> None:
        """Sends a message to the node daemon; it is lost if there is none at the moment."""
        if self._node.channel is not None:
            try:
                self._node.channel.send(fields, fds)
            except ChannelClosed:
                self._node.kill()

    # --- The node daemon --------------------------------------------------------------------------------------

    def _start_node(self) -> None:
        if self._node.start_at is None or self._now() < self._node.start_at:
            return
        self._node.start(self._now())
        if self._node.channel is not None:
            self._selector.register(self._node.channel, selectors.EVENT_READ, self._receive)

    def _receive(self) -> None:
        channel = self._node.channel
        try:
            for _ in range(_TURN):
                received = channel.receive() if channel is not None else None
                if received is None:
                    return
                self._obey(*received)
        except ProtocolError as error:  # or it is gone
            if not isinstance(error, ChannelClosed):
                print(f"The node daemon is ended: {error}", file=sys.stderr)
            self._forget_channel()
            self._node.kill()

    def _obey(self, fields: Fields, fds: list[int]) -> None:
        name = fields.get("verb")
        verb = self._verbs.get(name) if isinstance(name, str) else None
        if verb is None:
            close_all(fds)
            raise ProtocolError("It asked for something that there is not.")
        verb(fields, fds)

    def _ready(self, _fields: Fields, fds: list[int]) -> None:
        close_all(fds)
        systemd.notify("READY=1")

    def _forget_channel(self) -> None:
        if self._node.channel is not None:
            try:
                self._selector.unregister(self._node.channel)
            except KeyError:
                pass
            self._node.drop_channel()

    # --- Children ---------------------------------------------------------------------------------------------

    def _bury(self) -> None:
        """Waits for children that have ended, and ends what they left behind."""
        some = False
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            some = True
            if pid == self._node.pid:
                self._node_ended(status)
            else:
                any(part.child_ended(pid, status, usage) for part in self._parts)
        if some:
            self._kill_orphans()

    def _node_ended(self, status: int) -> None:
        self._forget_channel()
        self._stop = self._node.ended(status, self._now())
        for part in self._parts:
            part.node_lost()

    def _kill_orphans(self) -> None:
        known = {pid for part in self._parts for pid in part.pids()}
        if self._node.pid is not None:
            known.add(self._node.pid)
        trees.kill_orphans(known)

    # --- Time and signals -------------------------------------------------------------------------------------

    def _patience(self) -> float | None:
        """Seconds until something is due."""
        now = self._now()
        wishes = [part.tick(now) for part in self._parts]
        wishes.append(self._node.start_at)
        return min((max(wish - now, 0.0) for wish in wishes if wish is not None), default=None)

    def _signalled(self, _number: int, _frame: Any) -> None:
        self._stop = ExitCode.DONE


def _wake_by_signals(stop: Callable[[int, Any], None]) -> int:
    """Lets signals that end us, and ends of children, wake the loop; returns what becomes readable then."""
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return woken

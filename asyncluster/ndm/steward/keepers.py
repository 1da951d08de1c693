"""One keeper as the steward sees it: a child process, or one that a former steward has started, and its channel."""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from asyncluster.core.errors import ProtocolError
from asyncluster.ndm.session.channel import Channel, ChannelClosed, Fields
from asyncluster.ndm.session.orders import Begin, Close, Greet, to_fields
from asyncluster.ndm.session.sitting import SOCKET

#: Hears a keeper's messages with their descriptors, and None when there will be no more.
Hear = Callable[["Keeper", Fields | None, list[int]], None]


class Keeper:
    """See the module.

    Attributes:
        pid: of the process; 0: it is not our child, or is gone.
        session: of a login; "" for any other.
        window: the node daemon's end of the link to its greeter or time bar; None: there is none yet.

    Args:
        channel: to it.
        selector: of the steward.
        hear: see there.
    """

    def __init__(
        self, channel: Channel, selector: selectors.BaseSelector, hear: Hear, session: str = "", pid: int = 0
    ) -> None:
        self.pid = pid
        self.session = session
        self.window: int | None = None
        self._channel = channel
        self._selector = selector
        self._hear = hear
        selector.register(channel, selectors.EVENT_READ, self._read)

    @classmethod
    def start(
        cls, order: Greet | Begin | Close, selector: selectors.BaseSelector, hear: Hear, inherited: Sequence[int] = ()
    ) -> Keeper:
        """Starts one with its order, and with descriptors that the order speaks of.

        Raises:
            OSError: there is no memory or no process left.
        """
        channel, theirs = Channel.pair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-I", "-m", "asyncluster.ndm.session.keeper", "--fd", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno(), *inherited],
                cwd="/",
                start_new_session=True,
            )
        process.returncode = 0  # the steward waits for all its children itself
        session = order.session if isinstance(order, Begin) else ""
        keeper = cls(channel, selector, hear, session, process.pid)
        keeper.send(to_fields(order))
        return keeper

    @classmethod
    def adopt(cls, directory: Path, session: str, selector: selectors.BaseSelector, hear: Hear) -> Keeper | None:
        """Takes over the keeper of a session that a former steward has started; None: there is none."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        try:
            sock.connect(str(directory / SOCKET))
        except OSError:
            sock.close()
            return None
        return cls(Channel(sock), selector, hear, session)

    def send(self, fields: Fields) -> None:
        """Tells it something; what it cannot hear any more does not matter."""
        try:
            self._channel.send(fields)
        except ChannelClosed:
            pass

    def keep_window(self, fds: list[int]) -> None:
        """Keeps the descriptor that came with a window, and lets go of the former one."""
        if self.window is not None:
            os.close(self.window)
        self.window = fds.pop() if fds else None

    def close(self) -> None:
        """Lets go of it; harmless if done twice."""
        if self._channel.fileno() >= 0:
            self._selector.unregister(self._channel)
            self._channel.close()
        self.keep_window([])

    def read_all(self) -> None:
        """Hears what it has said before its end."""
        while self._channel.fileno() >= 0 and self._read():
            pass

    def _read(self) -> bool:
        try:
            received = self._channel.receive()
        except ProtocolError:
            self._hear(self, None, [])
            return False
        if received is not None:
            self._hear(self, *received)
        return received is not None

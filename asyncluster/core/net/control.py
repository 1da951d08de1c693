"""The master's control socket: a UNIX socket for job clients, console and command line.

Identity comes from the kernel when a client connects, and stays. On top of frames the socket carries descriptors:
a blob is handed over instead of being copied. A descriptor arrives with the frame that announces it or before, never
later, so the two ends only have to count.
"""

from __future__ import annotations

import grp
import os
import socket
import stat
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IFileDescriptorReceiver, IListeningPort, IReactorTime
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from asyncluster.core.errors import ConfigError, ProtocolError
from asyncluster.core.net import transport as transports
from asyncluster.core.net.acl import Guests, admit
from asyncluster.core.net.framed import BREACH, FramedProtocol
from asyncluster.core.net.link import FrameHandler
from asyncluster.core.net.peers import Identity, identity
from asyncluster.core.wire import limits

_GROUP = "asyncluster"  # members may connect; what they may do there is the roles' business
_MODE = 0o660
_NO_GUESTS = Guests()
_log = Logger()


class Descriptors:
    """Descriptors that have come with a connection and have not been claimed yet."""

    def __init__(self) -> None:
        self._arrived: deque[int] = deque()

    def arrived(self, descriptor: int) -> bool:
        """Keeps one; False if there are too many."""
        self._arrived.append(descriptor)
        return len(self._arrived) <= limits.DESCRIPTORS

    def claim(self) -> int:
        """The next one, in the order they were sent; it is the caller's now.

        Raises:
            ProtocolError: a message announced a descriptor that did not come.
        """
        if not self._arrived:
            raise ProtocolError("A message announced a descriptor that did not come.")
        return self._arrived.popleft()

    def close(self) -> None:
        """Closes what nobody claimed."""
        while self._arrived:
            os.close(self._arrived.popleft())


@implementer(IFileDescriptorReceiver)
class ControlProtocol(FramedProtocol):
    """A `Link` that carries descriptors as well.

    Attributes:
        descriptors: those that have arrived.
    """

    def __init__(self, reactor: IReactorTime, handler: FrameHandler) -> None:
        super().__init__(reactor, handler)
        self.descriptors = Descriptors()
        self._leaving: deque[int] = deque()

    def send_descriptor(self, descriptor: int, body: bytes) -> None:
        """Sends a descriptor and the frame that announces it. The caller keeps its descriptor."""
        self._close_departed()
        copy = os.dup(descriptor)  # the caller may close its own before the kernel has taken this one
        self._leaving.append(copy)
        self._transport.sendFileDescriptor(copy)
        self.send(body)
        self._close_departed()

    def fileDescriptorReceived(self, descriptor: int) -> None:
        if not self.descriptors.arrived(descriptor):
            self.abort(BREACH)

    def resumeProducing(self) -> None:
        super().resumeProducing()
        self._close_departed()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        super().connectionLost(reason)
        self.descriptors.close()
        while self._leaving:
            os.close(self._leaving.popleft())

    def _close_departed(self) -> None:
        while len(self._leaving) > transports.unsent_descriptors(self._transport):
            os.close(self._leaving.popleft())


#: Given by the application: makes the handler of one client; None refuses the client.
MakeClient: TypeAlias = Callable[[Identity], FrameHandler]


class ControlFactory(Factory):
    """Greets clients of the control socket with a protocol whose handler knows who they are."""

    noisy = False

    def __init__(self, reactor: IReactorTime, make_client: MakeClient) -> None:
        self._reactor = reactor
        self._make_client = make_client

    def buildProtocol(self, addr: object) -> TwistedProtocol:
        return _Arrival(self._reactor, self._make_client)


class _Arrival(ControlProtocol):
    """A connection whose identity is read as soon as there is a socket to ask."""

    def __init__(self, reactor: IReactorTime, make_client: MakeClient) -> None:
        super().__init__(reactor, _NOBODY)
        self._make_client = make_client

    def connectionMade(self) -> None:
        who = identity(self._transport.getHandle())
        self.address = f"{who.name} (pid {who.pid})"
        self._handler = self._make_client(who)
        super().connectionMade()


class _Nobody:
    """Handler until the client is known; never called, since nothing is read before `connectionMade`."""

    def connected(self, link: object) -> None: ...
    def frames(self, bodies: object) -> None: ...
    def paused(self) -> None: ...
    def resumed(self) -> None: ...
    def lost(self, reason: str) -> None: ...


_NOBODY = _Nobody()


def listen(reactor: Any, path: Path, factory: Factory[Any], guests: Guests = _NO_GUESTS) -> IListeningPort:
    """Opens the control socket, mode 0660, for members of the group "asyncluster" where that exists.

    Args:
        reactor: an IReactorUNIX.
        guests: who else may connect.

    A socket that a dead master left behind is replaced; one that somebody listens on is not.

    Raises:
        ConfigError: the path cannot be used; the message says why.
    """
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        _clear(path)
        mask = os.umask(0o177)  # until its owner and mode are set nobody else may connect
        try:
            port: IListeningPort = reactor.listenUNIX(str(path), factory, backlog=200, mode=0o600)
        finally:
            os.umask(mask)
        _open_to_group(path)
        if guests != _NO_GUESTS:
            _open_to_guests(path, guests)
    except (OSError, CannotListenError) as error:
        reason = getattr(error, "socketError", error)
        words = getattr(reason, "strerror", reason)
        raise ConfigError(f"The socket {path} cannot be opened: {words}.") from error
    return port


def _clear(path: Path) -> None:
    """Removes a dead socket at `path`."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ConfigError(f"{path} is there already and is not a socket. Remove it or choose another path.")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(5)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except TimeoutError:
            pass
    raise ConfigError(f"Another program, probably a master, listens on {path} already.")


def _open_to_group(path: Path) -> None:
    try:
        group = grp.getgrnam(_GROUP).gr_gid
    except KeyError:
        group = -1
    if group != -1 and (os.geteuid() == 0 or group in os.getgroups()):
        os.chown(path, -1, group)
    path.chmod(_MODE)


def _open_to_guests(path: Path, guests: Guests) -> None:
    try:
        admit(path, guests)
    except OSError as error:
        _log.warn(
            "{path} is open to the group {group} only, since its file system keeps no access lists: {error}",
            path=path,
            group=_GROUP,
            error=error.strerror,
        )

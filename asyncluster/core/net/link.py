"""What a stream link is to the code that uses it: `Link` to send, `FrameHandler` to hear.

    framed.FramedProtocol (a Link)  --- connected, frames, paused, resumed, lost --->  FrameHandler (yours)
                                    <-------------- send, close, abort --------------

A frame is an opaque body of bytes; an empty one is a heartbeat and never reaches a handler. All calls come from
the reactor's thread. After `lost` a handler hears nothing more, and whatever it still sends goes nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

#: A frame's body as it arrives: valid as long as somebody holds it, and never changed.
Body: TypeAlias = memoryview | bytes


@dataclass(frozen=True)
class Peer:
    """The other end of a link after a mutual login.

    Attributes:
        user: the name that both ends logged in with; many nodes share it.
        address: the other end's IP address, as text.
        channel: hash over everything both ends said in this login; the same at both ends, and different for
            every connection.
    """

    user: str
    address: str
    channel: bytes = field(repr=False)


class Link(Protocol):
    """One connection, as its handler sees it.

    Attributes:
        address: the other end in words fit for a log: an IP address, a host name, a socket's path.
        paused: the other end has not read `limits.UNREAD_OUTPUT` bytes; send nothing more that can wait.
        waiting: bytes that wait here because the connection takes no more at the moment.
    """

    address: str
    paused: bool
    waiting: int

    def send(self, bodies: Body | Sequence[Body]) -> None:
        """Sends one frame, or several in order.

        They leave at once, but if others have left a moment ago, at the end of the reactor turn, together.
        Nothing happens on a link that is closed, aborted or lost.

        Raises:
            ProtocolError: a body is longer than a frame may be; none of `bodies` is sent.
        """

    def stop_reading(self) -> None:
        """Reads no more, so that the other end has to wait; what has been read already still arrives."""

    def start_reading(self) -> None:
        """Reads again."""

    def close(self) -> None:
        """Sends what waits, then takes leave. `lost` follows."""

    def abort(self, reason: str) -> None:
        """Drops the connection at once; `lost(reason)` follows in a later turn. Harmless if done twice or too late."""


class FrameHandler(Protocol):
    """Who listens to a link. `ProtocolError` raised by `frames` closes the link and is logged; it is no bug of ours."""

    def connected(self, link: Link) -> None:
        """The link is ready; the first call."""

    def frames(self, bodies: list[Body]) -> None:
        """Frames have arrived, in order."""

    def paused(self) -> None:
        """`Link.paused` has become true."""

    def resumed(self) -> None:
        """`Link.paused` has become false: half of what waited has been read."""

    def lost(self, reason: str) -> None:
        """The connection is gone; the last call.

        Args:
            reason: a few fixed words, never text that the other end chose.
        """


#: Made by the application, called when a mutual login is over: what can run code exists only from then on.
MakeLink: TypeAlias = Callable[[Peer], FrameHandler]

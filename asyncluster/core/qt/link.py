"""The stream between a node daemon and one of its windows: an inherited descriptor, frames, decoded messages.

Nothing is believed of what arrives: a frame that is too long or does not decode ends the link, like the end of the
stream does. A window without its daemon has nothing to show, so its program ends then and is started again by who
supervises it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import msgspec
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol

from asyncluster.core.errors import ProtocolError
from asyncluster.core.wire.framing import FrameReader

M = TypeVar("M", covariant=True)


class Decoder(Protocol[M]):
    """What turns the body of a frame into a message, such as `wire.greeter.to_greeter`."""

    def decode(self, buf: memoryview, /) -> M: ...


class Link(TwistedProtocol):
    """Our end of the stream.

    Args:
        decoder: decodes what arrives.
        max_frame: the largest body that is accepted, in bytes.
        received: is called with each message.
        lost: is called once, with the reason in words, when nothing more will arrive.
    """

    transport: Any = None  # Twisted's interface, which mypy cannot read

    def __init__(
        self, decoder: Decoder[Any], max_frame: int, received: Callable[[Any], None], lost: Callable[[str], None]
    ) -> None:
        self._decoder = decoder
        self._frames = FrameReader(max_frame)
        self._received = received
        self._lost = lost
        self._fault = "The node daemon has closed its end."

    def send(self, framed: bytes) -> None:
        """Sends one frame; after the link is lost it goes nowhere."""
        if self.transport is not None:
            self.transport.write(framed)

    def dataReceived(self, data: bytes) -> None:
        try:
            for body in self._frames.receive(data):
                self._received(self._decoder.decode(body))
        except (ProtocolError, msgspec.DecodeError) as error:
            self._fault = f"The node daemon sent what cannot be understood: {error}"
            self.transport.loseConnection()

    def connectionLost(self, _reason: Any = None) -> None:
        self.transport = None
        self._lost(self._fault)


def attach(reactor: Any, descriptor: int, link: Link) -> None:
    """Lets `link` speak over the inherited socket `descriptor`, which from now on belongs to it.

    Raises:
        OSError: the descriptor is no open stream socket.
    """
    with socket.socket(fileno=descriptor) as inherited:  # Twisted takes a copy
        inherited.set_inheritable(False)
        factory = Factory.forProtocol(lambda: link)
        factory.noisy = False
        reactor.adoptStreamConnection(inherited.fileno(), inherited.family, factory)

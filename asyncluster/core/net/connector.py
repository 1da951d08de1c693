"""A node's way to its master: connect, TLS, login, and all of it again whenever the link is lost.

It tells the application how things stand in words that the greeter may show (`Standing`), and asks it for a handler
each time that master and node have proved themselves to each other. After a refusal, which only a person can mend,
it tries again once a minute.
"""

from __future__ import annotations

import os
import random as _random
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from asyncluster.core.net import tls
from asyncluster.core.net.backoff import Backoff
from asyncluster.core.net.clock import Clock, Timer
from asyncluster.core.net.framed import TLS_FAILED, FramedProtocol
from asyncluster.core.net.link import Body, Link, MakeLink, Peer
from asyncluster.core.net.pin import MasterPin
from asyncluster.core.wire import limits
from asyncluster.core.wire.login import LoginRefused, Refusal, Send
from asyncluster.core.wire.nodelogin import NodeLogin
from asyncluster.core.wire.passwords import Entropy, LoginKeys
from asyncluster.core.wire.tickets import Ticket

_WORDS = {
    Refusal.CLIENT: "The master refuses this node: its user or its client password is wrong.",
    Refusal.SERVER: "This node refuses the master: the server passwords of the two differ.",
    Refusal.VERSION: "This node and the master are of different versions of AsynCluster.",
    Refusal.MALFORMED: "What answers in the master's place is no AsynCluster master.",
}

#: Why a connection ends before TLS, other than that somebody waited too long for it.
_TURNED_AWAY = "the master ended it at once, as it does with addresses that are not in its subnets"


@dataclass(frozen=True)
class Standing:
    """How a node stands with its master.

    Attributes:
        connected: the login is done and the link lives.
        words: a sentence for people.
        retry_in: seconds until the next attempt; 0 while connected.
    """

    connected: bool
    words: str
    retry_in: float = 0.0


class Endpoint(Protocol):
    """Where the master is: an `IStreamClientEndpoint` of Twisted's."""

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """Tries once to connect."""


def master_endpoint(reactor: Any, host: str, port: int) -> Endpoint:
    """The master by name or address, IPv4 or IPv6, whichever answers first."""
    # Also to learn that nobody is there takes so long for each address.
    delay = limits.NEAR_ADDRESS_SECONDS if on_this_machine(host) else limits.ADDRESS_SECONDS
    return HostnameEndpoint(reactor, host, port, timeout=limits.CONNECT_SECONDS, attemptDelay=delay)


def on_this_machine(host: str) -> bool:
    """Whether a host is this machine by its own word: no name but localhost is asked for."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class MasterConnector:
    """Keeps a node connected from `start` to `stop`.

    Args:
        clock: the reactor.
        endpoint: where the master is; see `master_endpoint`.
        keys: user and passwords.
        make_link: makes the handler of each new link.
        pin: remembers the master's key.
        report: hears each change of the standing.
        near: the master is on this machine; see `Backoff`.
        random: a number from 0 up to 1, for the waits.
        entropy: source of randomness for logins.

    Attributes:
        ticket: of the last login, which makes the next one cheap; in memory only, for files can be stolen.
    """

    def __init__(
        self,
        clock: Clock,
        endpoint: Endpoint,
        keys: LoginKeys,
        make_link: MakeLink,
        pin: MasterPin,
        report: Callable[[Standing], None],
        *,
        near: bool = False,
        random: Callable[[], float] = _random.random,
        entropy: Entropy = os.urandom,
    ) -> None:
        keys.prepare_node()
        self.clock = clock
        self.keys = keys
        self.make_link = make_link
        self.pin = pin
        self.entropy = entropy
        self.ticket: Ticket | None = None
        self._endpoint = endpoint
        self._report = report
        self._backoff = Backoff(random, near=near)
        self._running = False
        self._waiting: Timer | None = None
        self._connecting: Deferred[Any] | None = None
        self._link: FramedProtocol | None = None
        self._connected_at: float | None = None
        self._factory = tls.NodeTLS().wrap(_Way(self), clock)

    def start(self) -> None:
        """Begins to connect."""
        self._running = True
        self._connect()

    def stop(self) -> None:
        """Drops the link, if there is one, and tries no more. The link's handler still hears `lost`."""
        self._running = False
        if self._waiting is not None and self._waiting.active():
            self._waiting.cancel()
        if self._connecting is not None:
            self._connecting.cancel()
        if self._link is not None:
            self._link.abort("the node stops")

    def _connect(self) -> None:
        self._connecting = self._endpoint.connect(self._factory)
        self._connecting.addCallbacks(self._reached, self._unreachable)

    def _reached(self, _unused_protocol: Any) -> None:
        self._connecting = None

    def _unreachable(self, _unused_failure: Failure) -> None:
        self._connecting = None
        self._retry("The master cannot be reached.", self._backoff.next())

    def _retry(self, words: str, wait: float) -> None:
        if not self._running:
            return
        self._waiting = self.clock.callLater(wait, self._connect)
        self._report(Standing(False, words, wait))

    # --- From the way to a link --------------------------------------------------------------------------

    def new_protocol(self) -> FramedProtocol:
        """A protocol for a connection that has just been made."""
        self._link = _Arrival(self).link
        return self._link

    def connected(self) -> None:
        """The login is done, and the link has its handler."""
        self._connected_at = self.clock.seconds()
        self._report(Standing(True, "Connected to the master."))

    def lost(self, reason: str, refusal: str) -> None:
        """The connection is gone; `refusal` is a sentence if either end refused the other, else ""."""
        self._link = None
        since, self._connected_at = self._connected_at, None
        if since is not None and self.clock.seconds() - since >= limits.RECONNECT_RESET_SECONDS:
            self._backoff.reset()
        if refusal:
            self._retry(refusal, limits.RECONNECT_REFUSED_SECONDS)
        else:
            self._retry(f"The connection to the master is lost: {reason}.", self._backoff.next())


class _Way(Factory):
    """Makes the connector's protocols."""

    noisy = False

    def __init__(self, connector: MasterConnector) -> None:
        self._connector = connector

    def buildProtocol(self, addr: Any) -> FramedProtocol:
        return self._connector.new_protocol()


class _Arrival:
    """One connection until the login is over: a `FrameHandler` that knows only the login."""

    def __init__(self, connector: MasterConnector) -> None:
        self._connector = connector
        self._refusal = ""
        self._login: NodeLogin | None = None
        self._deadline = connector.clock.callLater(limits.LOGIN_SECONDS, self._too_late)
        self.link = FramedProtocol(
            connector.clock, self, max_frame=limits.LOGIN_FRAME, after_lost=self._connection_lost
        )

    def connected(self, link: Link) -> None:
        transport: Any = self.link.transport
        if self._connector.pin.refuses(tls.peer_fingerprint(transport)):
            self._refused("This node refuses the master, whose key has changed; see the node's log.")
            return
        connector = self._connector
        self._login = NodeLogin(connector.keys, tls.exporter(transport), connector.entropy, connector.ticket)
        self.link.send(self._login.start().body)

    def frames(self, bodies: list[Body]) -> None:
        """Frames of the login; those after its last one are already for the new handler."""
        assert self._login is not None
        for number, body in enumerate(bodies, 1):
            for event in self._login.receive(body):
                if isinstance(event, Send):
                    self.link.send(event.body)
                elif isinstance(event, LoginRefused):
                    self._refused(_WORDS[event.reason])
                    return
                else:
                    self._done(Peer(event.user, self.link.address, event.channel), bodies[number:])
                    return
            if self._login.trusts:
                self.link.max_frame = limits.FRAME

    def paused(self) -> None:
        """Never happens: a login is a few hundred bytes long."""

    resumed = paused

    def lost(self, reason: str) -> None:
        if reason == TLS_FAILED:
            self._refusal = _WORDS[Refusal.MALFORMED]

    def _done(self, peer: Peer, more: list[Body]) -> None:
        self._deadline.cancel()
        self._keep_ticket()
        self._connector.pin.remember(tls.peer_fingerprint(self.link.transport))  # type: ignore[arg-type]
        handler = self._connector.make_link(peer)
        self.link.replace_handler(handler, heartbeat=True)
        self._connector.connected()
        if more:
            handler.frames(more)

    def _keep_ticket(self) -> None:
        if self._login is not None:
            self._connector.ticket = self._login.ticket

    def _refused(self, words: str) -> None:
        self._refusal = words
        self.link.close()

    def _too_late(self) -> None:
        self.link.abort("the master did not answer in time")

    def _connection_lost(self, reason: str) -> None:
        if self._deadline.active():
            self._deadline.cancel()
            self._keep_ticket()
            if self._login is None:
                reason = _TURNED_AWAY
        self._connector.lost(reason, self._refusal)

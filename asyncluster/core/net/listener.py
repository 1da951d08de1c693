"""The master's listening side for nodes: who comes in, logs in, and becomes a link.

    accept --subnet, counts--> TLS handshake --> login, each step through one queue --> make_link(peer)

Before the last arrow a connection is an `_Entrance`, which can do nothing but log in or end. It ends when it breaks
the protocol, takes too long, or has to make room; whatever it does, it costs the others one short computation in a
turn. Failed logins are throttled by address and logged without a word that the other end chose.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from asyncluster.core.config.values import Network
from asyncluster.core.errors import ProtocolError
from asyncluster.core.net import tls
from asyncluster.core.net.admission import Admission, plain_address
from asyncluster.core.net.clock import Clock
from asyncluster.core.net.framed import BREACH, FramedProtocol, address_text
from asyncluster.core.net.link import Body, Link, MakeLink, Peer
from asyncluster.core.net.throttle import FailureThrottle, LogLimit
from asyncluster.core.net.turns import OneByOne
from asyncluster.core.wire import limits
from asyncluster.core.wire.login import LoginDone, LoginRefused, Refusal, Send
from asyncluster.core.wire.masterlogin import MasterLogin
from asyncluster.core.wire.passwords import Entropy, LoginKeys
from asyncluster.core.wire.tickets import TicketSeal

_BACKLOG = 1000  # connections that the kernel keeps for us: a room's nodes all come at once after a power cut

_log = Logger()


class NodeListener:
    """Listens for nodes.

    Args:
        clock: the reactor.
        keys: user and passwords.
        master_key: what TLS shows.
        subnets: networks that nodes may come from.
        make_link: makes the handler of a node that has logged in.
        admission: counts connections; default: by the limits, from `subnets`.
        entropy: source of randomness for logins.
        wall_clock: seconds since 1970, for the age of tickets.
    """

    def __init__(
        self,
        clock: Clock,
        keys: LoginKeys,
        master_key: tls.MasterKey,
        subnets: Sequence[Network],
        make_link: MakeLink,
        *,
        admission: Admission | None = None,
        entropy: Entropy = os.urandom,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.clock = clock
        self.throttle = FailureThrottle()
        self.queue = OneByOne(clock)
        self.make_link = make_link
        self._admission = admission or Admission(subnets)
        self._log_limit = LogLimit()
        keys.prepare_master()
        seal = TicketSeal(master_key.derived(b"tickets"), keys, wall_clock, entropy)
        self._new_login: Callable[[bytes], MasterLogin] = lambda exporter: MasterLogin(keys, exporter, seal, entropy)
        self._silent: dict[_Entrance, None] = {}  # those that have said nothing yet, oldest first
        self._protocols: set[FramedProtocol] = set()
        self._nodes = 0
        self._ports: list[Any] = []
        self.factory = tls.MasterTLS(master_key).wrap(_Door(self), clock)

    def listen(self, reactor: Any, port: int, addresses: Sequence[str] = ()) -> list[int]:
        """Opens the port on these addresses of this machine; without any, on all that it has, IPv4 and IPv6.

        Returns:
            The port numbers, which matter if `port` is 0.

        Raises:
            CannotListenError: an address is not this machine's, or the port is taken.
        """
        for address in addresses or (_everywhere(),):
            self._ports.append(reactor.listenTCP(port, self.factory, backlog=_BACKLOG, interface=address))
        return [each.getHost().port for each in self._ports]

    def close(self) -> Deferred[Any]:
        """Stops listening and drops all connections, those of nodes too. Fires when the ports are free."""
        for protocol in list(self._protocols):
            protocol.abort("the master stops")
        ports, self._ports = self._ports, []
        return gatherResults([maybeDeferred(port.stopListening) for port in ports])

    # --- From the door -----------------------------------------------------------------------------------

    def arrival(self, address: str) -> FramedProtocol | None:
        """A connection from `address` was accepted; returns its protocol, or None to close it at once."""
        if not self._admission.admits(address) or not self._make_room():
            self.log(address, "not let in")
            return None
        self._admission.entered(address)
        entrance = _Entrance(self, address)
        self._silent[entrance] = None
        self._protocols.add(entrance.link)
        return entrance.link

    def _make_room(self) -> bool:
        """Drops who has been silent longest if all places are taken; in vain if nobody is silent."""
        if not self._admission.full:
            return True
        oldest = next(iter(self._silent), None)
        if oldest is None:
            return False
        oldest.leave("too many connections")
        return True

    # --- From an entrance --------------------------------------------------------------------------------

    def login(self, link: FramedProtocol) -> MasterLogin:
        """The login machine for this connection, whose handshake is over."""
        return self._new_login(tls.exporter(link.transport))  # type: ignore[arg-type]

    def spoke(self, entrance: _Entrance) -> None:
        """It is not silent any more."""
        self._silent.pop(entrance, None)

    def left(self, entrance: _Entrance) -> None:
        """It has logged in, or ended."""
        self._silent.pop(entrance, None)
        self._admission.left(entrance.address)

    def takes_node(self) -> bool:
        """Whether one more node may be logged in; counts it if so."""
        if self._nodes >= limits.NODES:
            return False
        self._nodes += 1
        return True

    def lost(self, entrance: _Entrance) -> None:
        """Its connection is gone, before or after it became a node's link."""
        self._protocols.discard(entrance.link)
        self._nodes -= entrance.is_node

    def failed(self, address: str, why: str) -> None:
        """A login from `address` failed: counts towards its throttling."""
        self.throttle.failed(address, self.clock.seconds())
        self.log(address, why)

    def log(self, address: str, why: str) -> None:
        """One line, if this address has not had its line in this minute."""
        if self._log_limit.allows(address, self.clock.seconds()):
            _log.warn("Login from {address} refused: {why}.", address=address, why=why)


def _everywhere() -> str:
    """What to listen on for all addresses: "::" takes IPv4 as well, but some machines have no IPv6."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::", 0))
    except OSError:
        return "0.0.0.0"  # noqa: S104 - the subnets say who may come in
    return "::"


class _Door(Factory):
    """Asks the listener about each connection that Twisted accepts."""

    noisy = False

    def __init__(self, listener: NodeListener) -> None:
        self._listener = listener

    def buildProtocol(self, addr: IAddress | None) -> FramedProtocol | None:
        return self._listener.arrival(plain_address(address_text(addr)))


class _Entrance:
    """One connection until it has logged in: a `FrameHandler` that knows only the login.

    Attributes:
        link: its protocol, which outlives it if the login succeeds.
        is_node: the login has succeeded, and `make_link` was asked.
    """

    def __init__(self, listener: NodeListener, address: str) -> None:
        self.address = address
        self.is_node = False
        self.link = FramedProtocol(
            listener.clock,
            self,
            max_frame=limits.LOGIN_FRAME,
            address=address,
            stranger=True,
            after_lost=lambda _reason: listener.lost(self),
        )
        self._listener = listener
        self._clock = listener.clock
        self._login: MasterLogin | None = None
        self._begun = False  # a guess has been computed
        self._working = False  # a frame waits in the queue, or for the throttle
        self._over = False
        self._opened = self._stepped = self._clock.seconds()
        self._timer = self._clock.callLater(limits.LOGIN_STEP_SECONDS, self._check_time)

    # --- From the link ---------------------------------------------------------------------------------------

    def connected(self, link: Link) -> None:
        self._login = self._listener.login(self.link)

    def frames(self, bodies: list[Body]) -> None:
        if self._over:
            return
        if self._working or len(bodies) > 1:
            raise ProtocolError("It speaks out of turn in its login.")
        self._working = True
        self._listener.spoke(self)
        self._submit(bodies[0])

    def paused(self) -> None:
        """Never happens: a login is a few hundred bytes long."""

    resumed = paused

    def lost(self, reason: str) -> None:
        if self._begun and not self._over:
            # Else guesses whose answers nobody waits for would be free.
            self._listener.failed(self.address, "broken off")
        elif reason == BREACH and not self._over:
            self._listener.log(self.address, BREACH)
        self._end()

    # --- Steps of the login --------------------------------------------------------------------------------

    def _submit(self, body: Body) -> None:
        self._listener.queue.add(lambda: self._compute(body))

    def _compute(self, body: Body) -> None:
        if self._over or self._login is None:
            return
        delay = 0.0 if self._login.proved else self._listener.throttle.delay(self.address, self._clock.seconds())
        if delay > 0:
            self._clock.callLater(delay, self._submit, body)
            return
        self._begun = True
        self._working = False
        self._stepped = self._clock.seconds()
        for event in self._login.receive(body):
            if isinstance(event, Send):
                self.link.send(event.body)
            elif isinstance(event, LoginRefused):
                self._refused(event.reason)
            else:
                self._done(event)

    def _refused(self, reason: Refusal) -> None:
        self._listener.failed(self.address, reason.value)
        self._end()
        if reason is Refusal.MALFORMED:
            self.link.abort(reason.value)
        else:
            self.link.close()

    def _done(self, done: LoginDone) -> None:
        self._end()
        if not self._listener.takes_node():
            self._listener.log(self.address, "too many nodes")
            self.link.abort("too many nodes")
            return
        self.is_node = True
        try:
            handler = self._listener.make_link(Peer(done.user, self.address, done.channel))
        except Exception:
            self.link.abort("internal error")
            raise
        self.link.max_frame = limits.FRAME
        self.link.replace_handler(handler, heartbeat=True)

    # --- Time ---------------------------------------------------------------------------------------------------

    def _check_time(self) -> None:
        now = self._clock.seconds()
        our_fault = self._working or not self._listener.queue.idle
        if now - self._opened >= limits.LOGIN_SECONDS:
            self.leave("the login took too long")
        elif now - self._stepped >= limits.LOGIN_STEP_SECONDS and not our_fault:
            self.leave("silent")
        else:
            self._timer = self._clock.callLater(limits.LOGIN_STEP_SECONDS, self._check_time)

    def leave(self, reason: str) -> None:
        """Ends the connection."""
        self.lost(reason)
        self.link.abort(reason)

    def _end(self) -> None:
        if self._over:
            return
        self._over = True
        if self._timer.active():
            self._timer.cancel()
        self._listener.left(self)

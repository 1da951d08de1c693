"""The table of hostile cases, each through real TLS: refused, and the master serves others meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from asyncluster.core.net import tls
from asyncluster.core.net.framed import FramedProtocol
from asyncluster.core.wire import limits
from asyncluster.core.wire.framing import frame
from asyncluster.core.wire.login import Refusal, Send
from asyncluster.core.wire.masterlogin import MasterLogin
from asyncluster.core.wire.tickets import TicketSeal

CLIENT_WRONG = "The master refuses this node: its user or its client password is wrong."
SERVER_WRONG = "This node refuses the master: the server passwords of the two differ."
NO_MASTER = "What answers in the master's place is no AsynCluster master."


def serves_others(room: Any) -> bool:
    before = len(room.links)
    node = room.node(host="10.99.0.1")
    return node.standing.connected and len(room.links) == before + 1


# --- Passwords -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words", "logged"),
    [
        ({"client": "wrong"}, CLIENT_WRONG, Refusal.CLIENT),
        ({"server": "wrong"}, SERVER_WRONG, Refusal.SERVER),
        ({"client": "wrong", "server": "wrong too"}, CLIENT_WRONG, Refusal.CLIENT),
        ({"client": "S3NTINEL-server-9b1c", "server": "S3NTINEL-client-7f3a"}, CLIENT_WRONG, Refusal.CLIENT),
        ({"user": "stranger"}, CLIENT_WRONG, Refusal.CLIENT),
    ],
    ids=["client", "server", "both", "swapped", "unknown user"],
)
def test_wrong_words(room: Any, keys: Any, log: Any, changes: Any, words: str, logged: Refusal) -> None:
    node = room.node(keys(**changes))

    assert not node.standing.connected
    assert node.standing.words == words
    assert node.standing.retry_in == limits.RECONNECT_REFUSED_SECONDS
    assert [event["why"] for event in log if "why" in event] == [logged.value]
    assert node.links == room.links == []
    assert serves_others(room)


def test_after_a_refusal_a_node_tries_again_once_a_minute(room: Any, keys: Any) -> None:
    node = room.node(keys(client="wrong"))
    room.settle(200)
    assert node.endpoint.attempts == [0, 60, 120, 180]


# --- Masters that are none --------------------------------------------------------------------------------------


class Impostor(Factory):
    """In the master's place, with a key of its own: answers each frame with what `answer` makes of it."""

    noisy = False

    def __init__(self, clock: Any, answer: Callable[[Impostor, bytes], list[bytes]]) -> None:
        self.clock = clock
        self.answer = answer
        self.link: FramedProtocol

    def buildProtocol(self, addr: Any) -> FramedProtocol:
        self.link = FramedProtocol(self.clock, self)
        return self.link

    def connected(self, link: Any) -> None: ...
    def lost(self, reason: str) -> None: ...

    def frames(self, bodies: list[Any]) -> None:
        for body in bodies:
            self.link.send(self.answer(self, bytes(body)))


def lured_node(room: Any, master_key: tls.MasterKey, answer: Callable[[Impostor, bytes], list[bytes]]) -> Any:
    impostor = Impostor(room.clock, answer)
    return room.node(factory=tls.MasterTLS(master_key).wrap(impostor, room.clock))


def test_an_echo_is_no_master(room: Any, other_master_key: Any) -> None:
    node = lured_node(room, other_master_key, lambda _impostor, body: [body])
    assert (node.standing.words, node.links) == (NO_MASTER, [])


@pytest.mark.parametrize("skip_at", [1, 2, 3])
def test_a_master_that_skips_its_proof(room: Any, keys: Any, other_master_key: Any, skip_at: int) -> None:
    """It even knows the client password, as every thief of a node's file did before there were two."""
    machines: list[MasterLogin] = []

    def answer(impostor: Impostor, body: bytes) -> list[bytes]:
        if not machines:
            own = keys(server="not known to it")
            seal = TicketSeal(bytes(32), own, lambda: 0.0)
            machines.append(MasterLogin(own, tls.exporter(impostor.link.transport), seal))
        answer.count += 1  # type: ignore[attr-defined]
        if answer.count == skip_at:  # type: ignore[attr-defined]
            return [b"\x08", b"run this"]
        return [event.body for event in machines[0].receive(body) if isinstance(event, Send)]

    answer.count = 0  # type: ignore[attr-defined]
    node = lured_node(room, other_master_key, answer)
    assert node.standing.words in (NO_MASTER, SERVER_WRONG)
    assert node.links == []


def test_a_master_that_sends_much_before_its_proof(room: Any, other_master_key: Any) -> None:
    node = lured_node(room, other_master_key, lambda _impostor, _body: [b"\x02" + bytes(1000)])
    assert node.standing.words == "The connection to the master is lost: the other end broke the protocol."
    assert node.links == []


class Relay(Factory):
    """In the middle: ends TLS on both sides and passes every frame on unchanged."""

    noisy = False

    def __init__(self, room: Any) -> None:
        self.room = room
        self.passed = 0

    def buildProtocol(self, addr: Any) -> FramedProtocol:
        near, far = RelayEnd(self), RelayEnd(self)
        near.link, far.link = (FramedProtocol(self.room.clock, end) for end in (near, far))
        near.other, far.other = far, near
        endpoint = self.room.network.endpoint(self.room.listener.factory, "10.0.0.50")
        endpoint.connect(tls.NodeTLS().wrap(Given(far.link), self.room.clock))
        return near.link


class Given(Factory):
    def __init__(self, protocol: FramedProtocol) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: Any) -> FramedProtocol:
        return self._protocol


class RelayEnd:
    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.link: FramedProtocol
        self.other: RelayEnd

    def connected(self, link: Any) -> None: ...

    def frames(self, bodies: list[Any]) -> None:
        self.relay.passed += len(bodies)
        self.other.link.send([bytes(body) for body in bodies])

    def lost(self, reason: str) -> None:
        self.other.link.close()


def test_a_relay_in_the_middle_with_tls_on_both_sides(room: Any, other_master_key: Any) -> None:
    relay = Relay(room)
    node = room.node(factory=tls.MasterTLS(other_master_key).wrap(relay, room.clock))

    assert relay.passed == 4  # HELLO, ANSWER, PROOF, REFUSED: it did relay
    assert node.standing.words == CLIENT_WRONG
    assert node.links == room.links == []
    assert serves_others(room)


def test_the_same_relay_without_tls_of_its_own_is_only_a_wire(room: Any) -> None:
    """The control: it is the second channel that gives a relay away, and not its delay or its address."""

    class Wire(Protocol):
        def connectionMade(self) -> None:
            self.far = WireEnd()
            self.far.near = self
            room.network.endpoint(room.listener.factory, "10.0.0.50").connect(Given(self.far))  # type: ignore[arg-type]

        def dataReceived(self, data: bytes) -> None:
            self.far.transport.write(data)

    class WireEnd(Protocol):
        def dataReceived(self, data: bytes) -> None:
            self.near.transport.write(data)

    assert room.node(factory=Factory.forProtocol(Wire)).standing.connected


class PlainText(Protocol):
    def connectionMade(self) -> None:
        self.transport.write(b"SSH-2.0-OpenSSH_9.2\r\n")


def test_a_server_that_speaks_no_tls(room: Any) -> None:
    node = room.node(factory=Factory.forProtocol(PlainText))
    assert (node.standing.words, node.standing.retry_in) == (NO_MASTER, limits.RECONNECT_REFUSED_SECONDS)


@implementer(IOpenSSLServerConnectionCreator)
class OldTLS:
    def __init__(self, key: tls.MasterKey) -> None:
        self._context = SSL.Context(SSL.TLS_METHOD)
        self._context.set_max_proto_version(SSL.TLS1_2_VERSION)
        self._context.use_certificate(key.certificate)
        self._context.use_privatekey(key.private)

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        return SSL.Connection(self._context, None)


def test_a_master_with_an_older_tls(room: Any, master_key: tls.MasterKey) -> None:
    impostor = Impostor(room.clock, lambda _impostor, body: [body])
    node = room.node(factory=TLSMemoryBIOFactory(OldTLS(master_key), False, impostor, room.clock))
    assert (node.standing.words, node.links) == (NO_MASTER, [])


# --- Nodes that are none -----------------------------------------------------------------------------------------


def test_plain_text_at_the_masters_port(room: Any) -> None:
    browser = room.silent("10.0.0.5")
    browser.transport.write(b"GET / HTTP/1.0\r\n\r\n")
    room.settle()
    assert not browser.alive
    assert serves_others(room)


@pytest.mark.parametrize("size", [limits.LOGIN_FRAME + 1, 2**31 - 1, 2**32 - 1])
def test_a_giant_frame_before_the_login_ends_it_at_its_header(room: Any, size: int) -> None:
    stranger = room.stranger()
    stranger.transport.write(size.to_bytes(4, "big"))
    room.settle()
    assert not stranger.alive
    assert serves_others(room)


def test_frames_ahead_of_their_turn(room: Any, keys: Any) -> None:
    stranger = room.stranger()
    hello = stranger.login(keys()).start().body
    stranger.transport.write(frame(hello) + frame(b"\x06"))
    room.settle()
    assert not stranger.alive
    assert serves_others(room)


def test_a_node_that_speaks_before_it_is_welcome(room: Any, keys: Any) -> None:
    stranger = room.stranger()
    login = stranger.login(keys())
    event = login.start()
    for _ in range(2):
        stranger.link.send(event.body)
        room.settle()
        (event,) = login.receive(stranger.heard[-1])
    stranger.transport.write(frame(event.body) + frame(b"impatient"))
    room.settle()
    assert room.links == []
    assert not stranger.alive


def test_the_masters_own_words_sent_back_to_it(room: Any, keys: Any) -> None:
    stranger = room.stranger()
    stranger.link.send(stranger.login(keys()).start().body)
    room.settle()
    stranger.link.send(stranger.heard[-1])
    room.settle()
    assert not stranger.alive
    assert room.links == []


first_frames = st.one_of(
    st.binary(max_size=300).map(frame),
    st.binary(max_size=100),
    st.binary(max_size=120).map(lambda rest: frame(b"\x01\x01A" + rest)),
    st.lists(st.binary(min_size=1, max_size=40), max_size=4).map(lambda bodies: b"".join(map(frame, bodies))),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=first_frames)
def test_noise_as_first_frames(room: Any, data: bytes) -> None:
    stranger = room.stranger(f"10.3.{room.clock.seconds() % 250:.0f}.1")
    stranger.transport.write(data)
    room.settle(limits.LOGIN_STEP_SECONDS + 1)
    assert not stranger.alive
    assert room.links == []


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(min_size=1, max_size=400))
def test_noise_instead_of_tls(room: Any, data: bytes) -> None:
    stranger = room.silent("10.0.0.5")
    stranger.transport.write(data)
    room.settle(limits.LOGIN_STEP_SECONDS)
    assert not stranger.alive

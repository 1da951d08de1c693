"""The mutual login of a node and its master, "AC1", sans-IO: frames in, frames and one outcome out.

It runs inside TLS 1.3, whose certificate proves nothing: each side proves a password by SPAKE2 instead, and both
proofs are bound to this very TLS channel by its exporter `E`. N is the node, M the master, H is SHA-256 over
length-prefixed parts, Kc and Ks are what SPAKE2 makes of the client and of the server password:

    1 HELLO    N->M  version, A_c, A_s, user          A_c, A_s: SPAKE2 messages for the two passwords
    2 ANSWER   N<-M  B_c                              of an unknown user: the same arithmetic with a random password
    3 PROOF    N->M  HMAC(Kc, everything so far)      "the node knows the client password"
    4 REVERSE  N<-M  B_s, HMAC(Ks, everything so far, Kc)      "the master knows the server password"
      REFUSED  N<-M  why                              instead of 2 or 4; the master is done
    5 TRUST    N->M  or DISTRUST; the node is done
    6 WELCOME  N<-M  ticket, HMAC of it               only now either side makes what can run code

A node that has a ticket (`tickets`) of an earlier login begins otherwise; R is the secret that the ticket stands for:

    1 RESUME   N->M  version, ticket, HMAC(R, everything so far)     "the node is the one that logged in"
    2 RESUMED  N<-M  HMAC(R, everything so far)       "the master is the one it logged in at"; on with 5
      STALE    N<-M                                   the master cannot open it; on with HELLO, once

No password and nothing derived from one alone crosses the wire; a hostile end gets one guess a connection. The two
passwords have their own labels, the two roles have SPAKE2's own sides, so nothing that one end says can be sent back
to it. Every frame has one exact length and one place. Whatever is wrong ends the login as `MALFORMED`; its details
reach no log, since the other end chose them.

`NodeLogin` waits for WELCOME before it speaks again, so the master's next frame may follow it in the same read.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TypeAlias

from spake2 import SPAKEError
from spake2.ed25519_basic import NotOnCurve

from asyncluster.core.errors import ProtocolError
from asyncluster.core.wire.passwords import MAX_USER_BYTES, Entropy, LoginKeys, MasterSide, NodeSide
from asyncluster.core.wire.tickets import SEALED_SIZE, Ticket, TicketSeal

VERSION = 1

_POINT = 33  # SPAKE2's side and a point of Ed25519
_MAC = 32
_EXPORTER = 32


class Refusal(Enum):
    """Why a login failed, in the only words that are ever logged about it."""

    CLIENT = "the node's user or client password is wrong"
    SERVER = "the master's server password is wrong"
    VERSION = "the two ends speak different versions of the protocol"
    MALFORMED = "the other end does not follow the protocol"


@dataclass(frozen=True)
class Send:
    """A frame to be sent."""

    body: bytes


@dataclass(frozen=True)
class LoginDone:
    """Each end knows that the other one has its password.

    Attributes:
        user: the name they agree on.
        channel: hash of all that was said; the same at both ends, another one for each login.
    """

    user: str
    channel: bytes


@dataclass(frozen=True)
class LoginRefused:
    """The connection has to be closed once the frames before this event are sent."""

    reason: Refusal


Event: TypeAlias = Send | LoginDone | LoginRefused


class _Kind(IntEnum):
    """First byte of each frame."""

    HELLO = 1
    ANSWER = 2
    PROOF = 3
    REVERSE = 4
    REFUSED = 5
    TRUST = 6
    DISTRUST = 7
    WELCOME = 8
    RESUME = 9
    RESUMED = 10
    STALE = 11


_CODES = {1: Refusal.CLIENT, 2: Refusal.VERSION}
_CODE_OF = {refusal: code for code, refusal in _CODES.items()}


def _join(*parts: bytes) -> bytes:
    """The parts with their lengths, so that no two lists of parts give the same bytes."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _hash(*parts: bytes) -> bytes:
    return hashlib.sha256(_join(*parts)).digest()


def _mac(key: bytes, label: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, _join(label, *parts), "sha256")


# --- The two machines -----------------------------------------------------------------------------------------


class _Login:
    """What both ends share: one method per state that takes exactly one frame, and the way out when it is wrong."""

    def __init__(self, keys: LoginKeys, exporter: bytes, entropy: Entropy) -> None:
        if len(exporter) != _EXPORTER:
            raise ValueError("a TLS exporter of 32 bytes is needed")
        self._keys = keys
        self._exporter = exporter
        self._entropy = entropy
        self._transcript = _hash(b"asyncluster login", exporter)
        self._secret = b""  # what the two ends share that have proved themselves
        self._state: Callable[[bytes], list[Event]] = self._out_of_turn

    def receive(self, body: bytes | memoryview) -> list[Event]:
        """Takes the next frame of the other end.

        Returns:
            What to send and how the login ended, if it did; after that every frame is MALFORMED. Never raises
            for what the other end sends.
        """
        try:
            return self._state(bytes(body))
        except (ProtocolError, SPAKEError, NotOnCurve, ValueError):
            return self._refuse(Refusal.MALFORMED)

    def _out_of_turn(self, _unused_body: bytes) -> list[Event]:
        raise ProtocolError("A frame came out of turn.")

    def _refuse(self, reason: Refusal, *answer: Send) -> list[Event]:
        self._state = self._out_of_turn
        return [*answer, LoginRefused(reason)]

    def _said(self, body: bytes) -> None:
        """Adds a frame to what later proofs are about."""
        self._transcript = _hash(self._transcript, body)

    def _ids(self, label: bytes, user: bytes) -> tuple[bytes, bytes]:
        """Names of both ends for SPAKE2: of this password, this user and this TLS channel."""
        return _hash(b"node", label, user, self._exporter), _hash(b"master", label, self._exporter)

    def _share(self, *keys: bytes) -> None:
        """Makes the secret that the next ticket stands for; of this channel, so that no two tickets share theirs."""
        self._secret = _mac(_join(*keys), b"asyncluster resumption", self._transcript)

    def _welcome_proof(self, sealed: bytes) -> bytes:
        return _mac(self._secret, b"master welcomes", self._transcript, sealed)


def _open(body: bytes, kind: _Kind, *sizes: int) -> list[bytes]:
    """The fields of a frame of this kind with exactly these sizes."""
    if len(body) != 1 + sum(sizes) or body[0] != kind:
        raise ProtocolError("A frame of the login has the wrong kind or length.")
    fields = []
    start = 1
    for size in sizes:
        fields.append(body[start : start + size])
        start += size
    return fields


class NodeLogin(_Login):
    """The node's end. `start()` gives its first frame.

    Args:
        keys: of the node's configuration.
        exporter: 32 bytes of TLS keying material of this connection, label "EXPORTER-Channel-Binding".
        entropy: source of randomness.
        ticket: of an earlier login at this master, if there is one.

    Attributes:
        trusts: the master has proved itself. From then on its frames may be as long as any.
        ticket: for the next login; None if there is none, or it has turned out to be worth nothing.
    """

    def __init__(
        self, keys: LoginKeys, exporter: bytes, entropy: Entropy = os.urandom, ticket: Ticket | None = None
    ) -> None:
        super().__init__(keys, exporter, entropy)
        self.trusts = False
        self.ticket = ticket
        self._client_key = b""

    def start(self) -> Send:
        """The first frame, which has to be sent."""
        return self._greet() if self.ticket is None else self._resume(self.ticket)

    def _resume(self, ticket: Ticket) -> Send:
        head = bytes([_Kind.RESUME, VERSION]) + ticket.sealed
        self._said(head)
        proof = _mac(ticket.secret, b"node resumes", self._transcript)
        self._said(proof)
        self._state = self._resumed
        return Send(head + proof)

    def _resumed(self, body: bytes) -> list[Event]:
        assert self.ticket is not None
        secret, self.ticket = self.ticket.secret, None
        if body[:1] == bytes([_Kind.REFUSED]):
            return self._refused(body)
        if body == bytes([_Kind.STALE]):
            self._said(body)
            return [self._greet()]
        (mac,) = _open(body, _Kind.RESUMED, _MAC)
        if not hmac.compare_digest(_mac(secret, b"master resumes", self._transcript), mac):
            return self._refuse(Refusal.SERVER, Send(bytes([_Kind.DISTRUST])))
        self._said(body)
        return self._trust(secret)

    def _greet(self) -> Send:
        self._client = NodeSide(self._keys.client, self._ids(b"client", self._keys.user), self._entropy)
        self._server = NodeSide(self._keys.server, self._ids(b"server", self._keys.user), self._entropy)
        hello = bytes([_Kind.HELLO, VERSION]) + self._client.start() + self._server.start() + self._keys.user
        self._said(hello)
        self._state = self._answered
        return Send(hello)

    def _answered(self, body: bytes) -> list[Event]:
        if body[:1] == bytes([_Kind.REFUSED]):
            return self._refused(body)
        (point,) = _open(body, _Kind.ANSWER, _POINT)
        self._said(body)
        self._client_key = self._client.finish(point)
        proof = bytes([_Kind.PROOF]) + _mac(self._client_key, b"node proves client password", self._transcript)
        self._said(proof)
        self._state = self._reversed
        return [Send(proof)]

    def _reversed(self, body: bytes) -> list[Event]:
        if body[:1] == bytes([_Kind.REFUSED]):
            return self._refused(body)
        point, mac = _open(body, _Kind.REVERSE, _POINT, _MAC)
        server_key = self._server.finish(point)
        expected = _reverse_proof(server_key, self._transcript, point, self._client_key)
        if not hmac.compare_digest(expected, mac):
            return self._refuse(Refusal.SERVER, Send(bytes([_Kind.DISTRUST])))
        self._said(body)
        return self._trust(self._client_key, server_key)

    def _trust(self, *keys: bytes) -> list[Event]:
        self._share(*keys)
        self.trusts = True
        self._state = self._welcomed
        return [Send(bytes([_Kind.TRUST]))]

    def _welcomed(self, body: bytes) -> list[Event]:
        sealed, mac = _open(body, _Kind.WELCOME, SEALED_SIZE, _MAC)
        if not hmac.compare_digest(self._welcome_proof(sealed), mac):
            raise ProtocolError("The ticket is not what the master sent.")
        self.ticket = Ticket(sealed, self._secret)
        self._state = self._out_of_turn
        return [LoginDone(self._keys.user.decode(), self._transcript)]

    def _refused(self, body: bytes) -> list[Event]:
        (code,) = _open(body, _Kind.REFUSED, 1)
        return self._refuse(_CODES.get(code[0], Refusal.MALFORMED))


class MasterLogin(_Login):
    """The master's end; `keys` of the master's configuration, `seal` of its tickets, the rest as for `NodeLogin`.

    Of its two long computations the second, with the server password, is done only for a node that has proved
    the client password.

    Attributes:
        proved: the node has proved itself; what it says before that is a guess.
    """

    def __init__(self, keys: LoginKeys, exporter: bytes, seal: TicketSeal, entropy: Entropy = os.urandom) -> None:
        super().__init__(keys, exporter, entropy)
        self._state = self._begun
        self.proved = False
        self._seal = seal
        self._since = 0.0  # when the node logged in with passwords
        self._known = False
        self._client: MasterSide | None = None
        self._points = (b"", b"")

    def _begun(self, body: bytes) -> list[Event]:
        if body[:1] in (bytes([_Kind.HELLO]), bytes([_Kind.RESUME])) and body[1:2] != bytes([VERSION]):
            return self._refuse(Refusal.VERSION, _refusal(Refusal.VERSION))
        return self._resumes(body) if body[:1] == bytes([_Kind.RESUME]) else self._greeted(body)

    def _resumes(self, body: bytes) -> list[Event]:
        _version, sealed, mac = _open(body, _Kind.RESUME, 1, SEALED_SIZE, _MAC)
        self._said(body[:-_MAC])
        opened = self._seal.open(sealed)
        if opened is None:
            self._said(mac)
            stale = bytes([_Kind.STALE])
            self._said(stale)
            self._state = self._greeted
            return [Send(stale)]
        secret, self._since = opened
        if not hmac.compare_digest(_mac(secret, b"node resumes", self._transcript), mac):
            return self._refuse(Refusal.CLIENT, _refusal(Refusal.CLIENT))
        self.proved = True
        self._said(mac)
        resumed = bytes([_Kind.RESUMED]) + _mac(secret, b"master resumes", self._transcript)
        self._said(resumed)
        self._share(secret)
        self._state = self._judged
        return [Send(resumed)]

    def _greeted(self, body: bytes) -> list[Event]:
        user_size = len(body) - 2 - 2 * _POINT
        if not 0 < user_size <= MAX_USER_BYTES:
            raise ProtocolError("The user's name is too short or too long.")
        _version, client_point, server_point, user = _open(body, _Kind.HELLO, 1, _POINT, _POINT, user_size)
        self._said(body)
        self._known = hmac.compare_digest(user, self._keys.user)
        secret = self._keys.client if self._known else self._keys.decoy
        self._points = (client_point, server_point)
        self._client = MasterSide(secret, self._ids(b"client", user), self._entropy)
        answer = bytes([_Kind.ANSWER]) + self._client.start()
        self._said(answer)
        self._state = self._proved
        return [Send(answer)]

    def _proved(self, body: bytes) -> list[Event]:
        (mac,) = _open(body, _Kind.PROOF, _MAC)
        assert self._client is not None
        client_key = self._client.finish(self._points[0])
        expected = _mac(client_key, b"node proves client password", self._transcript)
        if not (hmac.compare_digest(expected, mac) and self._known):
            return self._refuse(Refusal.CLIENT, _refusal(Refusal.CLIENT))
        self.proved = True
        self._said(body)
        side = MasterSide(self._keys.server, self._ids(b"server", self._keys.user), self._entropy)
        point = side.start()
        server_key = side.finish(self._points[1])
        reverse = bytes([_Kind.REVERSE]) + point + _reverse_proof(server_key, self._transcript, point, client_key)
        self._said(reverse)
        self._share(client_key, server_key)
        self._since = self._seal.now()
        self._state = self._judged
        return [Send(reverse)]

    def _judged(self, body: bytes) -> list[Event]:
        if body == bytes([_Kind.DISTRUST]):
            return self._refuse(Refusal.SERVER)
        _open(body, _Kind.TRUST)
        self._state = self._out_of_turn
        sealed = self._seal.seal(self._secret, self._since)
        welcome = bytes([_Kind.WELCOME]) + sealed + self._welcome_proof(sealed)
        return [Send(welcome), LoginDone(self._keys.user.decode(), self._transcript)]


def _reverse_proof(server_key: bytes, transcript: bytes, point: bytes, client_key: bytes) -> bytes:
    """Shows the server password, to the very node that has shown the client password."""
    return _mac(server_key, b"master proves server password", transcript, point, client_key)


def _refusal(reason: Refusal) -> Send:
    return Send(bytes([_Kind.REFUSED, _CODE_OF[reason]]))

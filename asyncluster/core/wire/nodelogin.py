"""The node's end of the mutual login that `login` describes."""

from __future__ import annotations

import hmac
import os

from asyncluster.core.errors import ProtocolError
from asyncluster.core.wire.login import (
    MAC_SIZE,
    POINT_SIZE,
    REFUSALS,
    VERSION,
    Event,
    Kind,
    Login,
    LoginDone,
    Refusal,
    Send,
    mac_of,
    open_frame,
    reverse_proof,
)
from asyncluster.core.wire.passwords import Entropy, LoginKeys, NodeSide
from asyncluster.core.wire.tickets import SEALED_SIZE, Ticket


class NodeLogin(Login):
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
        head = bytes([Kind.RESUME, VERSION]) + ticket.sealed
        self._said(head)
        proof = mac_of(ticket.secret, b"node resumes", self._transcript)
        self._said(proof)
        self._state = self._resumed
        return Send(head + proof)

    def _resumed(self, body: bytes) -> list[Event]:
        assert self.ticket is not None
        secret, self.ticket = self.ticket.secret, None
        if body[:1] == bytes([Kind.REFUSED]):
            return self._refused(body)
        if body == bytes([Kind.STALE]):
            self._said(body)
            return [self._greet()]
        (mac,) = open_frame(body, Kind.RESUMED, MAC_SIZE)
        if not hmac.compare_digest(mac_of(secret, b"master resumes", self._transcript), mac):
            return self._refuse(Refusal.SERVER, Send(bytes([Kind.DISTRUST])))
        self._said(body)
        return self._trust(secret)

    def _greet(self) -> Send:
        self._client = NodeSide(self._keys.client, self._ids(b"client", self._keys.user), self._entropy)
        self._server = NodeSide(self._keys.server, self._ids(b"server", self._keys.user), self._entropy)
        hello = bytes([Kind.HELLO, VERSION]) + self._client.start() + self._server.start() + self._keys.user
        self._said(hello)
        self._state = self._answered
        return Send(hello)

    def _answered(self, body: bytes) -> list[Event]:
        if body[:1] == bytes([Kind.REFUSED]):
            return self._refused(body)
        (point,) = open_frame(body, Kind.ANSWER, POINT_SIZE)
        self._said(body)
        self._client_key = self._client.finish(point)
        proof = bytes([Kind.PROOF]) + mac_of(self._client_key, b"node proves client password", self._transcript)
        self._said(proof)
        self._state = self._reversed
        return [Send(proof)]

    def _reversed(self, body: bytes) -> list[Event]:
        if body[:1] == bytes([Kind.REFUSED]):
            return self._refused(body)
        point, mac = open_frame(body, Kind.REVERSE, POINT_SIZE, MAC_SIZE)
        server_key = self._server.finish(point)
        expected = reverse_proof(server_key, self._transcript, point, self._client_key)
        if not hmac.compare_digest(expected, mac):
            return self._refuse(Refusal.SERVER, Send(bytes([Kind.DISTRUST])))
        self._said(body)
        return self._trust(self._client_key, server_key)

    def _trust(self, *keys: bytes) -> list[Event]:
        self._share(*keys)
        self.trusts = True
        self._state = self._welcomed
        return [Send(bytes([Kind.TRUST]))]

    def _welcomed(self, body: bytes) -> list[Event]:
        sealed, mac = open_frame(body, Kind.WELCOME, SEALED_SIZE, MAC_SIZE)
        if not hmac.compare_digest(self._welcome_proof(sealed), mac):
            raise ProtocolError("The ticket is not what the master sent.")
        self.ticket = Ticket(sealed, self._secret)
        self._state = self._out_of_turn
        return [LoginDone(self._keys.user.decode(), self._transcript)]

    def _refused(self, body: bytes) -> list[Event]:
        (code,) = open_frame(body, Kind.REFUSED, 1)
        return self._refuse(REFUSALS.get(code[0], Refusal.MALFORMED))

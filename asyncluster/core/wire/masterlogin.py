"""The master's end of the mutual login that `login` describes."""

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
from asyncluster.core.wire.passwords import MAX_USER_BYTES, Entropy, LoginKeys, MasterSide
from asyncluster.core.wire.tickets import SEALED_SIZE, TicketSeal

_CODES = {refusal: code for code, refusal in REFUSALS.items()}


class MasterLogin(Login):
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
        if body[:1] in (bytes([Kind.HELLO]), bytes([Kind.RESUME])) and body[1:2] != bytes([VERSION]):
            return self._refuse(Refusal.VERSION, _refusal(Refusal.VERSION))
        return self._resumes(body) if body[:1] == bytes([Kind.RESUME]) else self._greeted(body)

    def _resumes(self, body: bytes) -> list[Event]:
        _version, sealed, mac = open_frame(body, Kind.RESUME, 1, SEALED_SIZE, MAC_SIZE)
        self._said(body[:-MAC_SIZE])
        opened = self._seal.open(sealed)
        if opened is None:
            self._said(mac)
            stale = bytes([Kind.STALE])
            self._said(stale)
            self._state = self._greeted
            return [Send(stale)]
        secret, self._since = opened
        if not hmac.compare_digest(mac_of(secret, b"node resumes", self._transcript), mac):
            return self._refuse(Refusal.CLIENT, _refusal(Refusal.CLIENT))
        self.proved = True
        self._said(mac)
        resumed = bytes([Kind.RESUMED]) + mac_of(secret, b"master resumes", self._transcript)
        self._said(resumed)
        self._share(secret)
        self._state = self._judged
        return [Send(resumed)]

    def _greeted(self, body: bytes) -> list[Event]:
        user_size = len(body) - 2 - 2 * POINT_SIZE
        if not 0 < user_size <= MAX_USER_BYTES:
            raise ProtocolError("The user's name is too short or too long.")
        _version, client_point, server_point, user = open_frame(body, Kind.HELLO, 1, POINT_SIZE, POINT_SIZE, user_size)
        self._said(body)
        self._known = hmac.compare_digest(user, self._keys.user)
        secret = self._keys.client if self._known else self._keys.decoy
        self._points = (client_point, server_point)
        self._client = MasterSide(secret, self._ids(b"client", user), self._entropy)
        answer = bytes([Kind.ANSWER]) + self._client.start()
        self._said(answer)
        self._state = self._proved
        return [Send(answer)]

    def _proved(self, body: bytes) -> list[Event]:
        (mac,) = open_frame(body, Kind.PROOF, MAC_SIZE)
        assert self._client is not None
        client_key = self._client.finish(self._points[0])
        expected = mac_of(client_key, b"node proves client password", self._transcript)
        if not (hmac.compare_digest(expected, mac) and self._known):
            return self._refuse(Refusal.CLIENT, _refusal(Refusal.CLIENT))
        self.proved = True
        self._said(body)
        side = MasterSide(self._keys.server, self._ids(b"server", self._keys.user), self._entropy)
        point = side.start()
        server_key = side.finish(self._points[1])
        reverse = bytes([Kind.REVERSE]) + point + reverse_proof(server_key, self._transcript, point, client_key)
        self._said(reverse)
        self._share(client_key, server_key)
        self._since = self._seal.now()
        self._state = self._judged
        return [Send(reverse)]

    def _judged(self, body: bytes) -> list[Event]:
        if body == bytes([Kind.DISTRUST]):
            return self._refuse(Refusal.SERVER)
        open_frame(body, Kind.TRUST)
        self._state = self._out_of_turn
        sealed = self._seal.seal(self._secret, self._since)
        welcome = bytes([Kind.WELCOME]) + sealed + self._welcome_proof(sealed)
        return [Send(welcome), LoginDone(self._keys.user.decode(), self._transcript)]


def _refusal(reason: Refusal) -> Send:
    return Send(bytes([Kind.REFUSED, _CODES[reason]]))

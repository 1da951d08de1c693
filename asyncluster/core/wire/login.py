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
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TypeAlias

from spake2 import SPAKEError
from spake2.ed25519_basic import NotOnCurve

from asyncluster.core.errors import ProtocolError
from asyncluster.core.wire.passwords import Entropy, LoginKeys

VERSION = 1

POINT_SIZE = 33  # SPAKE2's side and a point of Ed25519
MAC_SIZE = 32
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


class Kind(IntEnum):
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


#: The codes in REFUSED.
REFUSALS = {1: Refusal.CLIENT, 2: Refusal.VERSION}


def joined(*parts: bytes) -> bytes:
    """The parts with their lengths, so that no two lists of parts give the same bytes."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def hash_of(*parts: bytes) -> bytes:
    return hashlib.sha256(joined(*parts)).digest()


def mac_of(key: bytes, label: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, joined(label, *parts), "sha256")


class Login:
    """What both ends share: one method per state that takes exactly one frame, and the way out when it is wrong."""

    def __init__(self, keys: LoginKeys, exporter: bytes, entropy: Entropy) -> None:
        if len(exporter) != _EXPORTER:
            raise ValueError("a TLS exporter of 32 bytes is needed")
        self._keys = keys
        self._exporter = exporter
        self._entropy = entropy
        self._transcript = hash_of(b"asyncluster login", exporter)
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
        self._transcript = hash_of(self._transcript, body)

    def _ids(self, label: bytes, user: bytes) -> tuple[bytes, bytes]:
        """Names of both ends for SPAKE2: of this password, this user and this TLS channel."""
        return hash_of(b"node", label, user, self._exporter), hash_of(b"master", label, self._exporter)

    def _share(self, *keys: bytes) -> None:
        """Makes the secret that the next ticket stands for; of this channel, so that no two tickets share theirs."""
        self._secret = mac_of(joined(*keys), b"asyncluster resumption", self._transcript)

    def _welcome_proof(self, sealed: bytes) -> bytes:
        return mac_of(self._secret, b"master welcomes", self._transcript, sealed)


def open_frame(body: bytes, kind: Kind, *sizes: int) -> list[bytes]:
    """The fields of a frame of this kind with exactly these sizes."""
    if len(body) != 1 + sum(sizes) or body[0] != kind:
        raise ProtocolError("A frame of the login has the wrong kind or length.")
    fields = []
    start = 1
    for size in sizes:
        fields.append(body[start : start + size])
        start += size
    return fields


def reverse_proof(server_key: bytes, transcript: bytes, point: bytes, client_key: bytes) -> bytes:
    """Shows the server password, to the very node that has shown the client password."""
    return mac_of(server_key, b"master proves server password", transcript, point, client_key)

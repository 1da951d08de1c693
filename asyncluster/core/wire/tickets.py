"""Tickets: how a node that has logged in once proves itself again for the price of two hashes.

At the end of a login both ends hold a secret that nobody else can know. The master seals it, with the time of that
login, under a key that only it has, and hands the sealed thing, the ticket, to the node: so the master keeps nothing
for each node, and tickets outlive its restart, which is when a thousand nodes come back at once.

A ticket alone is worthless, and so is a copy of everything that ever crossed the wire: whoever shows it has to prove
the secret inside for the new TLS channel, and so has the master. It ends with its time, with a change of the user or
of either password, and with the master's key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from asyncluster.core.wire.passwords import Entropy, LoginKeys

#: Seconds from a login with passwords until its tickets end, those that were given for tickets included.
LIFETIME = 7 * 24 * 3600.0

SECRET_SIZE = 32
_NONCE, _TAG = 12, 16
_INSIDE = struct.Struct(f"!d{SECRET_SIZE}s")

#: Bytes of a sealed ticket.
SEALED_SIZE = _NONCE + _INSIDE.size + _TAG


@dataclass(frozen=True)
class Ticket:
    """A node's ticket.

    Attributes:
        sealed: what it shows to the master, and cannot read itself.
        secret: what it proves.
    """

    sealed: bytes
    secret: bytes = field(repr=False)


class TicketSeal:
    """Seals and opens the tickets of one master.

    Args:
        key: a secret of this master's that outlives its process.
        keys: user and passwords; other ones make all tickets void.
        now: seconds since 1970.
        entropy: source of randomness.
    """

    def __init__(self, key: bytes, keys: LoginKeys, now: Callable[[], float], entropy: Entropy = os.urandom) -> None:
        bound = (
            b"asyncluster tickets" + keys.client.password + keys.server.password + hashlib.sha256(keys.user).digest()
        )
        self._cipher = ChaCha20Poly1305(hmac.digest(key, bound, "sha256"))
        self._now = now
        self._entropy = entropy

    def now(self) -> float:
        """The time of a login with passwords, for `seal`."""
        return self._now()

    def seal(self, secret: bytes, since: float) -> bytes:
        """A ticket for `secret`, given to a node that logged in with passwords at `since`."""
        nonce = self._entropy(_NONCE)
        return nonce + self._cipher.encrypt(nonce, _INSIDE.pack(since, secret), None)

    def open(self, sealed: bytes) -> tuple[bytes, float] | None:
        """Secret and time of a ticket; None if it is not one of ours, or its time is over."""
        if len(sealed) != SEALED_SIZE:
            return None
        try:
            inside = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
        except InvalidTag:
            return None
        since, secret = _INSIDE.unpack(inside)
        # A ticket from the future: the clock was set back, and how old the ticket is nobody knows.
        return (secret, since) if 0 <= self._now() - since < LIFETIME else None

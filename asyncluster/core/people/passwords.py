"""Passwords: Argon2id, and nothing that tells a wrong name from a wrong password.

Hashes are PHC strings, `$argon2id$v=19$m=65536,t=3,p=1$salt$key`, so each says how it was made. A password is
compared in Unicode's NFC form, whole: one that is too long is refused, never cut.
"""

from __future__ import annotations

import os
import re
import unicodedata
from base64 import b64encode
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from asyncluster.core.errors import UsageError

SHORTEST = 8  # characters of a new password
LONGEST = 1024  # bytes of any password
_KEY_LENGTH = 32
_SALT_LENGTH = 16
_PHC = re.compile(r"\$argon2id\$v=19\$m=([0-9]{1,8}),t=([0-9]{1,3}),p=([0-9]{1,2})\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+")
# More than this is no hash of ours but an attempt to keep the master busy.
_MOST_MEMORY, _MOST_PASSES, _MOST_LANES = 1 << 20, 20, 16


def checked(password: str) -> str:
    """A password that may become somebody's.

    Raises:
        UsageError: it is too short, too long, or cannot be typed.
    """
    if _normal(password) is None or any(unicodedata.category(letter) == "Cc" for letter in password):
        raise UsageError(f"A password has at most {LONGEST} bytes and no control characters.")
    if len(unicodedata.normalize("NFC", password)) < SHORTEST:
        raise UsageError(f"A password has at least {SHORTEST} characters.")
    return password


@dataclass(frozen=True)
class Hasher:
    """Makes and checks hashes with one set of costs.

    Attributes:
        passes: over the memory (t).
        memory: in KiB (m).
        lanes: computed in parallel (p).
    """

    passes: int = 3
    memory: int = 64 * 1024
    lanes: int = 1
    _decoy: str = field(init=False, repr=False, default="")

    def __post_init__(self) -> None:
        # What no password gives takes no hashing to make.
        salt, key = (b64encode(os.urandom(n)).decode().rstrip("=") for n in (_SALT_LENGTH, _KEY_LENGTH))
        costs = f"m={self.memory},t={self.passes},p={self.lanes}"
        object.__setattr__(self, "_decoy", f"$argon2id$v=19${costs}${salt}${key}")

    def hash(self, password: str) -> str:
        """A new hash of a password that `checked` would accept (a short one, too: imports bring them along).

        Raises:
            UsageError: the password is longer than `LONGEST` bytes, or no text.
        """
        secret = _normal(password)
        if secret is None:
            raise UsageError(f"A password has at most {LONGEST} bytes.")
        kdf = Argon2id(
            salt=os.urandom(_SALT_LENGTH),
            length=_KEY_LENGTH,
            iterations=self.passes,
            lanes=self.lanes,
            memory_cost=self.memory,
        )
        return kdf.derive_phc_encoded(secret)

    def verify(self, password: str, stored: str | None) -> bool:
        """Is this the password of `stored`? None (nobody's) takes as long, and is never right."""
        secret = _normal(password)
        right = _matches(secret or b"", stored if stored and _affordable(stored) else self._decoy)
        return right and secret is not None and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Was this hash made with other costs than ours?"""
        return _costs(stored) != (self.memory, self.passes, self.lanes)


def _normal(password: str) -> bytes | None:
    if len(password) > LONGEST:  # before the work of normalising it
        return None
    try:
        secret = unicodedata.normalize("NFC", password).encode()
    except UnicodeEncodeError:
        return None
    return secret if len(secret) <= LONGEST else None


def _costs(stored: str) -> tuple[int, ...]:
    match = _PHC.fullmatch(stored)
    return tuple(int(number) for number in match.groups()) if match else ()


def _affordable(stored: str) -> bool:
    costs = _costs(stored)
    return bool(costs) and costs[0] <= _MOST_MEMORY and costs[1] <= _MOST_PASSES and costs[2] <= _MOST_LANES


def _matches(secret: bytes, stored: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(secret, stored)
    except (InvalidKey, ValueError):
        return False
    return True

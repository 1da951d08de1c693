"""Passwords that no person has thought of: `key:` and 256 random bits in base64url.

Stretching makes each guess dear, which helps where somebody may guess. Nobody guesses 256 random bits, so `passwords`
stretches what looks like this no further. The prefix is the promise that the rest was not made up by hand.
"""

from __future__ import annotations

import re
import secrets

_PREFIX = "key:"
_BYTES = 32
_KEY = re.compile(rf"{_PREFIX}[A-Za-z0-9_-]{{43}}")


def new_key() -> str:
    """A fresh one."""
    return _PREFIX + secrets.token_urlsafe(_BYTES)


def is_key(password: str) -> bool:
    """Whether a password is one of these, by its form."""
    return _KEY.fullmatch(password) is not None

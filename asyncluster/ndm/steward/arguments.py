"""What a message of the node daemon's holds, checked: it may have been taken over by somebody.

Each function returns one field of a message, and raises `ProtocolError` if it is not there or makes no sense.
"""

from __future__ import annotations

from asyncluster.core.errors import ProtocolError
from asyncluster.ndm.session.channel import Fields
from asyncluster.ndm.session.record import is_session

_MOST_TEXT = 4096  # characters
_LATEST = 2.0**40  # seconds


def text(fields: Fields, name: str) -> str:
    """A text of modest length that C functions take whole."""
    value = fields.get(name)
    if not isinstance(value, str) or len(value) > _MOST_TEXT or "\0" in value:
        raise _wrong(name)
    return value


def text_or_none(fields: Fields, name: str) -> str | None:
    """A text, or None."""
    return None if fields.get(name) is None else text(fields, name)


def session(fields: Fields) -> str:
    """The name of a session."""
    value = fields.get("session")
    if not is_session(value):
        raise ProtocolError("The node daemon named a session that is none.")
    return str(value)


def instant(fields: Fields, name: str) -> float:
    """Seconds, of whatever clock."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise _wrong(name)
    return value


def instant_or_none(fields: Fields, name: str) -> float | None:
    """Seconds, or None."""
    return None if fields.get(name) is None else instant(fields, name)


def whole(fields: Fields, name: str, low: int, high: int) -> int:
    """A whole number in a range."""
    value = fields.get(name)
    if type(value) is not int or not low <= value <= high:
        raise _wrong(name)
    return value


def _wrong(name: str) -> ProtocolError:
    return ProtocolError(f"The node daemon sent a wrong {name}.")

"""Python values as bytes and back: pickle 5 with large buffers apart, and cloudpickle where plain pickle refuses.

A value becomes `Packed`: a pickle, and the buffers of at least `limits.INLINE` bytes that were left out of it, in
order. A pickle that is itself longer than that is moved to the front of the buffers. The rows of a chunk are pickled
one by one as soon as anything in them needs an import to be unpickled: so one row that cannot be read spoils nothing
but itself, and rows of plain numbers and texts cost nothing extra.
"""

from __future__ import annotations

import io
import itertools
import pickle
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import cloudpickle

from asyncluster.core.errors import UsageError
from asyncluster.core.wire.limits import INLINE
from asyncluster.core.wire.own_modules import own_modules

PROTOCOL = 5

#: What a row of a chunk holds: a value, an error, or a (payload, buffers) to be unpickled on its own.
PLAIN, FAILED, PACKED = 0, 1, 2

Row: TypeAlias = tuple[int, Any]
Sieve: TypeAlias = Callable[[pickle.PickleBuffer], bool]

_STACK_GLOBAL = b"\x93"  # the opcode that every import in a pickle of this protocol needs


class Packed(NamedTuple):
    """A value as bytes, and the buffers that were left out of them; no payload: it is the first buffer."""

    payload: bytes
    buffers: list[memoryview]


class CannotPickle(UsageError):
    """A value cannot travel; the message names the part of it that is to blame."""


def _pack_apart(value: Any, what: str) -> Packed:
    buffers: list[memoryview] = []
    payload = dumps(value, buffers, what)
    return Packed(payload, buffers)


def pack(value: Any, what: str) -> Packed:
    """Packs one value.

    Raises:
        CannotPickle: `what`, the subject of its sentence, and the part that is to blame.
    """
    return _moved_out(_pack_apart(value, what))


def pack_scalars(values: Any) -> Packed:
    """Packs nothing but numbers, texts and bytes, and tuples of them: they need no import and have no buffers."""
    return _moved_out(Packed(pickle.dumps(values, PROTOCOL), []))


def apart(value: Any) -> Any:
    """The value; in the place of large bytes something that becomes them again, but keeps them out of the pickle."""
    return _Apart(value) if type(value) is bytes and len(value) >= INLINE else value


class _Apart:
    """Pickle leaves buffers out of itself, but not bytes; so these are made of a buffer at the other end."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __reduce__(self) -> tuple[type[bytes], tuple[pickle.PickleBuffer]]:
        return bytes, (pickle.PickleBuffer(self._data),)


def _moved_out(packed: Packed) -> Packed:
    if len(packed.payload) <= INLINE:
        return packed
    return Packed(b"", [memoryview(packed.payload), *packed.buffers])


def pack_rows(rows: list[Row], what: str) -> Packed:
    """Packs the rows of a chunk. Raises as `pack`, for the first row that does not pickle."""
    packed = _pack_apart(rows, what)
    if _STACK_GLOBAL in packed.payload:
        packed = _pack_apart([_closed(row, what) for row in rows], what)
    return _moved_out(packed)


def _closed(row: Row, what: str) -> Row:
    """A row that is unpickled on its own."""
    kind, value = row
    if kind != PLAIN:
        return row
    payload, buffers = _pack_apart(value, what)
    return PACKED, (payload, [pickle.PickleBuffer(view) for view in buffers])


def unpack(payload: bytes | memoryview, buffers: Sequence[memoryview]) -> Any:
    """The value again. Runs code of the sender, and may raise anything."""
    if not buffers:
        return pickle.loads(payload)
    if not payload:
        return pickle.loads(buffers[0], buffers=buffers[1:])
    return pickle.loads(payload, buffers=buffers)


def dumps(value: Any, buffers: list[memoryview] | None, what: str) -> bytes:
    """Pickles; buffers that are large go to the end of `buffers` instead, unless that is None."""
    keep_out = None if buffers is None else _sieve(buffers)
    try:
        data = pickle.dumps(value, PROTOCOL, buffer_callback=keep_out)
        if _STACK_GLOBAL not in data or not own_modules.named_in(data):
            return data
    except Exception:  # noqa: S110 - cloudpickle takes more, and says better what is wrong
        pass
    if buffers is not None:
        buffers.clear()
    try:
        return _by_value(value, keep_out)
    except Exception as error:
        path, culprit = _culprit(value)
        part = f"its part {path}" if path else "it"
        kind = type(culprit).__qualname__
        raise CannotPickle(f"{what} cannot be pickled: {part} is of type {kind} ({error}).") from error


def _by_value(value: Any, keep_out: Sieve | None = None) -> bytes:
    own_modules.refresh()
    with io.BytesIO() as file:
        cloudpickle.Pickler(file, PROTOCOL, buffer_callback=keep_out).dump(value)
        return file.getvalue()


def _sieve(buffers: list[memoryview]) -> Sieve:
    def keep_in(buffer: pickle.PickleBuffer) -> bool:
        view = buffer.raw()
        if view.nbytes < INLINE:
            return True
        buffers.append(view)
        return False

    return keep_in


def _culprit(value: Any, path: str = "", depth: int = 8) -> tuple[str, Any]:
    """The innermost part of `value` that does not pickle, and the way to it as Python would write it."""
    if depth:
        for step, part in itertools.islice(_parts(value), 1000):
            try:
                _by_value(part)
            except Exception:
                return _culprit(part, path + step, depth - 1)
    return path, value


def _parts(value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, list | tuple):
        return ((f"[{index}]", part) for index, part in enumerate(value))
    if isinstance(value, dict):
        return ((f"[{key!r:.50}]", part) for key, part in value.items())
    attributes = getattr(value, "__dict__", None)
    if isinstance(attributes, dict) and not isinstance(value, type):
        return ((f".{name}", part) for name, part in attributes.items())
    return ()

"""What is inside the payloads of the job links: Python values, for job clients and workers only.

Master and node daemon must not import this module: to them payloads are bytes. Everything is pickle protocol 5; what
plain pickle refuses, cloudpickle takes. A packed value is a pair `(payload, buffers)`: large buffers (of numpy arrays,
`bytearray` and the like, and `bytes` that are an argument or a result themselves) are not copied into the payload. Each
of them travels as a blob, in that order, and is handed to the `decode_` function as a memoryview of the blob. A payload
that is itself too long travels as the first blob and is empty in the message.

    entry or call            payload, packed
    Code                     ("source", text, file name) or ("functions", [function, ...])
    CallKind.function        name in the namespace, or a function; packed without buffers
    Update                   (name or function, args, kwargs)
    Submit, Run              (args, kwargs); chunked: a list of rows, each (PLAIN, args) or (PACKED, (payload, buffers))
    Done, RETURNED           the result; chunked: a list of rows (PLAIN, result), (PACKED, (payload, buffers)) or
                             (FAILED, an error as below)
    Done, RAISED             (pickled exception or None, name of its type, its message, traceback text)

The rows of a chunk are packed one by one as soon as anything in them needs an import to be unpickled. So one row that
cannot be read spoils nothing but itself, and rows of plain numbers and texts cost nothing extra.

**By value or by reference.** Functions and classes of installed modules are named; everything else that a node cannot
import - `__main__`, notebooks, the author's own files - is sent by value, with what it refers to.
"""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Sequence
from itertools import chain
from types import FunctionType
from typing import Any, TypeAlias

from asyncluster.core.wire.limits import INLINE
from asyncluster.core.wire.packing import (
    FAILED,
    PACKED,
    PLAIN,
    PROTOCOL,
    CannotPickle,
    Packed,
    Row,
    apart,
    dumps,
    pack,
    pack_rows,
    pack_scalars,
    unpack,
)

__all__ = [
    "FAILED",
    "PACKED",
    "PLAIN",
    "CannotPickle",
    "Packed",
    "RemoteError",
    "RemoteTraceback",
    "Row",
    "decode",
    "decode_args",
    "decode_chunk_results",
    "decode_error",
    "decode_result",
    "encode_call",
    "encode_chunk",
    "encode_chunk_results",
    "encode_code",
    "encode_error",
    "encode_function",
    "encode_result",
    "encode_update",
    "traceback_text",
]

Function: TypeAlias = str | Callable[..., Any]

_SCALARS = frozenset((bool, bytes, float, int, str, type(None)))


class RemoteTraceback(Exception):
    """Cause of an exception that a call raised: the traceback as the worker saw it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return "\n" + self.text


class RemoteError(Exception):
    """Stands for an exception of a call that cannot be brought here, such as one that cannot be pickled.

    Attributes:
        type_name: name of its type, with the module.
        message: what `str` said of it.
    """

    def __init__(self, type_name: str, message: str) -> None:
        super().__init__(type_name, message)
        self.type_name = type_name
        self.message = message

    def __str__(self) -> str:
        return f"{self.type_name}: {self.message}" if self.message else self.type_name


# --- Client -----------------------------------------------------------------------------------------------


def encode_call(args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> Packed:
    """Arguments of one call.

    Raises:
        CannotPickle: with the argument that is to blame.
    """
    kinds = set(map(type, args))
    if bytes in kinds:
        args = tuple([apart(value) for value in args])
        kinds = set(map(type, args))
    if kwargs is None and kinds <= _SCALARS:
        return pack_scalars((args, None))  # what most calls have, at half the price
    return pack((args, kwargs), "The arguments")


def encode_chunk(calls: Sequence[tuple[Any, ...]]) -> Packed:
    """Positional arguments of the calls of a chunk.

    Raises:
        CannotPickle: with the argument that is to blame; encode them singly to keep the others.
    """
    rows = [(PLAIN, args) for args in calls]
    if _SCALARS.issuperset(map(type, chain.from_iterable(calls))):
        return pack_scalars(rows)
    return pack_rows(rows, "The arguments")


def encode_code(code: str | Sequence[Callable[..., Any]], file_name: str = "<job>") -> Packed:
    """A namespace, from Python text or from functions, which it will hold under their names.

    `file_name` is what tracebacks show for text.
    """
    if isinstance(code, str):
        return pack(("source", code, file_name), "The code")
    return pack(("functions", list(code)), "The functions")


def encode_function(function: Function) -> bytes:
    """What a call kind calls: a name in the namespace or any function.

    Raises:
        CannotPickle: also if the function holds more data than fits a message; such data belong in an update.
    """
    data = dumps(function, None, "The function")
    if len(data) > INLINE:
        raise CannotPickle(
            f"The function carries {len(data):,} bytes of data with it. "
            "Hand large data to the workers by an update, or as an argument."
        )
    return data


def encode_update(function: Function, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> Packed:
    """A function and the arguments to call it with in every worker process."""
    return pack((function, args, kwargs or {}), "The update")


def decode_result(payload: bytes | memoryview, buffers: Sequence[memoryview] = ()) -> Any:
    """The value that a call returned. Unpickling may raise anything."""
    return unpack(payload, buffers)


def decode_error(payload: bytes | memoryview) -> BaseException:
    """The exception that a call raised, its remote traceback as `__cause__`; never raises."""
    try:
        pickled, type_name, message, text = pickle.loads(payload)
    except Exception as error:
        return RemoteError("unreadable exception", str(error))
    exception: BaseException = RemoteError(type_name, message)
    if pickled is not None:
        try:
            candidate = pickle.loads(pickled)
            if isinstance(candidate, BaseException):
                exception = candidate
        except Exception:  # noqa: S110 - its class is not here, or cannot be made again from its arguments
            pass
    exception.__cause__ = RemoteTraceback(text)
    return exception


def decode_chunk_results(
    payload: bytes | memoryview, buffers: Sequence[memoryview] = ()
) -> list[tuple[Any, BaseException | None]]:
    """(value, None) or (None, exception) for each call of a chunk."""
    rows = unpack(payload, buffers)
    return [(value, None) if kind == PLAIN else _read_result(kind, value) for kind, value in rows]


def _read_result(kind: int, value: Any) -> tuple[Any, BaseException | None]:
    if kind == FAILED:
        return None, decode_error(value)
    try:
        return pickle.loads(value[0], buffers=value[1]), None
    except Exception as error:
        return None, error


# --- Worker -----------------------------------------------------------------------------------------------


def decode(payload: bytes | memoryview, buffers: Sequence[memoryview] = ()) -> Any:
    """What `encode_call`, `encode_code`, `encode_function` or `encode_update` packed. May raise anything."""
    return unpack(payload, buffers)


def decode_args(row: Row) -> tuple[Any, ...]:
    """Arguments in one row of a chunk. May raise anything."""
    kind, value = row
    args: tuple[Any, ...] = value if kind == PLAIN else pickle.loads(value[0], buffers=value[1])
    return args


def encode_result(value: Any) -> Packed:
    """What a call returned.

    Raises:
        CannotPickle: with the part of the result that is to blame.
    """
    value = apart(value)
    return pack_scalars(value) if type(value) in _SCALARS else pack(value, "The result")


def encode_error(error: BaseException) -> bytes:
    """An exception with its traceback; one that cannot be pickled is described. Never raises, never large."""
    text = traceback_text(error)
    kind = type(error)
    type_name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    try:
        message = _shorten(str(error), INLINE // 8)
    except Exception:
        message = "(its message cannot be shown)"
    return pickle.dumps((_pickled_error(error), type_name, message, text), PROTOCOL)


def _pickled_error(error: BaseException) -> bytes | None:
    """The exception, if it can be made again and is not large."""
    try:
        pickled = dumps(error, None, "The exception")
        if isinstance(type(error).__init__, FunctionType) and not _comes_back(pickled):
            pickled = dumps(_Remade(error), None, "The exception")
    except Exception:
        return None
    return pickled if len(pickled) <= INLINE // 4 else None


def _comes_back(pickled: bytes) -> bool:
    """False for a class whose `__init__` takes other arguments than it hands to its base: Python's own pickle of it
    is good for nothing.
    """
    try:
        return isinstance(pickle.loads(pickled), BaseException)
    except Exception:
        return False


class _Remade:
    """Pickles as an exception that is made again without its `__init__`."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __reduce__(self) -> tuple[Any, ...]:
        return _remake, (type(self._error), self._error.args, self._error.__dict__)


def _remake(kind: type[BaseException], args: tuple[Any, ...], state: dict[str, Any]) -> BaseException:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def traceback_text(error: BaseException) -> str:
    """The traceback as Python prints it, bounded, both ends kept."""
    try:
        text = "".join(traceback.format_exception(error))
    except Exception as trouble:  # the exception's own code runs while it is shown
        text = f"{type(error).__qualname__} (it cannot be shown: {type(trouble).__qualname__})"
    return _shorten(text, INLINE // 2)


def encode_chunk_results(rows: list[Row]) -> Packed:
    """Rows (PLAIN, value) or (FAILED, an encoded error); a value that cannot be pickled fails alone."""
    if _SCALARS.issuperset([type(value) for _kind, value in rows]):
        return pack_scalars(rows)
    try:
        return pack_rows(rows, "The result")
    except CannotPickle:
        return pack_rows([_checked(row) for row in rows], "The result")


def _checked(row: Row) -> Row:
    if row[0] == PLAIN:
        try:
            pack(row[1], "The result")
        except CannotPickle as error:
            return FAILED, encode_error(error)
    return row


def _shorten(text: str, size: int) -> str:
    """At most about `size` bytes of a text, its middle left out: both ends of a traceback matter."""
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= size:
        return data.decode()
    half = size // 2
    return data[:half].decode("utf-8", "ignore") + "\n... (shortened) ...\n" + data[-half:].decode("utf-8", "ignore")

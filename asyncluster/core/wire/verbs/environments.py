"""Arguments of the verbs about environments."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from asyncluster.core.environments.manifest import NAME, SIZE, WHEELS
from asyncluster.core.wire.environments import Key
from asyncluster.core.wire.limits import CHUNK

_Name = Annotated[str, Meta(min_length=1, max_length=64)]
_Filename = Annotated[str, Meta(min_length=1, max_length=NAME)]


class Wheel(Struct, frozen=True, forbid_unknown_fields=True):
    """As `manifest.Wheel`."""

    filename: _Filename
    sha256: Annotated[bytes, Meta(min_length=32, max_length=32)]
    size: Annotated[int, Meta(ge=1, le=SIZE)]


class Begin(Struct, forbid_unknown_fields=True):
    """A new environment.

    Attributes:
        name: by which jobs may ask for it, and which keeps it until it is removed.
        dry: only say what would be done.
    """

    python: Annotated[str, Meta(max_length=20)]
    wheels: Annotated[list[Wheel], Meta(min_length=1, max_length=WHEELS)]
    name: _Name | None = None
    dry: bool = False


class Piece(Struct, forbid_unknown_fields=True):
    """A piece of a wheel; pieces come in order."""

    key: Key
    filename: _Filename
    offset: Annotated[int, Meta(ge=0, le=SIZE)]
    data: Annotated[bytes, Meta(min_length=1, max_length=CHUNK)]


class Spread(Struct, forbid_unknown_fields=True):
    """All pieces have come; `patience` is how many seconds a node may show no progress."""

    key: Key
    patience: Annotated[float, Meta(ge=1, le=86_400)] = 600.0


class Progress(Struct, forbid_unknown_fields=True):
    """How far a sync is."""

    key: Key


class Environment(Struct, forbid_unknown_fields=True):
    """One environment: its name, its key, or a beginning of that."""

    environment: Annotated[str, Meta(min_length=1, max_length=64)]

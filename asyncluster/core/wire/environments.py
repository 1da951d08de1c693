"""Messages about environments between master and node (see `asyncluster.core.environments`).

    M  EnvironmentsWanted([key, ...])      all that the node is to have; every other one goes
    N  EnvironmentsHeld([key, ...], [])    what it has now: at once, and again whenever that changes
    N  ManifestAsk(key)                    M  ManifestIs(key, ...)
    N  WheelAsk(key, filename, offset)     M  WheelPiece(key, filename, offset, data)
    N  EnvironmentsHeld([key, ...], [])

Both say how things are, not what has changed: a node that joins late, one that lost its disk and a master that was
restarted are the same case. The node asks for each piece, so it sets the pace.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

from asyncluster.core.wire.limits import CHUNK, ENVIRONMENTS
from asyncluster.core.wire.messages import Count, Message, Part, Text

Key: TypeAlias = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z", max_length=64)]
_Keys: TypeAlias = Annotated[list[Key], Meta(max_length=ENVIRONMENTS)]


class EnvironmentsWanted(Message, tag=120, frozen=True):
    """What the node is to have, the most urgent first."""

    keys: _Keys


class EnvironmentFailure(Part, frozen=True):
    """Why an environment cannot be had on this node, as one sentence."""

    key: Key
    words: Text


class EnvironmentsHeld(Message, tag=121, frozen=True):
    """What the node has, and what it tried in vain to get."""

    keys: _Keys
    failed: Annotated[list[EnvironmentFailure], Meta(max_length=ENVIRONMENTS)]


class ManifestAsk(Message, tag=122, frozen=True):
    environment: Key


class ManifestIs(Message, tag=123, frozen=True):
    """The list of wheels, as `manifest.encode` writes it; empty if the master has no such environment any more."""

    environment: Key
    data: Annotated[bytes, Meta(max_length=2 * CHUNK)]


class WheelAsk(Message, tag=124, frozen=True):
    environment: Key
    filename: Text
    offset: Count


class WheelPiece(Message, tag=125, frozen=True):
    """At most `limits.CHUNK` bytes of a wheel from `offset` on; none if there are none."""

    environment: Key
    filename: Text
    offset: Count
    data: Annotated[bytes, Meta(max_length=CHUNK)]


FromNode: TypeAlias = EnvironmentsHeld | ManifestAsk | WheelAsk
ToNode: TypeAlias = EnvironmentsWanted | ManifestIs | WheelPiece

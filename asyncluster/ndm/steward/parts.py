"""What the steward is made of: parts, each with verbs that the node daemon may use and children that it looks after.

A message from the node daemon is `{"verb": ..., ...}` with descriptors; the part that owns the verb checks every
argument. A message to it is `{"tell": ..., ...}`. Descriptors that come with a message are the part's to close.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from resource import struct_rusage
from selectors import BaseSelector
from typing import Protocol, TypeAlias

from asyncluster.ndm.session.channel import Fields

#: Does what a message asks for. Raises `ProtocolError` if it makes no sense; the node daemon is then ended.
Verb: TypeAlias = Callable[[Fields, list[int]], None]

#: Sends a message to the node daemon; it is lost if there is none at the moment.
Tell: TypeAlias = Callable[[Fields, Sequence[int]], None]


class Part(Protocol):
    """One concern of the steward.

    Attributes:
        verbs: those that it owns.
        tell: set by the steward before anything else happens.
        selector: of the steward, set by it as well; what is registered has a function without arguments as its data.
    """

    verbs: Mapping[str, Verb]
    tell: Tell
    selector: BaseSelector

    def pids(self) -> Iterable[int]:
        """Its child processes. Children that no part knows are orphans and are killed."""

    def child_ended(self, pid: int, status: int, usage: struct_rusage) -> bool:
        """A child of the steward has ended with this wait status; whether it was this part's."""

    def node_lost(self) -> None:
        """The node daemon is gone; a new one will be started when this returns."""

    def tick(self, now: float) -> float | None:
        """Does what is due; returns when it wants to be called again, in seconds of the monotonic clock."""

    def stop(self, wait: Callable[[float], None]) -> None:
        """The steward is about to end: ends what the node daemon must still tell the master about.

        Args:
            wait: lets the steward go on for at most so many seconds.
        """

    def close(self) -> None:
        """The steward ends: leaves nothing behind."""

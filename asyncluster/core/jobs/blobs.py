"""Which large data of a job the master must keep.

A blob is kept while a sender (the job's client, or a node whose call returned it) may still name it without sending
it again, and while an entry of the log, a call or a result that was not delivered refers to it.
"""

from __future__ import annotations

from collections.abc import Iterable

from asyncluster.core.wire.messages import BlobRef

CLIENT = ""  # the sender that is no node


class JobBlobs:
    """Counts of one job. Methods that may free blobs return the names of those that nobody needs now."""

    __slots__ = ("_references", "_senders")

    def __init__(self) -> None:
        self._references: dict[bytes, int] = {}
        self._senders: dict[bytes, set[str]] = {}

    def hold(self, sender: str, blobs: Iterable[BlobRef]) -> None:
        """Something from `sender` refers to these."""
        for name, _size in blobs:
            self._senders.setdefault(name, set()).add(sender)
            self._references[name] = self._references.get(name, 0) + 1

    def release(self, blobs: Iterable[BlobRef]) -> list[bytes]:
        """What referred to these is gone."""
        freed = []
        for name, _size in blobs:
            self._references[name] -= 1
            if not self._references[name]:
                del self._references[name]
                if name not in self._senders:
                    freed.append(name)
        return freed

    def dropped(self, sender: str, name: bytes) -> list[bytes]:
        """`sender` will not name this blob again. A blob that was never named is free, too."""
        senders = self._senders.get(name)
        if senders is not None:
            senders.discard(sender)
            if senders:
                return []
            del self._senders[name]
        return [] if name in self._references else [name]

    def sender_gone(self, sender: str) -> list[bytes]:
        """The connection to `sender` is gone: it would send again what it names."""
        lent = [name for name, senders in self._senders.items() if sender in senders]
        return [freed for name in lent for freed in self.dropped(sender, name)]

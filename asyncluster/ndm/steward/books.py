"""The records of sessions as the steward keeps them: it tells the node daemon of each, and closes those left open.

A session's keeper writes its record; the steward writes only what the keeper cannot any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from asyncluster.ndm.session.channel import Fields
from asyncluster.ndm.session.record import Record, Records, boot_id
from asyncluster.ndm.session.sitting import boot_clock


class Books:
    """See the module.

    Args:
        records: on disk.
        tell: sends a message to the node daemon.
    """

    def __init__(self, records: Records, tell: Callable[[Fields], None]) -> None:
        self._records = records
        self._tell = tell
        self._boot = boot_id()

    def tell_all(self) -> None:
        """Tells of every session: it goes on, or is over and to be booked."""
        for record in self._records.load():
            self._tell_one(record)

    def tell(self, session: str) -> None:
        """Tells of one session."""
        for record in self._known(session):
            self._tell_one(record)

    def settle(self, session: str) -> Record | None:
        """Closes and tells the record of a session that is over; None: it never began."""
        over = None
        for record in self._known(session):
            over = record.abandoned(boot_clock(), self._boot)
            if over != record:
                self._records.save(over)
            self._tell_one(over)
        return over

    def left_open(self) -> list[Record]:
        """Sessions of this boot that nobody has ended."""
        return [record for record in self._records.load() if not record.reason and record.boot == self._boot]

    def close_all_but(self, live: set[str]) -> None:
        """Closes what former stewards and former boots have left open."""
        for record in self._records.load():
            if record.session not in live and not record.reason:
                self._records.save(record.abandoned(boot_clock(), self._boot))

    def forget(self, session: str) -> None:
        """The master has booked it."""
        self._records.forget(session)

    def _known(self, session: str) -> list[Record]:
        return [record for record in self._records.load() if record.session == session]

    def _tell_one(self, record: Record) -> None:
        self._tell({"tell": "record", "record": asdict(record)})

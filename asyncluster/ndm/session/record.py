"""The node's own durable record of its sessions: what heals a crash of the master, of this daemon and of the machine.

One JSON file a session, in a directory that belongs to the node daemon alone, written whole, synced and renamed into
place. A session is recorded before it starts and forgotten when the master has booked its end; until then every report
contains it.

A record counts on CLOCK_BOOTTIME, which goes on while the machine sleeps and which nobody can set, and names the boot
that the count belongs to. After a restart of the machine a session that was going on has ended: it lasted as long as it
was last seen. After a restart of the daemon alone it goes on, deadline and all, until whoever runs it says otherwise.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from asyncluster.core.people.refusals import End
from asyncluster.core.wire.people import (
    MOST_SESSIONS,
    Display,
    Elapsed,
    EndedSession,
    Lease,
    LiveSession,
    Name,
    SessionId,
    SessionReport,
    Word,
)

_LARGEST = 16 * 1024  # bytes of a record; ours have a few hundred
_SUFFIX = ".json"


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One session.

    Attributes:
        started: the instant of the lease, seconds since 1970 by the master's clock.
        boot: which boot of the machine `begun` belongs to.
        begun: CLOCK_BOOTTIME at the beginning, in seconds.
        holds: after how many seconds it will be ended; None: no limit.
        seen: how many seconds it had lasted when this was written.
        ended: how many seconds it lasted; None while it goes on.
        reason: why it ended.
    """

    session: SessionId
    user: Name
    display: Display
    started: int
    boot: str
    begun: float
    holds: Elapsed | None
    seen: Elapsed = 0
    ended: Elapsed | None = None
    reason: Word | None = None


@dataclass(frozen=True, slots=True)
class BootClock:
    """Time that nobody can set: which boot this is, and the seconds since (suspend included)."""

    boot: str
    seconds: Callable[[], float]

    @classmethod
    def of_this_machine(cls) -> BootClock:
        """The kernel's."""
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return cls(boot, lambda: time.clock_gettime(time.CLOCK_BOOTTIME))


class Records:
    """All sessions that this node has not got rid of.

    Args:
        folder: where the files are; made for this account alone if it is missing.
        clock: of this boot.

    Attributes:
        damaged: files that could not be read and were put aside, for the log.
    """

    def __init__(self, folder: Path, clock: BootClock) -> None:
        self._folder = folder
        self._clock = clock
        self.damaged: list[Path] = []
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._records = {record.session: record for record in self._load()}
        for record in list(self._records.values()):
            if record.ended is None and record.boot != clock.boot:
                self._write(structs.replace(record, ended=record.seen, reason=str(End.NODE_STOPPED)))

    def begin(self, lease: Lease, user: str, display: str) -> float | None:
        """Record a session before it starts; the CLOCK_BOOTTIME at which it must end, None: no limit.

        Raises:
            OSError: it cannot be recorded, so it must not start.
        """
        record = Record(
            session=lease.session,
            user=user,
            display=display,
            started=lease.started,
            boot=self._clock.boot,
            begun=self._clock.seconds(),
            holds=lease.ends_after,
        )
        self._write(record)
        return self.deadline(lease.session)

    def renew(self, lease: Lease) -> float | None:
        """Record a new promise; the CLOCK_BOOTTIME at which the session must end, None: no limit."""
        record = self._records.get(lease.session)
        if record is not None and record.ended is None and record.holds != lease.ends_after:
            self._write(structs.replace(record, holds=lease.ends_after, seen=self._elapsed(record)))
        return self.deadline(lease.session)

    def deadline(self, session: str) -> float | None:
        """The CLOCK_BOOTTIME at which a session must end; None: no limit, or it is over."""
        record = self._records.get(session)
        if record is None or record.ended is not None or record.holds is None:
            return None
        return record.begun + record.holds

    def end(self, session: str, reason: End) -> None:
        """Record that a session is over. Saying it again changes nothing."""
        record = self._records.get(session)
        if record is not None and record.ended is None:
            elapsed = self._elapsed(record)
            self._write(structs.replace(record, seen=elapsed, ended=elapsed, reason=str(reason)))

    def booked(self, session: str) -> None:
        """The master has booked the end: forget the session. One that goes on is kept, whatever is said."""
        record = self._records.get(session)
        if record is not None and record.ended is not None:
            del self._records[session]
            self._file(session).unlink(missing_ok=True)

    def live(self) -> list[Record]:
        """The sessions that go on."""
        return [record for record in self._records.values() if record.ended is None]

    def report(self) -> SessionReport:
        """Everything for the master; how far the sessions are is recorded, too."""
        for record in self.live():
            self._write(structs.replace(record, seen=self._elapsed(record)))
        live, ended = [], []
        for record in list(self._records.values()):
            where = (record.session, record.user, record.display, record.started)
            if record.ended is None:
                live.append(LiveSession(*where, record.seen, record.holds))
            else:
                ended.append(EndedSession(*where, record.ended, record.reason or str(End.CRASHED)))
        return SessionReport(live[:MOST_SESSIONS], ended[:MOST_SESSIONS])

    def _elapsed(self, record: Record) -> int:
        return max(record.seen, int(self._clock.seconds() - record.begun))

    def _load(self) -> list[Record]:
        found = []
        for file in sorted(self._folder.glob(f"*{_SUFFIX}")):
            try:
                record = _read(file)
            except (OSError, msgspec.MsgspecError, RecursionError):
                aside = file.with_suffix(".damaged")
                file.replace(aside)
                self.damaged.append(aside)
            else:
                found.append(record)
        return found

    def _write(self, record: Record) -> None:
        file = self._file(record.session)
        draft = file.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as out:
            out.write(msgspec.json.encode(record))
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._records[record.session] = record

    def _file(self, session: str) -> Path:
        return self._folder / f"{session}{_SUFFIX}"


def _read(file: Path) -> Record:
    with file.open("rb") as source:
        record = msgspec.json.decode(source.read(_LARGEST), type=Record)
    if file.stem != record.session:
        raise msgspec.ValidationError("this is another session's record")
    return record

"""What a node knows of a session, on disk, so that no crash of its own loses a second of it.

The session's keeper writes it when the session begins, twice a minute and when it ends, each time as a whole new file
in the old one's place. Root alone reads and writes the directory. A record stays until the master has booked the
session. Instants are seconds on CLOCK_BOOTTIME, which counts suspend and which nobody can set, and mean something only
within one boot, so the boot is part of the record.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from asyncluster.core.people.ends import End

MARK_SECONDS = 30.0
_MAX_FILE = 4096
_SESSION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class BadRecord(ValueError):
    """A file is no record of a session."""


@dataclass(frozen=True)
class Record:
    """One session.

    Attributes:
        session: its UUID.
        display: ":77".
        started: when it began by the master's clock, in seconds since 1970.
        boot: the boot during which it began.
        began: when the master granted it.
        deadline: when it ends at the latest; None: no limit.
        elapsed: how long it had lasted when this was written, in whole seconds.
        reason: why it ended, a word of `End`; "" while it goes on.
    """

    session: str
    user: str
    display: str
    started: int
    boot: str
    began: float
    deadline: float | None
    elapsed: int = 0
    reason: str = ""

    def marked(self, now: float) -> Record:
        """The record as of now."""
        return self if self.reason else replace(self, elapsed=max(self.elapsed, self.lasted(now)))

    def lasted(self, now: float) -> int:
        """Whole seconds from its beginning to `now`, or to its deadline if that was earlier."""
        until = now if self.deadline is None else min(now, max(self.deadline, self.began))
        return max(0, round(until - self.began))

    def with_deadline(self, deadline: float | None) -> Record:
        """The record with another deadline."""
        return self if self.reason else replace(self, deadline=deadline)

    def ended(self, now: float, reason: End) -> Record:
        """The record of a session that is over."""
        return self if self.reason else replace(self.marked(now), reason=str(reason))

    def abandoned(self, now: float, boot: str) -> Record:
        """The record of a session whose keeper is gone without having ended it: it crashed, or the machine did."""
        if self.reason:
            return self
        if self.boot != boot:
            return replace(self, reason=str(End.NODE_STOPPED))
        return self.ended(now, End.CRASHED)


def is_session(text: object) -> bool:
    """Is this the name of a session?"""
    return isinstance(text, str) and _SESSION.fullmatch(text) is not None


def boot_id() -> str:
    """Names this boot of this machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def open_directory(path: Path) -> int:
    """Opens a directory of records, made if needed, for whoever runs this alone.

    What is above it may belong to somebody else, who can rename but not fake it: from now on it is used by its
    descriptor, as `path_of(descriptor)`.

    Raises:
        OSError: it is not there and cannot be made, or it is somebody else's.
    """
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        pass
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    status = os.fstat(fd)
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        os.close(fd)
        raise PermissionError(f"{path} must belong to the user that runs this, and be closed to others.")
    return fd


def path_of(directory: int) -> Path:
    """Where an open directory is, whatever it is called now."""
    return Path(f"/proc/self/fd/{directory}")


def from_fields(values: Any) -> Record:
    """The record that a JSON object describes.

    Raises:
        BadRecord: none.
    """
    kinds: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (float, int)}
    kinds["float | None"] = (float, int, type(None))
    if not isinstance(values, dict) or set(values) != {field.name for field in fields(Record)}:
        raise BadRecord("It has other fields.")
    for field in fields(Record):
        if not isinstance(values[field.name], kinds[str(field.type)]):
            raise BadRecord(f"Its {field.name} is none.")
    if not is_session(values["session"]) or not re.fullmatch(r":[0-9]{1,5}", values["display"]):
        raise BadRecord("It names no session.")
    return Record(**values)


class Records:
    """A directory of records.

    Args:
        directory: as `open_directory` returns it, or a private one.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def save(self, record: Record) -> None:
        """Writes a record; it is on the disk when this returns.

        Raises:
            OSError: it is not, and the former one still is.
        """
        path = self._path(record.session)
        partial = path.with_suffix(".new")
        fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(asdict(record), file)
            file.flush()
            os.fsync(fd)
        partial.rename(path)
        self._sync()

    def load(self) -> list[Record]:
        """All records, in the order of their beginning; files that are none are passed over."""
        found = []
        for path in self._directory.glob("*.json"):
            try:
                with path.open(encoding="utf-8") as file:
                    record = from_fields(json.loads(file.read(_MAX_FILE)))
            except (OSError, ValueError, RecursionError):
                continue
            if record.session == path.stem:
                found.append(record)
        return sorted(found, key=lambda record: (record.started, record.session))

    def forget(self, session: str) -> None:
        """Removes a record; harmless if there is none."""
        if is_session(session):
            self._path(session).unlink(missing_ok=True)

    def _path(self, session: str) -> Path:
        return self._directory / f"{session}.json"

    def _sync(self) -> None:
        fd = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

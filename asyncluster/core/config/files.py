"""A configuration file as the system sees it: whether it is there, whose it is, and who else can touch it.

The cases, each tested:

1. missing, unreadable, no regular file (a FIFO is not waited for), too long, not UTF-8: a problem, no text;
2. owned by neither root nor the reader, or writable by group or others: a problem, because whoever can write it
   decides what runs here; the text is read all the same so that its own problems show at once;
3. readable by others: a warning, because it holds passwords.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from asyncluster.core.config.problems import Problem

MAX_BYTES = 64 * 1024


@dataclass(slots=True)
class FileText:
    """A file's text, or None if it has none, and what is wrong with the file."""

    text: str | None = None
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def refuse(self, message: str) -> None:
        self.problems.append(Problem(None, "", "", message))

    def warn(self, message: str) -> None:
        self.warnings.append(Problem(None, "", "", message))


def read_file(path: Path, uid: int) -> FileText:
    """Read `path` for the user with that number. Never raises; what the system refuses is a problem."""
    result = FileText()
    try:
        # Without O_NONBLOCK, opening a FIFO would wait for a writer for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except FileNotFoundError:
        result.refuse("There is no such file. 'asyncluster config init' writes one; --config FILE names another.")
        return result
    except OSError as error:
        result.refuse(f"The file cannot be read: {error.strerror}.")
        return result
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        result.refuse("This is not a regular file.")
        return result
    with open(descriptor, "rb") as file:
        content = file.read(MAX_BYTES + 1)
    _judge_rights(status, uid, result)
    _decode(content, result)
    return result


def _judge_rights(status: os.stat_result, uid: int, result: FileText) -> None:
    if status.st_uid not in (0, uid):
        result.refuse("The file belongs to another user. It must be root's or your own: use chown.")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        result.refuse("Others can write the file, and so decide what runs here: use chmod go-w.")
    if status.st_mode & stat.S_IROTH:
        result.warn("Everybody can read the file, and so the passwords in it: use chmod o-rwx.")


def _decode(content: bytes, result: FileText) -> None:
    if len(content) > MAX_BYTES:
        result.refuse(f"The file is longer than {MAX_BYTES // 1024} KiB, which no configuration needs.")
        return
    try:
        result.text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        result.problems.append(Problem(line, "", "", "The file must be UTF-8 text; this line is not."))

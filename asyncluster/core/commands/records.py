"""The input of `job map`: JSON Lines or CSV, read line by line, with what is wrong told for the line it is in."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TextIO

from asyncluster.core.errors import UsageError

LONGEST_LINE = 16 * 1024 * 1024  # characters


class UnreadableLine(ValueError):
    """A line of the input is not what its file's format says; the message says why."""


@dataclass(frozen=True)
class Record:
    """One line of input.

    Attributes:
        line: its number, from 1. A CSV row may take several lines; then it is the last one's.
        value: what the function gets, if `problem` is None.
        problem: what is wrong with the line.
    """

    line: int
    value: Any
    problem: UnreadableLine | None = None


def read_json_lines(file: TextIO) -> Iterator[Record]:
    """A record for each line that is not blank."""
    for number, line in enumerate(_lines(file), 1):
        if not line.strip():
            continue
        try:
            if len(line) > LONGEST_LINE:
                raise UnreadableLine(f"longer than {LONGEST_LINE:,} characters")
            yield Record(number, json.loads(line.rstrip()))
        except UnreadableLine as problem:
            yield Record(number, None, problem)
        except json.JSONDecodeError as error:
            yield Record(number, None, UnreadableLine(f"not JSON: {error.msg} at column {error.colno}"))
        except RecursionError:
            yield Record(number, None, UnreadableLine("not JSON that can be read: nested too deeply"))


def read_csv(file: TextIO) -> Iterator[Record]:
    """A dict for each row; the first row names the fields.

    Raises:
        UsageError: the file has no header, or one that names a field twice.
    """
    reader = csv.reader(_lines(file), strict=True)
    header = _header(reader)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Record(reader.line_num, None, UnreadableLine(f"not CSV: {error}"))
            continue
        if not row:
            continue
        if len(row) == len(header):
            yield Record(reader.line_num, dict(zip(header, row, strict=True)))
        else:
            problem = UnreadableLine(f"{len(row)} fields where the header names {len(header)}")
            yield Record(reader.line_num, None, problem)


def _header(reader: Iterator[list[str]]) -> list[str]:
    try:
        header = next(reader)
    except StopIteration:
        raise UsageError("The CSV file is empty; its first row must name the fields.") from None
    except csv.Error as error:
        raise UsageError(f"The first row of the CSV file cannot be read: {error}.") from None
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise UsageError(f"The first row of the CSV file names {twice[0]!r} twice.")
    return header


def _lines(file: TextIO) -> Iterable[str]:
    """Lines of a file that was opened with errors="surrogateescape", so that a bad byte spoils only its own line."""
    for line in file:
        yield line.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if not line.isascii() else line

"""From the text of a value to the value: one pure function for each form that a key may have.

Each takes a text without surrounding spaces, quotes or comments, and returns its value or raises `Unfit`, whose
message ends the sentence that begins with the key ("must be ...") and repeats the text only where that can hold
no secret.
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from pathlib import Path
from typing import TypeVar

from asyncluster.core.config.problems import shown

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

MAX_ITEMS = 256
MAX_PASSWORD = 1024
# sun_path holds 108 bytes, the last of which is NUL.
_MAX_SOCKET_PATH = 107
_SECONDS = {"s": 1, "sec": 1, "min": 60, "h": 3600}
_BYTES = {"": 1, "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_BYTES |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_QUANTITY = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*([A-Za-z]*)")
_ACCOUNT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?")
_NODE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")
_LOGIN = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9_]*)(\+[A-Za-z0-9_]+)?://(.*)")


class Unfit(ValueError):
    """The text is no value of this form; the message says "must be" and the accepted form."""


class WhenInUse(StrEnum):
    """What a node's workers do while somebody is logged in."""

    RUN = "run"
    NICE = "nice"
    SUSPEND = "suspend"
    STOP = "stop"


class MasterKey(StrEnum):
    """What a node does when the master shows another TLS key than last time."""

    TRUST = "trust"
    STRICT = "strict"


@dataclass(frozen=True, slots=True)
class Accounts:
    """Names of users and of groups on the master's machine."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkerMemory:
    """How much memory one worker may have: some bytes, a share of the machine's, or (neither) a fair part."""

    bytes: int | None = None
    share: float | None = None

    def limit(self, total: int, workers: int) -> int:
        """Bytes that each of `workers` may have on a machine with `total` bytes."""
        if self.bytes is not None:
            return self.bytes
        if self.share is not None:
            return int(total * self.share)
        return total // max(1, workers)


# --- Makers of parsers ------------------------------------------------------------------------------------


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number from `low` to `high`."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise Unfit(f"must be a whole number from {low} to {high}, not '{shown(text)}'.")
        return int(text)

    return parse


def or_word(word: str, value: T, parse: Callable[[str], T]) -> Callable[[str], T]:
    """What `parse` takes, or `word`, which stands for `value`."""

    def parse_or_word(text: str) -> T:
        if text.lower() == word:
            return value
        try:
            return parse(text)
        except Unfit as unfit:
            raise Unfit(str(unfit).replace("must be ", f"must be '{word}' or ", 1)) from None

    return parse_or_word


def one_of(choices: type[E]) -> Callable[[str], E]:
    """One of the words of an enumeration."""

    def parse(text: str) -> E:
        try:
            return choices(text.lower())
        except ValueError:
            words = ", ".join(choices)
            raise Unfit(f"must be one of {words}, not '{shown(text)}'.") from None

    return parse


def listed(parse: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    """Items divided by commas or new lines; each once."""

    def parse_list(text: str) -> tuple[T, ...]:
        items = [item.strip() for item in re.split(r"[,\n]", text) if item.strip()]
        if not items or len(items) > MAX_ITEMS:
            raise Unfit(f"must be a list of 1 to {MAX_ITEMS} items with commas between them.")
        return tuple(dict.fromkeys(parse(item) for item in items))

    return parse_list


def duration(low: float, high: float, unit: str) -> Callable[[str], float]:
    """A time from `low` to `high` seconds, as a number of seconds; a bare number counts in `unit`."""

    def parse(text: str) -> float:
        match = _QUANTITY.fullmatch(text)
        factor = _SECONDS.get(match[2].lower() or unit) if match else None
        if match is None or factor is None or not low <= float(match[1]) * factor <= high:
            form = f"must be a time from {in_words(low)} to {in_words(high)}, such as '30 s', '15 min' or '1 h'"
            raise Unfit(f"{form}, not '{shown(text)}'.")
        return float(match[1]) * factor

    return parse


def in_words(seconds: float) -> str:
    """A time as the configuration writes it: 90 -> "90 s", 900 -> "15 min"."""
    for unit, factor in (("h", 3600), ("min", 60)):
        if seconds and seconds % factor == 0:
            return f"{seconds // factor:g} {unit}"
    return f"{seconds:g} s"


# --- Parsers ----------------------------------------------------------------------------------------------


def warning_times(text: str) -> tuple[float, ...]:
    """How long before an end to warn, in seconds, the longest first; bare numbers are minutes."""
    return tuple(sorted(listed(duration(1, 86_400, "min"))(text), reverse=True))


def size(text: str) -> int:
    """A number of bytes: "2 GB" (powers of ten), "512 MiB" (powers of two)."""
    match = _QUANTITY.fullmatch(text)
    factor = _BYTES.get(match[2]) if match else None
    if match is None or factor is None:
        raise Unfit(f"must be a size such as '2 GB' or '512 MiB', not '{shown(text)}'.")
    return int(float(match[1]) * factor)


def worker_memory(text: str) -> WorkerMemory:
    """A size of at least 64 MB, or a percentage of the machine's memory."""
    percent = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)\s*%", text)
    if percent:
        if not 0 < float(percent[1]) <= 100:
            raise Unfit("must be more than 0% and at most 100%.")
        return WorkerMemory(share=float(percent[1]) / 100)
    try:
        limit = size(text)
    except Unfit:
        limit = 0
    if not 64 * 10**6 <= limit <= 2**60:
        form = "must be a size from 64 MB up, such as '2 GB', or a share of the machine's memory, such as '50%'"
        raise Unfit(f"{form}, not '{shown(text)}'.")
    return WorkerMemory(bytes=limit)


def yes_or_no(text: str) -> bool:
    """A switch."""
    words = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}
    if text.lower() not in words:
        raise Unfit(f"must be yes or no, not '{shown(text)}'.")
    return words[text.lower()]


def pixels(text: str) -> tuple[int, int]:
    """Width and height: "300, 200"."""
    match = re.fullmatch(r"([0-9]{1,5})\s*[,x]\s*([0-9]{1,5})", text)
    width, height = (int(match[1]), int(match[2])) if match else (0, 0)
    if not (100 <= width <= 10_000 and 100 <= height <= 10_000):
        raise Unfit(f"must be a width and a height of 100 to 10000 pixels, such as '300, 200', not '{shown(text)}'.")
    return width, height


def absolute_path(text: str) -> Path:
    """A path that does not depend on where a program was started."""
    if not text.startswith("/") or len(text) > 4000:
        raise Unfit(f"must be a path that begins with '/', not '{shown(text)}'.")
    return Path(text)


def path(text: str) -> Path:
    """A path; the reader says what a relative one is relative to."""
    if len(text) > 4000:
        raise Unfit("must be a path of at most 4000 characters.")
    return Path(text)


def socket_path(text: str) -> Path:
    """Where a UNIX socket can be."""
    if len(text.encode(errors="replace")) > _MAX_SOCKET_PATH:
        raise Unfit(f"must be at most {_MAX_SOCKET_PATH} bytes long; UNIX sockets allow no more.")
    return absolute_path(text)


def address(text: str) -> Address:
    """An IPv4 or IPv6 address."""
    try:
        return ip_address(text)
    except ValueError:
        raise Unfit(f"must be IP addresses such as 192.168.1.5, not '{shown(text)}'.") from None


def network(text: str) -> Network:
    """An address, or a network such as 192.168.1.0/24 or fd00::/8."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        form = "must be IP addresses and networks such as 192.168.1.5, 192.168.1.0/24 or fd00::/8"
        raise Unfit(f"{form}, not '{shown(text)}'.") from None


def host(text: str) -> str:
    """A host name or an IP address."""
    if ":" in text:
        return str(address(text))
    if not _HOST.fullmatch(text):
        raise Unfit(f"must be a host name or an IP address, not '{shown(text)}'.")
    return text


def account(text: str) -> str:
    """The name of a user of this machine."""
    if not _ACCOUNT.fullmatch(text):
        raise Unfit(f"must be a user name of this machine, not '{shown(text)}'.")
    return text


def accounts(text: str) -> Accounts:
    """Users and @groups; "none" for nobody."""
    if text.lower() == "none":
        return Accounts()
    names = listed(_account_or_group)(text)
    users = tuple(name for name in names if not name.startswith("@"))
    return Accounts(users, tuple(name[1:] for name in names if name.startswith("@")))


def _account_or_group(text: str) -> str:
    if not _ACCOUNT.fullmatch(text.removeprefix("@")):
        raise Unfit(f"must be user names and @groups with commas between them, not '{shown(text)}'.")
    return text


def login_name(text: str) -> str:
    """The name by which all nodes log in to the master."""
    if not _LOGIN.fullmatch(text):
        raise Unfit("must be 1 to 64 letters, digits or any of _ . @ - and nothing else.")
    return text


def node_name(text: str) -> str:
    """What a node is called in lists."""
    if not _NODE_NAME.fullmatch(text):
        raise Unfit("must be 1 to 63 letters, digits or any of . _ - and begin with a letter or digit.")
    return text


def one_line(text: str) -> str:
    """Some words to show."""
    if len(text) > 80:
        raise Unfit("must be at most 80 characters long.")
    return text


def display(text: str) -> str:
    """An X display of this machine."""
    match = re.fullmatch(r":([0-9]{1,5})", text)
    # X reserves TCP port 6000 + N for display N.
    if match is None or int(match[1]) > 59_535:
        raise Unfit(f"must be X displays such as ':0, :1', not '{shown(text)}'.")
    return f":{int(match[1])}"


def command(text: str) -> tuple[str, ...]:
    """A program with its arguments, quoted as in a shell, but never given to one."""
    try:
        words = tuple(shlex.split(text))
    except ValueError:
        words = ()
    if not words or not words[0] or ("/" in words[0] and not words[0].startswith("/")):
        raise Unfit("must be a program's name or absolute path, with its arguments if any, and quotes in pairs.")
    return words


def password(text: str) -> str:
    """A password, taken literally; equal looks are equal passwords, however they were typed (NFC)."""
    normal = unicodedata.normalize("NFC", text)
    if len(normal.encode(errors="replace")) > MAX_PASSWORD:
        raise Unfit(f"must be at most {MAX_PASSWORD} bytes long.")
    return normal


def database_url(text: str) -> str:
    """An SQLAlchemy URL; the old `sqlite://:memory:` becomes `sqlite://`, a database in memory.

    Whether its dialect exists is found out when the database is opened: asking SQLAlchemy here would make the
    start of every command slow. The text may hold a password and is never repeated.
    """
    match = _URL.fullmatch(text)
    if match is None:
        raise Unfit("must be an SQLAlchemy URL such as sqlite:////var/lib/asyncluster/asyncluster.db for SQLite.")
    dialect, driver, rest = match[1].lower(), match[2] or "", match[3]
    if dialect != "sqlite":
        return text
    if rest in ("", "/", ":memory:", "/:memory:"):
        return f"sqlite{driver}://"
    if not rest.startswith(("//", "/file:")):
        raise Unfit("must be an absolute path for SQLite: 'sqlite:///' and then a path that begins with '/'.")
    return text

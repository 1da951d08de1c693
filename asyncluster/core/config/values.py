"""What the keys of AsynCluster in particular can hold: addresses, accounts, paths, commands, secrets."""

from __future__ import annotations

import re
import shlex
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path

from asyncluster.core.config.forms import Unfit, listed
from asyncluster.core.config.problems import shown

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_PASSWORD = 1024
# sun_path holds 108 bytes, the last of which is NUL.
_MAX_SOCKET_PATH = 107
_ACCOUNT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?")
_NODE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")
_LOGIN = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9_]*)(\+[A-Za-z0-9_]+)?://(.*)")


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


class EngineKind(StrEnum):
    """What there is for jobs: the built-in dispatcher, or Dask Distributed beside it."""

    BUILTIN = "builtin"
    DASK = "dask"


@dataclass(frozen=True, slots=True)
class Accounts:
    """Names of users and of groups on the master's machine."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


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


def local_door(text: str) -> int | Path:
    """Where programs of this machine come in: a TCP port of its loopback address, or the path of a UNIX socket."""
    if re.fullmatch(r"[0-9]{1,5}", text) and 1 <= int(text) <= 65_535:
        return int(text)
    if not text.startswith("/"):
        raise Unfit(f"must be a TCP port or the path of a UNIX socket, not '{shown(text)}'.")
    return socket_path(text)


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


def port_range(text: str) -> tuple[int, int]:
    """The first and the last of some ports."""
    first, dash, last = (part.strip() for part in text.partition("-"))
    if not dash or not first.isdecimal() or not last.isdecimal() or not 1024 <= int(first) <= int(last) <= 65_535:
        raise Unfit(f"must be two ports from 1024 to 65535 such as 9200-9231, not '{shown(text)}'.")
    return int(first), int(last)


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

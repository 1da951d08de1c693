"""Which wheels make up an environment, and the key that follows from them.

A manifest is what operators' clients, master and nodes agree on. It names files by what is in them, so two syncs of the
same wheels are the same environment, in whatever order, and one changed byte is another one. It comes from the network:
`decode` and `check` refuse what could be no environment before anybody makes a file of it.
"""

from __future__ import annotations

import hashlib
import math
import re
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from asyncluster.core.errors import AsynClusterError

if TYPE_CHECKING:
    from packaging.tags import Tag

#: Wheels in one environment.
WHEELS = 500

#: Bytes of all of them together, packed.
SIZE = 1 << 30

#: Characters of a wheel's name, and tags that it may stand for.
NAME = 200
TAGS = 200

#: Name of the file that holds a manifest, beside the wheels that it lists.
FILE = "manifest.json"

_HASH = hashlib.sha256().digest_size
_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+!-]*\.whl", re.ASCII)
_PYTHON = re.compile(r"3\.(0|[1-9][0-9]{0,2})", re.ASCII)


class UnfitEnvironment(AsynClusterError):
    """A set of wheels cannot be an environment; the message says which wheel and why."""


class Wheel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file.

    Attributes:
        filename: as PyPI would call it, without directories.
        sha256: of its content, 32 bytes.
        size: in bytes.
    """

    filename: str
    sha256: bytes
    size: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """The wheels of an environment.

    Attributes:
        python: the Python that they were chosen for, such as "3.11".
        wheels: in any order.
    """

    python: str
    wheels: tuple[Wheel, ...]

    @cached_property
    def key(self) -> str:
        """64 hexadecimal digits: SHA-256 of the Python and a line for each wheel, as `sha256sum *.whl` writes it."""
        lines = [f"{wheel.sha256.hex()}  {wheel.filename}\n" for wheel in sorted(self.wheels, key=_filename)]
        return hashlib.sha256(f"python {self.python}\n{''.join(lines)}".encode()).hexdigest()

    @property
    def size(self) -> int:
        """Bytes of all wheels."""
        return sum(wheel.size for wheel in self.wheels)


class Named(msgspec.Struct, frozen=True):
    """What a wheel's name says.

    Attributes:
        project: normalised as package indexes do, so that each project has one spelling.
        version: normalised too.
        tags: Pythons, ABIs and platforms that it is for.
    """

    project: str
    version: str
    tags: frozenset[Tag]


def read_name(filename: str) -> Named:
    """Takes a wheel's name apart.

    Raises:
        UnfitEnvironment: it is no name of a wheel.
    """
    # Not at the top: clients and workers that have no environment shall not load this.
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    if len(filename) > NAME or not _FILENAME.fullmatch(filename) or _count_tags(filename) > TAGS:
        raise _no_wheel(filename)
    try:
        project, version, _build, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise _no_wheel(filename) from error
    return Named(project, str(version), tags)


def check(manifest: Manifest) -> Manifest:
    """Returns the manifest if it may be an environment.

    Raises:
        UnfitEnvironment: it may not.
    """
    if not _PYTHON.fullmatch(manifest.python):
        raise UnfitEnvironment(f"{manifest.python[:20]!r} is no version of Python such as 3.11.")
    if not 1 <= len(manifest.wheels) <= WHEELS:
        raise UnfitEnvironment(f"An environment has 1 to {WHEELS} wheels, not {len(manifest.wheels):,}.")
    projects: dict[str, str] = {}
    for wheel in manifest.wheels:
        _check_wheel(wheel)
        project = read_name(wheel.filename).project
        if project in projects:
            raise UnfitEnvironment(f"{projects[project]} and {wheel.filename} are both {project}; leave one out.")
        projects[project] = wheel.filename
    if manifest.size > SIZE:
        raise UnfitEnvironment(f"The wheels have {manifest.size:,} bytes in all; {SIZE:,} are allowed.")
    return manifest


def encode(manifest: Manifest) -> bytes:
    """The manifest as JSON; equal ones are equal bytes."""
    wheels = tuple(sorted(manifest.wheels, key=_filename))
    return msgspec.json.encode(msgspec.structs.replace(manifest, wheels=wheels))


def decode(data: bytes) -> Manifest:
    """The manifest that `encode` wrote, checked.

    Raises:
        UnfitEnvironment: it is none, or one that may not be.
    """
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnfitEnvironment("A list of wheels cannot be read.") from error
    return check(manifest)


def _check_wheel(wheel: Wheel) -> None:
    if len(wheel.sha256) != _HASH:
        raise UnfitEnvironment(f"The hash of {wheel.filename[:NAME]!r} has not {_HASH} bytes.")
    if not 1 <= wheel.size <= SIZE:
        raise UnfitEnvironment(f"{wheel.filename[:NAME]!r} cannot have {wheel.size:,} bytes.")


def _count_tags(filename: str) -> int:
    """How many tags a name stands for: each of its last three parts is a list, and all combinations count."""
    return math.prod(part.count(".") + 1 for part in filename.removesuffix(".whl").rsplit("-", 3)[1:])


def _no_wheel(filename: str) -> UnfitEnvironment:
    return UnfitEnvironment(f"{filename[:NAME]!r} is no name of a wheel, such as project-1.0-py3-none-any.whl.")


def _filename(wheel: Wheel) -> str:
    return wheel.filename

"""Looks at a wheel before anything of it is unpacked, and says why a node will not have it.

What an archive says of itself is not believed but bounded: `zipfile` unpacks no more of a file than its declared size,
so the declared sizes are what counts.
"""

from __future__ import annotations

import hashlib
import stat
import sys
import sysconfig
import zipfile
from functools import cache
from io import BufferedReader

from packaging.tags import Tag, sys_tags

from asyncluster.core.environments.manifest import Manifest, UnfitEnvironment, Wheel, read_name

#: Files in one environment, and bytes of all of them.
FILES = 200_000
UNPACKED = 4 << 30

_PATH = 1000
_PART = 255
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1


class Allowance:
    """What is left of an environment's files and bytes while its wheels are looked at."""

    def __init__(self, files: int = FILES, size: int = UNPACKED) -> None:
        self._files = files
        self._size = size

    def take(self, wheel: Wheel, files: int, size: int) -> None:
        """Takes what a wheel wants.

        Raises:
            UnfitEnvironment: there is not so much left.
        """
        self._files -= files
        self._size -= size
        if self._files < 0 or self._size < 0:
            raise UnfitEnvironment(
                f"With {wheel.filename} the environment has more than {FILES:,} files or {UNPACKED:,} bytes unpacked."
            )


def check_python(manifest: Manifest) -> None:
    """Sees whether all of it is for this Python and this kind of machine.

    Raises:
        UnfitEnvironment: it is not; the message names the wheel.
    """
    if manifest.python != _python():
        raise UnfitEnvironment(f"The environment is for Python {manifest.python}, and this node has {_python()}.")
    fits = {(tag.interpreter, tag.abi) for tag in _own_tags()}
    for wheel in manifest.wheels:
        tags = read_name(wheel.filename).tags
        if tags.isdisjoint(_own_tags()):
            if any((tag.interpreter, tag.abi) in fits for tag in tags):
                what = f"kind of machine than this node, {sysconfig.get_platform()}"
            else:
                what = f"Python than this node's {_python()}"
            raise UnfitEnvironment(f"{wheel.filename} is for another {what}.")


def check_content(wheel: Wheel, file: BufferedReader) -> None:
    """Sees whether this is the file that the manifest means.

    Raises:
        UnfitEnvironment: it is not.
    """
    if file.seek(0, 2) == wheel.size:
        file.seek(0)
        if hashlib.file_digest(file, "sha256").digest() == wheel.sha256:
            return
    raise UnfitEnvironment(f"{wheel.filename} is not the file that was meant: its size or its hash is another one.")


def check_archive(wheel: Wheel, archive: zipfile.ZipFile, allowance: Allowance) -> None:
    """Sees whether it can be unpacked without harm.

    Raises:
        UnfitEnvironment: it has links, names that lead out of it, or too much of anything.
    """
    entries = archive.infolist()
    allowance.take(wheel, len(entries), sum(entry.file_size for entry in entries))
    names = set()
    for entry in entries:
        name = entry.filename.removesuffix("/")
        if why := _unwanted(entry, name):
            raise UnfitEnvironment(f"{wheel.filename} cannot be unpacked: {entry.filename[:100]!r} {why}.")
        names.add(name)
    if len(names) < len(entries):
        raise UnfitEnvironment(f"{wheel.filename} cannot be unpacked: it has two files of one name.")


def _unwanted(entry: zipfile.ZipInfo, name: str) -> str:
    """Why a file is not unpacked; empty if it may be."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFDIR if entry.is_dir() else stat.S_IFREG):
        return "is a link or something else that is no file"
    if len(name) > _PATH or "\\" in name or not name.isprintable():
        return "is no name of a file"
    if any(part in ("", ".", "..") or len(part.encode()) > _PART for part in name.split("/")):
        return "is no name of a file within it"
    if entry.compress_type not in _METHODS or entry.flag_bits & _ENCRYPTED:
        return "is packed in a way that wheels are not"
    return ""


@cache
def _own_tags() -> frozenset[Tag]:
    return frozenset(sys_tags())


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"

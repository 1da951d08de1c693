"""Wheels on the master's disk.

    DIRECTORY/<key>/manifest.json, *.whl     whole, every file compared with its hash
    DIRECTORY/<key>.partial/                 an upload; nothing of it outlives the master

Names come from manifests that were checked, or are looked up in one; so none leads out of the directory.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

from asyncluster.core.environments import manifest as manifests
from asyncluster.core.environments.manifest import Manifest, UnfitEnvironment, Wheel
from asyncluster.core.errors import UsageError
from asyncluster.core.wire.limits import CHUNK


class Store:
    """All environments.

    Args:
        directory: made if it is not there.
        keys: of those that are kept; all else in it is removed.

    Raises:
        OSError: it cannot be used.
    """

    def __init__(self, directory: Path, keys: Collection[str]) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for entry in directory.iterdir():
            if entry.name not in keys:
                shutil.rmtree(entry, ignore_errors=True)
        self._manifests: dict[str, Manifest] = {}

    def manifest(self, key: str) -> Manifest:
        """The manifest of an environment.

        Raises:
            UnfitEnvironment, OSError: it is not there, or not whole.
        """
        found = self._manifests.get(key)
        if found is None:
            found = self._manifests[key] = manifests.decode((self._directory / key / manifests.FILE).read_bytes())
        return found

    def read(self, key: str, filename: str, offset: int) -> bytes:
        """A piece of a wheel, at most `CHUNK` bytes from `offset` on.

        Raises:
            UnfitEnvironment, OSError: there is no such wheel.
        """
        if all(wheel.filename != filename for wheel in self.manifest(key).wheels):
            raise UnfitEnvironment("There is no such wheel.")
        with (self._directory / key / filename).open("rb") as file:
            return os.pread(file.fileno(), CHUNK, offset)

    def remove(self, key: str) -> None:
        """Removes an environment. Wheels are few files, so this takes a moment only."""
        self._manifests.pop(key, None)
        shutil.rmtree(self._directory / key, ignore_errors=True)

    def receive(self, manifest: Manifest) -> Upload:
        """Makes room for an environment.

        Raises:
            OSError: there is none.
        """
        return Upload(manifest, self._directory)


class Upload:
    """An environment that is being sent by an operator. `finish` or `remove` ends it."""

    def __init__(self, manifest: Manifest, directory: Path) -> None:
        self.manifest = manifest
        self._target = directory / manifest.key
        self._folder = directory / f"{manifest.key}.partial"
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(mode=0o700)
        (self._folder / manifests.FILE).write_bytes(manifests.encode(manifest))
        self._missing = {wheel.filename: wheel for wheel in manifest.wheels}
        self._wheel: Wheel | None = None
        self._file: BinaryIO | None = None
        self._hash = hashlib.sha256()

    def write(self, filename: str, offset: int, data: bytes) -> None:
        """Takes the next piece of a wheel. They come one wheel after the other, without gaps.

        Raises:
            UsageError: it is not the piece that is missing.
            UnfitEnvironment: what has come is not the wheel that was meant.
            OSError: the disk is full.
        """
        if self._file is None or self._wheel is None:
            self._begin(filename)
        assert self._file is not None
        assert self._wheel is not None
        size = self._file.tell()
        if (filename, offset) != (self._wheel.filename, size) or not data or size + len(data) > self._wheel.size:
            raise UsageError("A piece of a wheel came out of turn.")
        self._file.write(data)
        self._hash.update(data)
        if size + len(data) == self._wheel.size:
            self._end()

    def finish(self) -> None:
        """Puts it in its place. Waits for the disk, so it is for a thread.

        Raises:
            OSError: the disk is full.
        """
        for folder in (*self._folder.iterdir(), self._folder):
            _sync(folder)
        self._folder.rename(self._target)
        _sync(self._target.parent)

    @property
    def complete(self) -> bool:
        """Whether all wheels are here."""
        return not self._missing

    def remove(self) -> None:
        """Removes all that has come."""
        if self._file is not None:
            self._file.close()
            self._file = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def _begin(self, filename: str) -> None:
        wheel = self._missing.get(filename)
        if wheel is None:
            raise UsageError("There is no such wheel in this environment, or it is here already.")
        self._wheel = wheel
        self._file = (self._folder / filename).open("xb")
        self._hash = hashlib.sha256()

    def _end(self) -> None:
        assert self._file is not None
        assert self._wheel is not None
        self._file.close()
        self._file = None
        if self._hash.digest() != self._wheel.sha256:
            raise UnfitEnvironment(f"{self._wheel.filename} is not the file that was meant: its hash is another one.")
        del self._missing[self._wheel.filename]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

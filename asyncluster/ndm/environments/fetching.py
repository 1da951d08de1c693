"""One environment on its way from the master: its manifest, then its wheels, piece by piece into a folder.

    ManifestAsk -> ManifestIs -> WheelAsk -> WheelPiece -> WheelAsk -> ... -> None: the folder is ready to be installed

What arrives is bounded here and believed nowhere: whoever installs the folder compares every file with its hash.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import BinaryIO

from asyncluster.core.environments import manifest as manifests
from asyncluster.core.environments.manifest import UnfitEnvironment, Wheel
from asyncluster.core.wire.environments import ManifestAsk, ManifestIs, WheelAsk, WheelPiece

_GONE = "The master does not have this environment any more."


class Fetch:
    """See the module.

    Args:
        key: of the environment.
        folder: made anew for it; the caller's to remove.

    Raises:
        OSError: the folder cannot be made.
    """

    def __init__(self, key: str, folder: Path) -> None:
        self.key = key
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        self._known = False
        self._missing: list[Wheel] = []
        self._file: BinaryIO | None = None
        self._offset = 0

    def ask(self) -> ManifestAsk | WheelAsk | None:
        """What to ask the master, once more if the answer was lost; None: all is here."""
        if not self._known:
            return ManifestAsk(self.key)
        if not self._missing:
            return None
        return WheelAsk(self.key, self._missing[-1].filename, self._offset)

    def received(self, message: ManifestIs | WheelPiece) -> bool:
        """Takes an answer; False if it is not the one that is awaited, as the same question may be asked twice.

        Raises:
            UnfitEnvironment: the master has none, or it is not the one that was meant.
            OSError: the disk is full.
        """
        if message.environment != self.key:
            return False
        if isinstance(message, ManifestIs):
            return self._take_manifest(message.data)
        return self._take_piece(message)

    def close(self) -> None:
        """Writes no more."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _take_manifest(self, data: bytes) -> bool:
        if self._known:
            return False
        if not data:
            raise UnfitEnvironment(_GONE)
        manifest = manifests.decode(data)
        if manifest.key != self.key:
            raise UnfitEnvironment("The master sent the list of another environment.")
        (self.folder / manifests.FILE).write_bytes(data)
        self._missing = sorted(manifest.wheels, key=lambda wheel: wheel.filename, reverse=True)
        self._known = True
        return True

    def _take_piece(self, piece: WheelPiece) -> bool:
        if not self._missing or (piece.filename, piece.offset) != (self._missing[-1].filename, self._offset):
            return False
        wheel = self._missing[-1]
        if not piece.data or self._offset + len(piece.data) > wheel.size:
            raise UnfitEnvironment(f"{_GONE} {wheel.filename} is not complete.")
        if self._file is None:
            self._file = (self.folder / wheel.filename).open("xb")
        self._file.write(piece.data)
        self._offset += len(piece.data)
        if self._offset == wheel.size:
            self.close()
            self._missing.pop()
            self._offset = 0
        return True

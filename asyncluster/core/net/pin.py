"""The master's key as a node remembers it, in a file of the node's state directory.

Every node's configuration holds both passwords, so one stolen file would let somebody pose as the master. Nodes that
have met the real master notice: its key is another one. With `[client] master key = trust` they say so loudly and go
on with the new key, since somebody may have set up the master again; with `strict` they refuse.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.logger import Logger

_log = Logger()


class MasterPin:
    """Remembers one fingerprint.

    Args:
        path: the file; it need not exist.
        strict: whether a master whose key has changed is refused.
    """

    def __init__(self, path: Path, *, strict: bool) -> None:
        self._path = path
        self._strict = strict

    def refuses(self, fingerprint: str) -> bool:
        """Whether a master with this key must not be talked to; asked before the login."""
        if not self._strict:
            return False
        if self._read() in (None, fingerprint):
            return False
        _log.error(
            "The master's key has changed, so this node refuses it. If the master was set up anew, delete {path}.",
            path=str(self._path),
        )
        return True

    def remember(self, fingerprint: str) -> None:
        """Keeps the key of a master that has proved the server password."""
        known = self._read()
        if known == fingerprint:
            return
        if known is not None:
            _log.warn(
                "THE MASTER'S KEY HAS CHANGED, from {old} to {new}. If nobody has set up the master anew, somebody"
                " who knows both passwords poses as it: change them.",
                old=known,
                new=fingerprint,
            )
        new = self._path.with_name(self._path.name + ".new")
        try:
            new.write_text(fingerprint + "\n", encoding="ascii")
            os.replace(new, self._path)
        except OSError as error:
            # Not remembering is no reason for a node not to work.
            _log.error("The master's key cannot be kept in {path}: {why}.", path=str(self._path), why=error.strerror)

    def _read(self) -> str | None:
        try:
            return self._path.read_text(encoding="ascii", errors="replace").strip() or None
        except FileNotFoundError:
            return None

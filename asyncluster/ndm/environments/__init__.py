"""Environments on a node: wheels that are unpacked once, by the node's account, for the workers to read."""

from __future__ import annotations

import sys
from pathlib import Path


def program(folder: Path, target: Path) -> list[str]:
    """The command that installs the wheels of `folder` as `target`; see `__main__`."""
    return [sys.executable, "-P", "-s", "-m", __name__, str(folder), str(target)]

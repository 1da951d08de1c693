"""Where things are in an environment that has been installed."""

from __future__ import annotations

import os


def packages(environment: str | os.PathLike[str]) -> str:
    """The folder of its packages: for `site.addsitedir` and for PYTHONPATH."""
    return os.path.join(environment, "site")


def programs(environment: str | os.PathLike[str]) -> str:
    """The folder of its programs: for PATH. It need not be there."""
    return os.path.join(environment, "bin")

"""Files that come with the package: templates, style sheets, icons, units.

In an installed wheel they lie in `asyncluster/resources`, in the source tree in `resources` beside the package.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def resource(name: str) -> Path:
    """Path of the resource called `name`, such as "icons/node.svg".

    Raises:
        FileNotFoundError: there is none; the installation is incomplete.
    """
    for folder in (_PACKAGE / "resources", _PACKAGE.parent / "resources"):
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(f"AsynCluster's own file '{name}' is missing; install the package again.")

"""Files that come with the package: templates, style sheets, icons, units, examples.

In an installed wheel they lie in `asyncluster/resources`; in the source tree in `resources` and, the examples, in
`examples` beside the package.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def resource(name: str) -> Path:
    """Path of the resource called `name`, such as "icons/node.svg" or "examples/cauchy.py".

    Raises:
        FileNotFoundError: there is none; the installation is incomplete.
    """
    for folder in (_PACKAGE / "resources", _PACKAGE.parent / "resources", _PACKAGE.parent):
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(f"AsynCluster's own file '{name}' is missing; install the package again.")

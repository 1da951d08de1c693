"""Files that come with the package: templates, style sheets, icons, units, examples.

In an installed wheel they lie in `asyncluster/resources`; in the source tree in `resources` and, the examples, in
`examples` beside the package.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

_PACKAGE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
_PARENT = os.path.dirname(_PACKAGE)


def resource(name: str) -> Path:
    """Path of the resource called `name`, such as "icons/node.svg" or "examples/cauchy.py".

    Raises:
        FileNotFoundError: there is none; the installation is incomplete.
    """
    from pathlib import Path  # here, as windows read texts alone and must be up soon

    return Path(_find(name))


def resource_text(name: str) -> str:
    """The text of that resource.

    Raises:
        FileNotFoundError: there is none.
    """
    with open(_find(name), encoding="utf-8") as file:
        return file.read()


def _find(name: str) -> str:
    for folder in (os.path.join(_PACKAGE, "resources"), os.path.join(_PARENT, "resources"), _PARENT):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            return path
    raise FileNotFoundError(f"AsynCluster's own file '{name}' is missing; install the package again.")

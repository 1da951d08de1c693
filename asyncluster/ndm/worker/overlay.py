"""An environment put over this process: its packages come before those of the node, for what is imported from now on.

The node daemon hands over the directory as a descriptor, since it may lie where the workers' account gets nowhere near.
A path is used where there is a way to it, as people read paths in tracebacks; else the descriptor, which stays open
for as long as this process lives, and which its children can pass through as well.
"""

from __future__ import annotations

import importlib
import os
import site
import stat
import sys

from asyncluster.ndm.environments import layout


def put_on(descriptor: int) -> None:
    """Puts an environment in front of everything else, for this process and what it starts.

    Args:
        descriptor: of the environment's directory; taken over.

    Raises:
        OSError: it is no directory, or cannot be looked at.
    """
    folder = _path(descriptor)
    before = list(sys.path)
    site.addsitedir(layout.packages(folder))
    sys.path[:] = [*(path for path in sys.path if path not in before), *before]
    importlib.invalidate_caches()
    _prepend("PYTHONPATH", layout.packages(folder))
    _prepend("PATH", layout.programs(folder))


def _path(descriptor: int) -> str:
    named, status = os.readlink(f"/proc/self/fd/{descriptor}"), os.fstat(descriptor)
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError("what was handed over for it is no directory")
    try:
        reachable = os.path.samestat(os.stat(named), status)
    except OSError:
        reachable = False
    if not reachable:
        return f"/proc/{os.getpid()}/fd/{descriptor}"
    os.close(descriptor)
    return named


def _prepend(variable: str, folder: str) -> None:
    os.environ[variable] = os.pathsep.join(filter(None, (folder, os.environ.get(variable))))

"""Installs an environment: `python -m asyncluster.ndm.environments FOLDER TARGET`, a child of the node daemon.

It ends with 0 when TARGET is there; else with 1 and one sentence on its standard output. It waits for people's
programs, and takes no more memory than an installation needs.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

from asyncluster.core.errors import AsynClusterError
from asyncluster.ndm.environments.inspecting import UNPACKED
from asyncluster.ndm.environments.installing import install

_MEMORY = 2 << 30
_NICENESS = 19


def main(arguments: Sequence[str]) -> int:
    """Runs it; returns the exit code."""
    folder, target = map(Path, arguments)
    os.umask(0o022)
    os.nice(_NICENESS)
    for limit, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_DATA, _MEMORY), (resource.RLIMIT_FSIZE, UNPACKED)):
        _lower(limit, most)
    try:
        install(folder, target)
    except AsynClusterError as error:
        print(error)
    except OSError as error:
        print(f"The environment could not be written: {error.strerror or error}.")
    except MemoryError:
        print(f"Installing the environment takes more than {_MEMORY:,} bytes of memory.")
    else:
        return 0
    return 1


def _lower(limit: int, most: int) -> None:
    hard = resource.getrlimit(limit)[1]
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(limit, (most, most))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The environment of the peers: a virtual environment of its own, so that nothing of theirs meets ours.

Each peer is installed alone: one that cannot be installed spoils no other, and its error is kept for the results. pip
compiles what it installs; `compile_ours` does the same for AsynCluster, which runs from its sources here.
"""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from benchmarks.catalogue import System

_INSTALL_SECONDS = 300
_SOURCES = Path(__file__).parent.parent


def python_of(folder: Path) -> Path:
    """The interpreter of the environment in `folder`."""
    return folder / "bin" / "python"


def compile_ours() -> None:
    """Compiles AsynCluster and the benchmarks, and lets no setting of the caller's keep programs from using that."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for package in ("asyncluster", "benchmarks"):
        compileall.compile_dir(_SOURCES / package, quiet=1)


def prepare(folder: Path, systems: Iterable[System]) -> dict[str, str]:
    """Makes the environment, or brings it up to date.

    Returns:
        For each system that could not be installed, the last line of why.
    """
    if not python_of(folder).exists():
        base = os.path.realpath(sys.executable)  # the very Python that AsynCluster is measured with
        subprocess.run([base, "-m", "venv", folder], check=True, stdout=subprocess.DEVNULL)
    common = _install(folder, f"numpy=={version('numpy')}")
    if common:
        return {system.name: common for system in systems if system.requirement}
    failures = {system.name: _install(folder, system.requirement) for system in systems if system.requirement}
    return {name: error for name, error in failures.items() if error}


def versions(folder: Path, systems: Iterable[System]) -> dict[str, str]:
    """What is installed of each system that has a requirement."""
    names = {system.name: system.requirement for system in systems if system.requirement}
    program = "import sys; from importlib.metadata import version; print(*[version(n) for n in sys.argv[1:]])"
    done = subprocess.run([python_of(folder), "-c", program, *names.values()], capture_output=True, text=True)
    return dict(zip(names, done.stdout.split(), strict=False))


def _install(folder: Path, requirement: str) -> str:
    command = [python_of(folder), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        return f"pip did not install it within {_INSTALL_SECONDS} s"
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["pip failed"])[-1]

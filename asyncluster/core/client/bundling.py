"""Turns a project, a wheel or a list of requirements into the exact wheels of an environment, with the operator's pip.

What pip finds where, and how projects are built, is pip's business: its configuration, its PIP_* variables and the
options in a requirements file count as ever. Building runs the project's own build code, as whoever calls; nodes get
nothing but the wheels.

Nodes have AsynCluster. To pip it is a project without dependencies that lies here, so a project that depends on it
brings neither another copy of it nor of all that it needs.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import zipfile
from collections import deque
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

from asyncluster.core.environments.manifest import Manifest, UnfitEnvironment, Wheel, check, read_name
from asyncluster.core.errors import AsynClusterError, UsageError

_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_OURSELVES = "asyncluster"
_QUIET = ("--disable-pip-version-check", "--no-input", "--no-color")
_LAST_LINES = 12
_LINE = 300
#: Archives bear this time, so that what is built from the same files is the same wheel: the first that a zip can have.
_EPOCH = "315532800"


class BundlingFailed(AsynClusterError):
    """pip could not make the wheels; the message ends with pip's last lines."""


def bundle(source: Path, folder: Path, say: Callable[[str], None]) -> Manifest:
    """Puts the wheels of all that `source` needs into a folder; takes as long as pip does.

    Args:
        source: a project's folder, a wheel, or a requirements file (.txt).
        folder: empty; gets the wheels and nothing else.
        say: is told what pip does, line by line.

    Raises:
        UsageError: `source` is none of these.
        BundlingFailed: pip is missing, or failed.
        UnfitEnvironment: the wheels are too many or too large.
    """
    what = _requirement(source)
    with tempfile.TemporaryDirectory(prefix="asyncluster-pip-") as scratch:
        constraints = _ourselves(Path(scratch))
        words = ["wheel", "--wheel-dir", str(folder), "--constraint", str(constraints), *what]
        python = _find_pip()
        lines = _run([python, "-P", "-m", "pip", *_QUIET, *words], say)
    if lines is not None:
        raise BundlingFailed("\n".join([f"pip could not make wheels of {source}. It said:", *lines]))
    return _list(folder, source)


def _requirement(source: Path) -> list[str]:
    """How to call it for pip."""
    path = str(source.absolute())
    if source.is_dir():
        if not any((source / name).is_file() for name in ("pyproject.toml", "setup.py")):
            raise UsageError(f"{source} is no project: it has neither a pyproject.toml nor a setup.py.")
        return [path]
    if not source.is_file():
        raise UsageError(f"{source} is not there. Give the folder of a project, a wheel or a requirements file.")
    if source.suffix == ".whl":
        return [path]
    if source.suffix == ".txt":
        return ["--requirement", path]
    raise UsageError(f"{source} is neither a project's folder nor a wheel (.whl) nor a requirements file (.txt).")


def _find_pip() -> str:
    """A Python of this very version that has pip: this one, or the one that it is an environment of."""
    if importlib.util.find_spec("pip") is not None:
        return sys.executable
    base = os.path.join(sys.base_prefix, "bin", f"python{_PYTHON}")
    if os.access(base, os.X_OK) and _has_pip(base):
        return base
    raise BundlingFailed(
        f"Python {_PYTHON} has no pip here, which makes the wheels. Debian has it in python3-pip and python3-venv."
    )


def _has_pip(python: str) -> bool:
    done = subprocess.run([python, "-P", "-m", "pip", "--version"], capture_output=True, check=False)
    return done.returncode == 0


def _ourselves(scratch: Path) -> Path:
    """Writes a wheel that says it is AsynCluster, and constraints for pip that know no other one."""
    release = version(_OURSELVES)
    about = f"{_OURSELVES}-{release}.dist-info"
    wheel = scratch / f"{_OURSELVES}-{release}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {_OURSELVES}\nVersion: {release}\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "".join(f"{about}/{name},,\n" for name in ("METADATA", "WHEEL", "RECORD")))
    constraints = scratch / "constraints.txt"
    constraints.write_text(f"{_OURSELVES} @ {wheel.as_uri()}\n", encoding="utf-8")
    return constraints


def _run(command: list[str], say: Callable[[str], None]) -> list[str] | None:
    """Runs pip; returns its last lines if it failed."""
    last: deque[str] = deque(maxlen=_LAST_LINES)
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=_environment(os.environ),
    ) as pip:
        assert pip.stdout is not None
        try:
            for line in pip.stdout:
                words = "".join(filter(str.isprintable, line.rstrip()))[:_LINE]
                if words:
                    last.append(words)
                    say(words)
        except BaseException:
            pip.kill()
            raise
    return list(last) if pip.returncode else None


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    return {"SOURCE_DATE_EPOCH": _EPOCH, **variables, "PYTHONUNBUFFERED": "1"}


def _list(folder: Path, source: Path) -> Manifest:
    """The manifest of the wheels that pip made."""
    wheels = []
    for path in sorted(folder.iterdir()):
        if read_name(path.name).project == _OURSELVES:
            path.unlink()
            continue
        with path.open("rb") as file:
            wheels.append(Wheel(path.name, hashlib.file_digest(file, "sha256").digest(), path.stat().st_size))
    if not wheels:
        raise UnfitEnvironment(f"{source} asks for nothing that nodes have not got.")
    return check(Manifest(_PYTHON, tuple(wheels)))

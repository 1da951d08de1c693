"""Wheels that tests make themselves, honest ones and others."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from asyncluster.core.environments.manifest import FILE, Manifest, Wheel, encode

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def files_of(project: str, version: str, files: Mapping[str, str | bytes]) -> dict[str, str | bytes]:
    """The content of a pure wheel: these files, and what a wheel says of itself."""
    about = f"{project}-{version}.dist-info"
    content = {
        **files,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*content, f"{about}/RECORD"])
    return {**content, f"{about}/RECORD": record}


def make_wheel(
    folder: Path, project: str, version: str, files: Mapping[str, str | bytes], tags: str = "py3-none-any"
) -> Path:
    """Writes PROJECT-VERSION-TAGS.whl."""
    path = folder / f"{project}-{version}-{tags}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files_of(project, version, files).items():
            archive.writestr(name, content)
    return path


def list_wheels(folder: Path, python: str = PYTHON) -> Manifest:
    """Writes the manifest of all wheels that are in a folder."""
    wheels = []
    for path in sorted(folder.glob("*.whl")):
        data = path.read_bytes()
        wheels.append(Wheel(path.name, hashlib.sha256(data).digest(), len(data)))
    manifest = Manifest(python, tuple(wheels))
    (folder / FILE).write_bytes(encode(manifest))
    return manifest

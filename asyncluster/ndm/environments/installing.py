"""Unpacks the wheels of an environment into a folder of its own, with no network and without running any of their code.

    FOLDER/manifest.json, *.whl   ->   TARGET.partial/{site,bin,include,data}   ->   TARGET

TARGET appears complete or not at all, whatever happens meanwhile; it is called by the manifest's key, so whoever finds
it knows what is in it. Nobody but its owner can write into it, and packages are compiled, since workers are others.

It is a program of its own (`program`), because wheels come from people: whatever their archives or sources do to
whoever reads them, the node daemon is not hit.
"""

from __future__ import annotations

import compileall
import configparser
import ctypes
import errno
import os
import shutil
import struct
import sys
import warnings
import zipfile
import zlib
from io import BufferedReader
from pathlib import Path
from py_compile import PycInvalidationMode

import installer
from installer.destinations import SchemeDictionaryDestination
from installer.exceptions import InstallerError
from installer.sources import WheelFile

from asyncluster.core.environments.manifest import FILE, Manifest, UnfitEnvironment, Wheel, decode
from asyncluster.core.failpoints import failpoint
from asyncluster.ndm.environments import layout
from asyncluster.ndm.environments.inspecting import Allowance, check_archive, check_content, check_python

_LARGEST_MANIFEST = 1 << 20  # bytes; 500 wheels with long names are a fifth of it

# What the libraries raise when an archive, or what a wheel says of itself in it, is broken.
_BROKEN = (
    AssertionError,
    EOFError,
    InstallerError,
    KeyError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
    configparser.Error,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)

_COLLISIONS = (FileExistsError, IsADirectoryError, NotADirectoryError)


def install(folder: Path, target: Path) -> None:
    """Makes the environment that `folder` describes; nothing if it is there.

    Args:
        folder: has the manifest and its wheels.
        target: what becomes of it; its last part is the manifest's key.

    Raises:
        UnfitEnvironment: the wheels are not for this node, or no wheels; nothing is left of them.
        OSError: the disk is full, or not ours.
    """
    manifest = _read_manifest(folder)
    if target.name != manifest.key:
        raise UnfitEnvironment("The environment is not the one that was meant: its key is another one.")
    if target.is_dir():
        return
    check_python(manifest)
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of somebody who died here
    partial.mkdir(mode=0o755)
    try:
        _fill(partial, folder, manifest)
        failpoint("environment-unpacked")
        partial.rename(target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    _sync(target.parent)


def _read_manifest(folder: Path) -> Manifest:
    try:
        with (folder / FILE).open("rb") as file:
            return decode(file.read(_LARGEST_MANIFEST))
    except FileNotFoundError as error:
        raise UnfitEnvironment("The list of wheels is missing.") from error


def _fill(partial: Path, folder: Path, manifest: Manifest) -> None:
    allowance = Allowance()
    # In one order everywhere: of two wheels that bring the same file, the same one has the last word on all nodes.
    for wheel in sorted(manifest.wheels, key=lambda wheel: wheel.filename):
        try:
            file = (folder / wheel.filename).open("rb")
        except FileNotFoundError as error:
            raise UnfitEnvironment(f"{wheel.filename} is missing.") from error
        with file:
            _unpack(wheel, file, partial, allowance)
    site = layout.packages(partial)
    Path(site).mkdir(exist_ok=True)
    compileall.compile_dir(site, quiet=2, force=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    _close(partial)
    _sync(partial)


def _unpack(wheel: Wheel, file: BufferedReader, partial: Path, allowance: Allowance) -> None:
    check_content(wheel, file)
    try:
        with zipfile.ZipFile(file) as archive, warnings.catch_warnings():
            check_archive(wheel, archive, allowance)
            warnings.simplefilter("ignore")  # somebody packed their __pycache__; it is left out
            installer.install(WheelFile(archive), _destination(partial), {"INSTALLER": b"asyncluster\n"})
    except _COLLISIONS as error:
        raise UnfitEnvironment(f"{wheel.filename} has a file where another wheel has a folder.") from error
    except _BROKEN as error:
        raise UnfitEnvironment(f"{wheel.filename} is broken: {_line(error)}.") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # the disk
            raise
        raise UnfitEnvironment(f"{wheel.filename} is broken: it points to where it is not.") from error


def _destination(partial: Path) -> SchemeDictionaryDestination:
    # The installer makes paths absolute, and there may be no way for this account from the root to where it works.
    here = Path("/proc/self/cwd") / partial
    site = layout.packages(here)
    folders = {
        "purelib": site,
        "platlib": site,
        "scripts": layout.programs(here),
        "headers": str(here / "include"),
        "data": str(here / "data"),
    }
    return SchemeDictionaryDestination(folders, sys.executable, "posix", overwrite_existing=True)


def _line(error: Exception) -> str:
    """What an error says, which may be what the wheel says: in one short line for somebody's terminal."""
    said = error.message if isinstance(error, configparser.Error) else error.args[-1] if error.args else ""
    text = " ".join(str(said).split()).removesuffix(".")[:200]
    return text if text and text.isprintable() else type(error).__name__


def _close(partial: Path) -> None:
    """All may read, nobody may write; folders stay their owner's to remove."""
    for folder, _folders, files in os.walk(partial):
        os.chmod(folder, 0o755)  # noqa: S103  (workers have another account)
        for name in files:
            path = os.path.join(folder, name)
            os.chmod(path, 0o555 if os.stat(path).st_mode & 0o100 else 0o444)


def _sync(folder: Path) -> None:
    """All that was written to this disk is on it: one call for all files, and no other disk is waited for."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)

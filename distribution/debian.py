"""Debian packages: `make deb`, or `python distribution/debian.py [DIRECTORY]` on the Debian that they are for.

Debian's own versions of what the program needs are too old, so the packages bring an environment of their own:

    asyncluster-common    /usr/lib/asyncluster (interpreter: Debian's), /usr/bin/asyncluster, manual, completion
    asyncluster-qt        the part of that environment that makes windows
    asyncluster-master    unit, runtime directories; its postinst writes a configuration
    asyncluster-node      unit, PAM service
    asyncluster-console   menu entry and icon

`distribution/debian/NAME` holds each package's fields and the scripts that dpkg runs. Nothing is compiled; pip fetches
the wheels.
"""

from __future__ import annotations

import compileall
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from email.utils import formatdate
from pathlib import Path
from py_compile import PycInvalidationMode

import manual

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "distribution" / "debian"
RESOURCES = ROOT / "resources"
CHANGELOG = ROOT / "CHANGELOG.md"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
HOME = Path("usr/lib/asyncluster")
SITE = HOME / f"lib/python{PYTHON}/site-packages"
MAINTAINER = "AsynCluster <asyncluster@users.noreply.github.com>"
BASE, WINDOWS = "demo,joblib,metrics,postgresql", "gui"

_COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: AsynCluster

Files: *
Copyright: 2026 the authors of AsynCluster
License: GPL-3.0-only
 The text of this license is in /usr/share/common-licenses/GPL-3. What lies in
 /usr/lib/asyncluster beside AsynCluster itself has its licenses there, in the
 directories that end in .dist-info.
"""

_CHANGES = """asyncluster ({version}) stable; urgency=medium

  * See /usr/share/doc/asyncluster-common/CHANGELOG.md.gz.

 -- {maintainer}  {date}
"""

_LAUNCHER = """#!/usr/lib/asyncluster/bin/python3
import sys

from asyncluster.__main__ import main

sys.exit(main())
"""


class Package:
    """A tree of files that becomes a package.

    Args:
        name: behind "asyncluster-".
        stage: where trees are made.
    """

    def __init__(self, name: str, stage: Path) -> None:
        self.name = f"asyncluster-{name}"
        self.scripts = SCRIPTS / name
        self.tree = stage / self.name
        self.tree.mkdir()

    def write(self, path: str | Path, text: str, mode: int = 0o644) -> None:
        """Adds a file."""
        target = self.tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        target.chmod(mode)

    def copy(self, source: Path, path: str) -> None:
        """Adds a file that is there."""
        self.write(path, source.read_text(encoding="utf-8"))

    def compress(self, text: str, path: str) -> None:
        """Adds a file as Debian wants its documentation: compressed, and the same whenever it is built."""
        target = self.tree / f"{path}.gz"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(text.encode(), mtime=0))

    def unit(self, name: str) -> None:
        """Adds a systemd unit."""
        text = (RESOURCES / "systemd" / name).read_text(encoding="utf-8")
        self.write(f"lib/systemd/system/{name}", text.replace("@program@", "/usr/bin/asyncluster"))

    def build(self, version: str, architecture: str, directory: Path) -> Path:
        """Makes the .deb."""
        self.write(f"usr/share/doc/{self.name}/copyright", _COPYRIGHT)
        date = formatdate(CHANGELOG.stat().st_mtime)
        changes = _CHANGES.format(version=version, maintainer=MAINTAINER, date=date)
        self.compress(changes, f"usr/share/doc/{self.name}/changelog")
        self._normalise()
        control = self.tree / "DEBIAN"
        files = sorted(path for path in self.tree.rglob("*") if path.is_file() and not path.is_symlink())
        size = sum(path.stat().st_size for path in files) // 1024
        sums = [f"{_md5(path)}  {path.relative_to(self.tree)}\n" for path in files]
        major, minor = sys.version_info[:2]
        fields = (self.scripts / "control").read_text(encoding="utf-8")
        fields = fields.format(version=version, python=PYTHON, next_python=f"{major}.{minor + 1}", libc=_libc())
        head = f"Package: {self.name}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: {MAINTAINER}\n"
        self.write("DEBIAN/control", f"{head}Installed-Size: {size}\nSection: admin\nPriority: optional\n{fields}")
        self.write("DEBIAN/md5sums", "".join(sums))
        kept = [f"/{path.relative_to(self.tree)}\n" for path in files if path.is_relative_to(self.tree / "etc")]
        if kept:
            self.write("DEBIAN/conffiles", "".join(kept))
        for script in self.scripts.iterdir():
            if script.name != "control":
                shutil.copy(script, control / script.name)
                (control / script.name).chmod(0o755)
        target = directory / f"{self.name}_{version}_{architecture}.deb"
        run("dpkg-deb", "--root-owner-group", "-Zzstd", "-z9", "--build", str(self.tree), str(target))
        return target

    def _normalise(self) -> None:
        """Whoever builds, with whatever umask: everybody may read, only root may write, and programs can be run."""
        for path in [self.tree, *self.tree.rglob("*")]:
            if not path.is_symlink():
                runs = path.is_dir() or (path.stat().st_mode & 0o100 and ".so" not in path.suffixes)
                path.chmod(0o755 if runs else 0o644)


def run(*command: str) -> str:
    """Runs a command and returns its output; its errors are shown, and end everything."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def _libc() -> str:
    """The version that pip has chosen the wheels for."""
    return (os.confstr("CS_GNU_LIBC_VERSION") or "").split()[-1]


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def _wheel(directory: Path) -> Path:
    """The wheel of the program."""
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps")
    run(*pip, "--wheel-dir", str(directory), str(ROOT))
    (wheel,) = directory.glob("asyncluster-*.whl")
    return wheel


def _install(wheel: Path, extras: str, target: Path) -> None:
    """Puts the program and what it needs into a directory, compiled, since nobody may write there later."""
    options = ["--quiet", "--no-compile", "--only-binary=:all:", "--prefer-binary", "--target", str(target)]
    run(sys.executable, "-m", "pip", "--disable-pip-version-check", "install", *options, f"{wheel}[{extras}]")
    shutil.rmtree(target / "bin", ignore_errors=True)


def _compile(package: Package) -> None:
    compileall.compile_dir(
        package.tree / SITE,
        quiet=2,
        stripdir=str(package.tree),
        prependdir="/",
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )


def _common(package: Package, wheel: Path, stage: Path) -> None:
    _install(wheel, BASE, package.tree / SITE)
    package.write(HOME / "pyvenv.cfg", f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {PYTHON}\n")
    (package.tree / HOME / "bin").mkdir()
    (package.tree / HOME / "bin" / "python3").symlink_to(f"../../../bin/python{PYTHON}")
    package.write("usr/bin/asyncluster", _LAUNCHER, 0o755)
    manual.main(stage / "manual")
    for page in (stage / "manual" / "man").iterdir():
        package.compress(page.read_text(encoding="utf-8"), f"usr/share/man/man{page.suffix[1:]}/{page.name}")
    completions = stage / "manual" / "completions"
    package.copy(completions / "asyncluster.bash", "usr/share/bash-completion/completions/asyncluster")
    package.copy(completions / "asyncluster.zsh", "usr/share/zsh/vendor-completions/_asyncluster")
    package.copy(completions / "asyncluster.fish", "usr/share/fish/vendor_completions.d/asyncluster.fish")
    package.compress(CHANGELOG.read_text(encoding="utf-8"), f"usr/share/doc/{package.name}/CHANGELOG.md")
    package.copy(RESOURCES / "grafana" / "asyncluster.json", "usr/share/doc/asyncluster-common/grafana.json")


def _qt(package: Package, wheel: Path, common: Package) -> None:
    """What the extra for windows brings beyond what is in the other package."""
    site = package.tree / SITE
    _install(wheel, WINDOWS, site)
    for entry in list(site.iterdir()):
        if (common.tree / SITE / entry.name).exists():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def build(directory: Path) -> list[Path]:
    """Builds all packages into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    architecture = run("dpkg", "--print-architecture")
    with tempfile.TemporaryDirectory(prefix="asyncluster-deb-") as temporary:
        stage = Path(temporary)
        wheel = _wheel(stage)
        version = wheel.name.split("-")[1]
        common, qt, master, node, console = (
            Package(name, stage) for name in ("common", "qt", "master", "node", "console")
        )
        _common(common, wheel, stage)
        _qt(qt, wheel, common)
        _compile(common)
        _compile(qt)
        master.unit("asyncluster-master.service")
        master.copy(RESOURCES / "tmpfiles.d" / "asyncluster.conf", "usr/lib/tmpfiles.d/asyncluster.conf")
        node.unit("asyncluster-node.service")
        node.copy(RESOURCES / "pam.d" / "asyncluster", "etc/pam.d/asyncluster")
        console.copy(
            RESOURCES / "desktop" / "asyncluster-console.desktop", "usr/share/applications/asyncluster-console.desktop"
        )
        console.copy(RESOURCES / "icons" / "asyncluster.svg", "usr/share/icons/hicolor/scalable/apps/asyncluster.svg")
        binary, plain = (common, qt), (master, node, console)
        return [
            *(package.build(version, architecture, directory) for package in binary),
            *(package.build(version, "all", directory) for package in plain),
        ]


if __name__ == "__main__":
    for made in build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "deb"):
        print(made)

"""The Debian packages in a bare Debian: they install, a cluster runs, an upgrade keeps everything, purging leaves data.

Nothing of systemd is there, so the daemons are started as their units say. Needs Debian, root and a Debian archive.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.pages import ROOT
from support.waiting import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.root, pytest.mark.timeout(3000)]

OURS = ("asyncluster-common", "asyncluster-master", "asyncluster-node")
JOB = """
def where(n):
    import os, pwd
    return n * n, pwd.getpwuid(os.getuid()).pw_name
"""


class BareDebian:
    """A root directory with a minimal Debian, and what runs in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, *command: str, given: str = "", timeout: float = 600.0) -> str:
        done = self.try_to(*command, given=given, timeout=timeout)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def try_to(self, *command: str, given: str = "", timeout: float = 600.0) -> subprocess.CompletedProcess[str]:
        path = "/usr/sbin:/usr/bin:/sbin:/bin"
        environment = {"PATH": path, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        line = ["chroot", str(self.root), *command]
        return subprocess.run(line, env=environment, input=given, capture_output=True, text=True, timeout=timeout)

    def succeeds(self, *command: str) -> bool:
        return self.try_to(*command).returncode == 0

    def start(self, unit: str, *more: str) -> None:
        """Starts what a unit would start."""
        text = (self.root / f"lib/systemd/system/{unit}.service").read_text(encoding="utf-8")
        command = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)[0].split()
        with (self.root / f"root/{unit}.log").open("ab") as log:
            line = ["chroot", str(self.root), *command, *more]
            self.daemons[unit] = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop(self) -> None:
        for unit in reversed(list(self.daemons)):
            self.daemons[unit].terminate()
            self.daemons.pop(unit).wait(60)

    def edit(self, path: str, *changes: tuple[str, str]) -> None:
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        for pattern, new in changes:
            text, count = re.subn(pattern, new, text, flags=re.MULTILINE)
            assert count == 1, pattern
        file.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("deb")
    command = [sys.executable, str(ROOT / "distribution/debian.py"), str(directory)]
    subprocess.run(command, check=True, timeout=1200, stdout=subprocess.DEVNULL)
    return directory


@pytest.fixture
def debian(tmp_path: Path) -> Iterator[BareDebian]:
    root = tmp_path / "root"
    release = subprocess.run(["sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME"], capture_output=True, text=True)
    command = ["debootstrap", "--variant=minbase", release.stdout.strip(), str(root)]
    subprocess.run(command, check=True, timeout=1200, stdout=subprocess.DEVNULL)
    tmp_path.chmod(0o755)
    subprocess.run(["mount", "-t", "proc", "proc", str(root / "proc")], check=True)
    machine = BareDebian(root)
    try:
        yield machine
    finally:
        machine.stop()
        subprocess.run(["umount", str(root / "proc")], check=True)
        shutil.rmtree(root)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_install_use_upgrade_remove_purge(debian: BareDebian, packages: Path) -> None:
    for package in packages.glob("*.deb"):
        shutil.copy(package, debian.root / "root")
    files = [f"/root/{next(packages.glob(f'{name}_*.deb')).name}" for name in OURS]

    debian.run("apt-get", "update")
    debian.run("apt-get", "install", "--yes", "--no-install-recommends", *files)
    configuration = debian.root / "etc/asyncluster.conf"
    assert (configuration.stat().st_mode & 0o777, configuration.stat().st_uid) == (0o600, 0)
    port = (r"^tcp port = .*", f"tcp port = {_free_port()}")
    debian.edit("etc/asyncluster.conf", port, (r"^host = .*", "host = 127.0.0.1"))
    debian.run("asyncluster", "config", "check")

    debian.start("asyncluster-master")
    wait_for(lambda: debian.succeeds("asyncluster", "status"), "the master", 60.0)
    debian.start("asyncluster-node", "--workers", "1")
    wait_for(lambda: '"name"' in debian.run("asyncluster", "node", "list", "--json"), "the node", 60.0)
    debian.run("asyncluster", "user", "add", "ada", "--password-stdin", given="correct horse\n")
    (debian.root / "root/where.py").write_text(JOB, encoding="utf-8")
    assert debian.run("asyncluster", "job", "run", "/root/where.py", "where", "7") == '[49, "asyncluster-job"]\n'
    debian.stop()

    before = configuration.read_bytes()
    debian.run("dpkg", "--install", *files)
    assert configuration.read_bytes() == before
    debian.start("asyncluster-master")
    wait_for(lambda: debian.succeeds("asyncluster", "user", "show", "ada"), "the master with its data", 60.0)
    debian.stop()

    debian.run("dpkg", "--remove", *OURS)
    assert configuration.read_bytes() == before
    debian.run("dpkg", "--purge", *OURS)
    left = {str(path.relative_to(debian.root)) for path in _ours(debian.root)}
    assert left == {
        "var/lib/asyncluster",
        "var/lib/asyncluster/asyncluster.db",
        "var/lib/asyncluster/master.pem",
    }
    accounts = (debian.root / "etc/passwd").read_text(encoding="utf-8") + (debian.root / "etc/group").read_text("utf-8")
    assert set(re.findall(r"^asyncluster[\w-]*", accounts, re.MULTILINE)) == {"asyncluster"}  # whose the data are


def _ours(root: Path) -> Iterator[Path]:
    """All that has our name in its path, but for what the test put there."""
    for folder, directories, files in os.walk(root):
        directories[:] = [name for name in directories if Path(folder, name) not in (root / "proc", root / "root")]
        for name in [*directories, *files]:
            path = Path(folder, name)
            if "asyncluster" in str(path.relative_to(root)):
                yield path


def test_a_window_loads_with_what_the_packages_depend_on(debian: BareDebian, packages: Path) -> None:
    for package in packages.glob("*.deb"):
        shutil.copy(package, debian.root / "root")
    files = [f"/root/{package.name}" for package in packages.glob("*.deb") if package.name.startswith("asyncluster-")]
    debian.run("apt-get", "update")
    debian.run("apt-get", "install", "--yes", "--no-install-recommends", *files, timeout=1200)
    program = "from PyQt6.QtWidgets import QApplication; QApplication(['x', '-platform', 'offscreen']); print('shown')"
    assert debian.run("/usr/lib/asyncluster/bin/python3", "-c", program) == "shown\n"
    libraries = "/usr/lib/asyncluster/lib/python3.11/site-packages/PyQt6/Qt6/plugins/platforms/libqxcb.so"
    assert "not found" not in debian.run("ldd", libraries)

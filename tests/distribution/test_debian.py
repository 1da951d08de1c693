"""The Debian packages in a bare Debian: they install, a cluster runs, an upgrade keeps everything, purging leaves data.

Nothing of systemd is there, so the daemons are started as their units say. Needs Debian, root and a Debian archive.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.pages import ROOT
from support.waiting import wait_for

from asyncluster.core.database.schema import REVISION
from asyncluster.core.net.ports import free_port

pytestmark = [pytest.mark.faults, pytest.mark.root, pytest.mark.timeout(3000)]

OURS = ("asyncluster-common", "asyncluster-master", "asyncluster-node")
#: What the next version brings, beside its number.
MIGRATION = f"""
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{REVISION}"

def upgrade():
    op.create_table("novelty", sa.Column("id", sa.Integer, primary_key=True))
"""
#: What lintian says that is meant so, or is not ours to change, and why.
INTENDED = {
    "malformed-deb-archive": "zstd; Debian's archive takes xz only, which takes twice as long, but its dpkg reads both",
    "wrong-path-for-interpreter": "an environment of its own",
    "package-installs-python-pycache-dir": "nobody may write there later",
    "desktop-command-not-in-package": "it is in asyncluster-common",
    "maintainer-script-calls-systemctl": "only where systemd runs",
    # What pip has fetched is shipped as it came:
    "broken-gz": "test data",
    "embedded-library": "",
    "library-not-linked-against-libc": "",
    "package-contains-timestamped-gzip": "",
    "package-contains-vcs-control-file": "",
    "shared-library-lacks-prerequisites": "",
    "unstripped-binary-or-object": "",
    "unusual-interpreter": "",
}
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

    def take(self, packages: Path, *names: str) -> list[str]:
        """Copies packages into it; returns where they are there."""
        place = self.root / "root" / packages.name
        place.mkdir(exist_ok=True)
        found = [next(packages.glob(f"{name}_*.deb")) for name in names]
        return [f"/root/{packages.name}/{Path(shutil.copy(package, place)).name}" for package in found]

    def start_master(self) -> None:
        self.start("asyncluster-master")
        wait_for(lambda: self.succeeds("asyncluster", "status"), "the master", 60.0)


def _build(tree: Path, directory: Path) -> Path:
    command = [sys.executable, str(tree / "distribution/debian.py"), str(directory)]
    subprocess.run(command, check=True, timeout=1200, stdout=subprocess.DEVNULL)
    return directory


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(ROOT, tmp_path_factory.mktemp("deb"))


@pytest.fixture(scope="module")
def next_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those of a version that has a migration more."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("asyncluster", "distribution", "examples", "resources"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tree)
    shutil.copy(ROOT / "pyproject.toml", tree)
    database = "asyncluster/core/database"
    (tree / database / "migrations/versions/next.py").write_text(MIGRATION, encoding="utf-8")
    for name, line, new in (
        ("pyproject.toml", "version = ", '"99.0"'),
        ("asyncluster/__init__.py", "__version__ = ", '"99.0"'),
        (f"{database}/schema.py", "REVISION = ", '"next"'),
    ):
        text, count = re.subn(f"^{line}.*", line + new, (tree / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert count == 1, name
        (tree / name).write_text(text, encoding="utf-8")
    return _build(tree, tmp_path_factory.mktemp("deb"))


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


@pytest.mark.skipif(shutil.which("lintian") is None, reason="there is no lintian")
def test_lintian_has_no_complaint_but_those_that_are_known(packages: Path) -> None:
    command = ["lintian", "--no-cfg", "--allow-root", "--suppress-tags", ",".join(INTENDED)]
    done = subprocess.run(
        [*command, *map(str, packages.glob("*.deb"))], capture_output=True, text=True, timeout=1200, check=False
    )
    assert re.findall(r"^[EW]: .*", done.stdout, re.MULTILINE) == []


def test_install_use_remove_purge(debian: BareDebian, packages: Path) -> None:
    files = debian.take(packages, *OURS)
    debian.run("apt-get", "update")
    debian.run("apt-get", "install", "--yes", "--no-install-recommends", *files)
    configuration = debian.root / "etc/asyncluster.conf"
    assert (configuration.stat().st_mode & 0o777, configuration.stat().st_uid) == (0o600, 0)
    port = (r"^tcp port = .*", f"tcp port = {free_port()}")
    debian.edit("etc/asyncluster.conf", port, (r"^host = .*", "host = 127.0.0.1"))
    debian.run("asyncluster", "config", "check")

    debian.start_master()
    debian.start("asyncluster-node", "--workers", "1")
    wait_for(lambda: '"name"' in debian.run("asyncluster", "node", "list", "--json"), "the node", 60.0)
    debian.run("asyncluster", "user", "add", "ada", "--password-stdin", given="correct horse\n")
    (debian.root / "root/where.py").write_text(JOB, encoding="utf-8")
    assert debian.run("asyncluster", "job", "run", "/root/where.py", "where", "7") == '[49, "asyncluster-job"]\n'
    debian.stop()

    before = configuration.read_bytes()
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


def test_an_upgrade_keeps_data_and_what_people_have_edited(
    debian: BareDebian, packages: Path, next_packages: Path
) -> None:
    old, new = debian.take(packages, *OURS), debian.take(next_packages, *OURS)
    debian.run("apt-get", "update")
    debian.run("apt-get", "install", "--yes", "--no-install-recommends", *old)
    debian.edit("etc/asyncluster.conf", (r"^tcp port = .*", f"tcp port = {free_port()}"))
    with (debian.root / "etc/pam.d/asyncluster").open("a", encoding="utf-8") as rules:
        rules.write("session optional pam_umask.so umask=027\n")
    edited = {name: (debian.root / name).read_bytes() for name in ("etc/asyncluster.conf", "etc/pam.d/asyncluster")}
    debian.start_master()
    debian.run("asyncluster", "user", "add", "ada", "--daily-hours", "2", "--password-stdin", given="correct horse\n")
    debian.run("asyncluster", "opening", "add", "mon", "08:00", "20:00")
    people = _people(debian)
    debian.stop()

    debian.run("dpkg", "--install", *new)  # with nobody to answer a question
    assert {name: (debian.root / name).read_bytes() for name in edited} == edited
    assert "99.0" in debian.run("asyncluster", "--version")
    debian.start_master()
    assert _people(debian) == people == [("ada", True, 2.0)]
    assert "08:00" in debian.run("asyncluster", "opening", "list")
    debian.stop()

    debian.run("dpkg", "--install", *old)
    refused = debian.try_to("asyncluster", "master", "run", timeout=60.0)
    assert refused.returncode != 0
    assert "upgraded by a newer version" in refused.stderr
    state = debian.root / "var/lib/asyncluster"
    (state / f"asyncluster.db.before-{REVISION}").rename(state / "asyncluster.db")
    debian.start_master()
    assert _people(debian) == people
    debian.stop()
    assert {name: (debian.root / name).read_bytes() for name in edited} == edited


def _people(debian: BareDebian) -> list[tuple[str, bool, float | None]]:
    people = json.loads(debian.run("asyncluster", "user", "list", "--json"))
    return [(person["name"], person["enabled"], person["daily_hours"]) for person in people]


def test_a_window_loads_with_what_the_packages_depend_on(debian: BareDebian, packages: Path) -> None:
    files = debian.take(packages, *OURS, "asyncluster-qt", "asyncluster-console")
    debian.run("apt-get", "update")
    debian.run("apt-get", "install", "--yes", "--no-install-recommends", *files, timeout=1200)
    program = "from PyQt6.QtWidgets import QApplication; QApplication(['x', '-platform', 'offscreen']); print('shown')"
    assert debian.run("/usr/lib/asyncluster/bin/python3", "-c", program) == "shown\n"
    libraries = "/usr/lib/asyncluster/lib/python3.11/site-packages/PyQt6/Qt6/plugins/platforms/libqxcb.so"
    assert "not found" not in debian.run("ldd", libraries)

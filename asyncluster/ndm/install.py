"""`asyncluster master install` and `asyncluster node install`: accounts, directories, PAM and units, put in place.

A plan is a list of steps. Each step knows what it wants and whether that is there already, so a second run does
nothing, and a run that was broken off can be repeated. What an administrator may have changed (PAM) is kept; what is
ours (units, in /usr/local/lib) is brought up to date. Nothing is started: the last lines say how.
"""

from __future__ import annotations

import grp
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import click

from asyncluster.core.errors import AsynClusterError, NotAllowed
from asyncluster.core.privileges import find_account
from asyncluster.core.resources import resource

MASTER_ACCOUNT = "asyncluster"
OPERATORS = "asyncluster-admin"
NODE_ACCOUNTS = ("asyncluster", "asyncluster-job", "asyncluster-greeter")
STATE = Path("var/lib/asyncluster")
PAM = Path("etc/pam.d/asyncluster")
UNITS = Path("usr/local/lib/systemd/system")
_NOWHERE = "/nonexistent"

#: Runs a command; raises if it fails.
Run = Callable[[Sequence[str]], None]


class Step(Protocol):
    """One thing that is to be there."""

    def __str__(self) -> str:
        """What it is, in a few words."""

    def is_done(self) -> bool:
        """Is it there?"""

    def do(self) -> None:
        """Sees to it that it is."""


@dataclass(frozen=True)
class Account:
    """An account that nobody logs in with."""

    name: str
    run: Run

    def __str__(self) -> str:
        return f"user {self.name}"

    def is_done(self) -> bool:
        return find_account(self.name) is not None

    def do(self) -> None:
        options = ["--system", "--user-group", "--no-create-home", "--home-dir", _NOWHERE]
        self.run(["useradd", *options, "--shell", _no_shell(), self.name])


@dataclass(frozen=True)
class Group:
    """A group; who is in it is the administrator's business."""

    name: str
    run: Run

    def __str__(self) -> str:
        return f"group {self.name}"

    def is_done(self) -> bool:
        try:
            grp.getgrnam(self.name)
        except KeyError:
            return False
        return True

    def do(self) -> None:
        self.run(["groupadd", "--system", self.name])


@dataclass(frozen=True)
class Directory:
    """A directory that belongs to an account."""

    path: Path
    owner: str
    mode: int

    def __str__(self) -> str:
        return f"directory {self.path} of {self.owner}"

    def is_done(self) -> bool:
        account = find_account(self.owner)
        if account is None or not self.path.is_dir():
            return False
        status = self.path.stat()
        return (status.st_uid, status.st_mode & 0o7777) == (account.pw_uid, self.mode)

    def do(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        account = find_account(self.owner)
        if account is None:
            raise AsynClusterError(f"There is no account {self.owner}.")
        os.chown(self.path, account.pw_uid, account.pw_gid)
        self.path.chmod(self.mode)


@dataclass(frozen=True)
class File:
    """A file with a content of ours.

    Attributes:
        kept: one that is there is left as it is, whatever it says.
    """

    path: Path
    content: str
    kept: bool = False

    def __str__(self) -> str:
        return f"file {self.path}"

    def is_done(self) -> bool:
        if not self.path.is_file():
            return False
        return self.kept or self.path.read_text(encoding="utf-8") == self.content

    def do(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(self.path.name + ".new")
        partial.write_text(self.content, encoding="utf-8")
        partial.chmod(0o644)
        partial.rename(self.path)


def master_plan(root: Path, program: str, run: Run) -> list[Step]:
    """What a master needs.

    Args:
        root: "/", or where a test wants it.
        program: absolute path of `asyncluster`.
    """
    return [
        Account(MASTER_ACCOUNT, run),
        Group(OPERATORS, run),
        Directory(root / STATE, MASTER_ACCOUNT, 0o750),
        _unit(root, "asyncluster-master.service", program),
    ]


def node_plan(root: Path, program: str, run: Run) -> list[Step]:
    """What a node needs."""
    return [
        *(Account(name, run) for name in NODE_ACCOUNTS),
        Directory(root / STATE, MASTER_ACCOUNT, 0o750),
        File(root / PAM, resource("pam.d/asyncluster").read_text(encoding="utf-8"), kept=True),
        _unit(root, "asyncluster-node.service", program),
    ]


def _unit(root: Path, name: str, program: str) -> File:
    text = resource(f"systemd/{name}").read_text(encoding="utf-8")
    return File(root / UNITS / name, text.replace("@program@", program))


def carry_out(plan: Sequence[Step], *, dry_run: bool) -> bool:
    """Does what is missing, and says what it does; returns whether anything was."""
    missing = [step for step in plan if not step.is_done()]
    for step in plan:
        if step not in missing:
            click.echo(f"there already: {step}")
        elif dry_run:
            click.echo(f"would make: {step}")
        else:
            step.do()
            click.echo(f"made: {step}")
    return bool(missing)


@click.command("install")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def install_master(dry_run: bool) -> None:
    """Make the account, the directory and the systemd unit of a master."""
    _install(master_plan, "asyncluster-master", dry_run=dry_run)
    click.echo(f"Who is to run the cluster becomes an operator with: usermod --append --groups {OPERATORS} NAME")


@click.command("install")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def install_node(dry_run: bool) -> None:
    """Make the accounts, the PAM service and the systemd unit of a node."""
    _install(node_plan, "asyncluster-node", dry_run=dry_run)


def _install(plan: Callable[[Path, str, Run], list[Step]], unit: str, *, dry_run: bool) -> None:
    if os.geteuid() != 0 and not dry_run:
        raise NotAllowed("Only root can install. Use sudo, or --dry-run to see what would be done.")
    carry_out(plan(Path("/"), _program(), _run), dry_run=dry_run)
    if not Path("/etc/asyncluster.conf").exists():
        click.echo("Write the configuration first: asyncluster config init")
    click.echo(f"Start it now and at every boot with: systemctl daemon-reload && systemctl enable --now {unit}")


def _program() -> str:
    """Where the command `asyncluster` is, beside the interpreter that runs this."""
    beside = Path(sys.executable).parent / "asyncluster"
    return str(beside) if beside.exists() else shutil.which("asyncluster") or str(beside)


def _run(argv: Sequence[str]) -> None:
    try:
        subprocess.run(argv, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise AsynClusterError(f"The program {argv[0]} is not installed.") from None
    except subprocess.CalledProcessError as error:
        raise AsynClusterError(f"{argv[0]} failed: {error.stderr.strip() or error.returncode}.") from error


def _no_shell() -> str:
    return next((path for path in ("/usr/sbin/nologin", "/sbin/nologin") if os.path.exists(path)), "/bin/false")

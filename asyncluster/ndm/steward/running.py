"""`asyncluster node run` as root: checks that accounts can do their parts, then runs the steward."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from asyncluster.core.config.settings import Settings
from asyncluster.core.errors import ConfigError, ExitCode
from asyncluster.ndm.node.identity import Identity, claim
from asyncluster.ndm.node.settings import NodeSettings
from asyncluster.ndm.session import group
from asyncluster.ndm.steward.displays import Displays
from asyncluster.ndm.steward.nodeprocess import NodeProcess
from asyncluster.ndm.steward.parts import Part
from asyncluster.ndm.steward.setup import display_policy, greeter_account
from asyncluster.ndm.steward.steward import Steward
from asyncluster.ndm.steward.users import NODE_ACCOUNTS, check_runs, first_account
from asyncluster.ndm.steward.workers import WorkerPolicy, Workers

#: Bounds what jobs may start: enough for pools of processes inside calls, and little enough to be swept in a moment.
_PROCESSES, _PROCESSES_PER_SLOT = 256, 32


def run(settings: Settings, node: NodeSettings, *, verbose: int, quiet: bool) -> ExitCode:
    """Runs a node whose daemon and workers have accounts of their own, until a signal ends it.

    Raises:
        ConfigError: an account is missing, or cannot run its part.
    """
    node_user = first_account(NODE_ACCOUNTS, "the node daemon")
    if node_user.name != NODE_ACCOUNTS[0]:
        print(
            f"Warning: there is no account {NODE_ACCOUNTS[0]}, so the node daemon runs as {node_user.name}.",
            file=sys.stderr,
        )
    worker_user = first_account(settings.client.worker_user, "workers")
    trials = [(node_user, "asyncluster.ndm.node.settings"), (worker_user, "asyncluster.ndm.worker.loop")]
    if node.displays:
        greeter = greeter_account(node.displays)
        trials.append((greeter, "asyncluster.ndm.greeter.program"))
    check_runs(*trials)
    identity = claim(root_directory(node.directory), node.name)
    own = identity.directory / "own"
    own.mkdir(mode=0o700, exist_ok=True)
    os.chown(own, node_user.uid, node_user.gid)
    processes = _PROCESSES + _PROCESSES_PER_SLOT * node.slots
    policy = WorkerPolicy(worker_user, node.memory, _work_directory(identity), identity.marker, processes, group.home())
    process = NodeProcess(replace(node, name=identity.name), node_user, own, verbose=verbose, quiet=quiet)
    parts: list[Part] = [Workers(policy)]
    if node.displays:
        display = display_policy(settings.display, node.displays, identity.directory, greeter)
        parts.append(Displays(display, time.monotonic))
    return Steward(process, parts).run()


def root_directory(state: Path) -> Path:
    """A directory of root's beside the state directory: that one may be the master's, whom root does not trust.

    Raises:
        ConfigError: somebody else's is in its place.
    """
    directory = Path(f"{state}-node")
    try:
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        status = directory.lstat()
    except OSError as error:
        raise ConfigError(f"The directory {directory} cannot be used: {error.strerror}.") from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != 0 or status.st_mode & 0o022:
        raise ConfigError(f"{directory} must be a directory that only root can change. Remove it, or mend it.")
    return directory


def _work_directory(identity: Identity) -> Path:
    """A new directory that everybody can pass through, wherever the node's own one lies; the last one is removed."""
    note = identity.directory / "work"
    if note.is_file():
        shutil.rmtree(note.read_text(), ignore_errors=True)
    directory = Path(tempfile.mkdtemp(prefix="asyncluster-work-"))
    directory.chmod(0o711)
    note.write_text(str(directory))
    return directory

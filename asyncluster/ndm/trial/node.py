"""A steward without root: a node with one display, at which whoever runs it sits down under the guest's name.

    python -m asyncluster.ndm.trial.node < ORDERS

It is the real steward with the real parts: node daemon, keeper, fresh X servers, time bar, deadline, record. What needs
root is not done: no PAM, no other user for any of its processes, no control groups. A keeper decides that by not being
root itself (`session.guest`), so nothing that this program says can lead the real one there.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from asyncluster.core.errors import AsynClusterError, UsageError
from asyncluster.ndm.display.screen import Place
from asyncluster.ndm.node.identity import claim
from asyncluster.ndm.node.settings import NodeSettings, from_json
from asyncluster.ndm.session.record import open_directory
from asyncluster.ndm.steward.display import DisplayPolicy
from asyncluster.ndm.steward.displays import Displays
from asyncluster.ndm.steward.nodeprocess import NodeProcess
from asyncluster.ndm.steward.spawn import User
from asyncluster.ndm.steward.steward import Steward
from asyncluster.ndm.steward.workers import WorkerPolicy, Workers


def main() -> int:
    """Runs it until a signal ends it; returns the exit code."""
    try:
        if os.geteuid() == 0:
            raise UsageError("A trial node is for users, not for root.")
        return run(json.load(sys.stdin))
    except AsynClusterError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def run(orders: dict[str, Any]) -> int:
    """Runs the node that the orders describe (`nodeprogram`)."""
    node = from_json(orders["node"])
    identity = claim(node.directory, node.name)
    own = identity.directory / "own"
    own.mkdir(mode=0o700, exist_ok=True)
    work = identity.directory / "work"
    work.mkdir(mode=0o700, exist_ok=True)
    user = User("guest", os.getuid(), os.getgid(), dedicated=False)
    workers = Workers(WorkerPolicy(user, node.memory, work, identity.marker, processes=0))
    displays = Displays(_policy(orders, node, identity.directory), time.monotonic)
    process = NodeProcess(node, None, own, verbose=0, quiet=True)
    return Steward(process, [workers, displays]).run()


def _policy(orders: dict[str, Any], node: NodeSettings, directory: Path) -> DisplayPolicy:
    assert node.reception is not None
    place = directory / "display"
    place.mkdir(mode=0o700, exist_ok=True)
    return DisplayPolicy(
        places=(Place(orders["display"], tuple(orders["x server"]), place, group=None),),
        greeter=(os.getuid(), os.getgid()),
        window_manager=node.reception.window_manager,
        sessions=node.reception.sessions,
        niceness=orders["niceness"],
        grace=node.reception.grace,
        records=open_directory(directory / "sessions"),
        service="",
        authenticate=False,
        power=None,
    )


if __name__ == "__main__":
    sys.exit(main())

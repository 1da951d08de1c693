"""The node daemon as the child of a steward: `python -m asyncluster.ndm.node STEWARD SETTINGS DIRECTORY OPTIONS`.

The first three are inherited descriptors: the channel to the steward, a pipe with the settings (they hold passwords),
and the node's directory, which may lie where this user gets nowhere near. It ends when the steward does.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.internet.error import ReactorNotRunning

from asyncluster.core.errors import AsynClusterError
from asyncluster.ndm.node import daemon
from asyncluster.ndm.node.identity import Identity
from asyncluster.ndm.node.reception import receive
from asyncluster.ndm.node.settings import from_json
from asyncluster.ndm.node.stewardclient import StewardSpawner
from asyncluster.ndm.session.channel import Channel


def main(arguments: Sequence[str]) -> int:
    """Runs it; returns the exit code."""
    steward, settings_fd, directory = map(int, arguments[:3])
    with open(settings_fd) as pipe:
        settings = from_json(json.load(pipe))
    for descriptor in (steward, directory):
        os.set_inheritable(descriptor, False)
    identity = Identity(settings.name, Path(f"/proc/self/fd/{directory}"), marker="", lock=-1)
    reactor = daemon.begin(**json.loads(arguments[3]))
    channel = Channel(socket.socket(fileno=steward))
    try:
        spawner = StewardSpawner(reactor, channel, lambda: reactor.callWhenRunning(_stop, reactor))
        node = daemon.NodeDaemon(reactor, settings, identity, spawner)
        if settings.reception is not None:
            receive(reactor, node.shell, spawner, settings.name, settings.reception)
        reactor.addSystemEventTrigger("after", "startup", spawner.ask, {"verb": "ready"})
        daemon.serve(reactor, node)
    except AsynClusterError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _stop(reactor: Any) -> None:
    """Stops the reactor, unless a signal was faster."""
    try:
        reactor.stop()
    except ReactorNotRunning:
        pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

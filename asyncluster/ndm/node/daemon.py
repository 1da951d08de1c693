"""The node daemon: puts the parts of a node together, starts and stops them. Its only composition root.

settings -> identity -> spawner -> Shell <- MasterConnector (TLS, mutual login)
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeAlias

from twisted.logger import Logger

from asyncluster.core import logs, systemd
from asyncluster.core.guard import forbid_unpickling
from asyncluster.core.net.connector import MasterConnector, Standing, master_endpoint
from asyncluster.core.net.pin import MasterPin
from asyncluster.core.wire.passwords import LoginKeys
from asyncluster.ndm.node.identity import Identity, claim
from asyncluster.ndm.node.processes import DirectSpawner, Spawner
from asyncluster.ndm.node.settings import NodeSettings
from asyncluster.ndm.node.shell import MasterLink, Shell

_log = Logger()

#: Makes what starts the workers of a node with this identity.
MakeSpawner: TypeAlias = Callable[[Any, Identity, NodeSettings], Spawner]


class NodeDaemon:
    """All of a node daemon, from `start` to `stop`.

    Args:
        reactor: Twisted's.
        settings: see there.
        make_spawner: see there; default: workers run as the user who runs this.

    Attributes:
        shell: for whoever adds displays: `shell.sessions`, `shell.people`, `shell.tell_master`.
        standing: how the node stands with the master, for people.
    """

    def __init__(self, reactor: Any, settings: NodeSettings, make_spawner: MakeSpawner | None = None) -> None:
        self.identity = claim(settings.directory, settings.name)
        spawner = (make_spawner or direct_spawner)(reactor, self.identity, settings)
        self.shell = Shell(reactor, settings, self.identity.name, spawner)
        self.standing = Standing(False, "The master has not been reached yet.")
        self._connector = MasterConnector(
            reactor,
            master_endpoint(reactor, settings.host, settings.port),
            LoginKeys(settings.user, settings.password, settings.server_password),
            lambda _peer: MasterLink(self.shell),
            MasterPin(self.identity.directory / "master.pin", strict=settings.strict),
            self._stands,
        )

    def start(self) -> None:
        """Begins to work; the master may come later."""
        self.shell.start()
        self._connector.start()
        _log.info("Node {name} is up.", name=self.identity.name)
        systemd.notify("READY=1")

    def stop(self) -> None:
        """Ends the connection and all workers; returns when nothing is left of them."""
        systemd.notify("STOPPING=1")
        self._connector.stop()
        self.shell.close()

    def _stands(self, standing: Standing) -> None:
        if standing.words != self.standing.words:
            log = _log.info if standing.connected else _log.warn
            log("{words}", words=standing.words)
        self.standing = standing


def direct_spawner(reactor: Any, identity: Identity, settings: NodeSettings) -> Spawner:
    """Workers run as the user who runs this."""
    return DirectSpawner(reactor, identity.directory / "work", identity.marker, settings.memory)


def run(settings: NodeSettings, *, verbose: int, quiet: bool, make_spawner: MakeSpawner | None = None) -> None:
    """Runs a node daemon in the foreground until it is told to stop (SIGINT, SIGTERM).

    Raises:
        AsynClusterError: it cannot start.
    """
    from twisted.internet import reactor

    logs.begin(verbose=verbose, quiet=quiet, journal="JOURNAL_STREAM" in os.environ)
    forbid_unpickling()
    reactor_: Any = reactor
    daemon = NodeDaemon(reactor_, settings, make_spawner)
    reactor_.addSystemEventTrigger("before", "shutdown", daemon.stop)
    daemon.start()
    reactor_.run()

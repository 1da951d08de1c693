"""The node daemon: puts the parts of a node together, starts and stops them. Its only composition root.

settings -> identity -> spawner -+-> Shell <- MasterConnector (TLS, mutual login)
                                 +-> EngineRoom (Dask's workers)
                                 +-> EnvironmentKeeper
"""

from __future__ import annotations

import gc
import os
import time
from typing import Any

from twisted.logger import Logger

from asyncluster.core import logs, systemd
from asyncluster.core.guard import allow_many_files, forbid_core_dumps, forbid_unpickling
from asyncluster.core.net.connector import MasterConnector, Standing, master_endpoint, on_this_machine
from asyncluster.core.net.pin import MasterPin
from asyncluster.core.net.reactor import install as install_reactor
from asyncluster.core.wire.passwords import LoginKeys
from asyncluster.ndm.engine.crew import CrewSettings
from asyncluster.ndm.engine.room import EngineRoom
from asyncluster.ndm.environments.keeper import EnvironmentKeeper
from asyncluster.ndm.node.identity import Identity, claim, place
from asyncluster.ndm.node.processes import DirectSpawner, Spawner
from asyncluster.ndm.node.settings import NodeSettings
from asyncluster.ndm.node.sharing import SharedSpawner
from asyncluster.ndm.node.shell import MasterLink, Shell

_log = Logger()


class NodeDaemon:
    """All of a node daemon, from `start` to `stop`.

    Args:
        reactor: Twisted's.
        settings: see there.
        identity: which of this host's node daemons this is.
        spawner: starts workers.

    Attributes:
        shell: for whoever adds displays: `shell.sessions`, `shell.people`, `shell.tell_master`.
        standing: how the node stands with the master, for people.
    """

    def __init__(self, reactor: Any, settings: NodeSettings, identity: Identity, spawner: Spawner) -> None:
        shared = SharedSpawner(spawner)
        installed = identity.directory / "environments"
        self.shell = Shell(
            reactor, settings, identity.name, shared.first, place=place(identity.directory), installed=installed
        )
        self.shell.environments = EnvironmentKeeper(reactor, installed, self.shell, shared.first.spare, time.monotonic)
        crew = CrewSettings(settings.slots, settings.host, settings.memory, settings.niceness)
        self.shell.engine = EngineRoom(reactor, crew, shared.second, self.shell, time.monotonic)
        self.standing = Standing(False, "The master has not been reached yet.")
        self._name = identity.name
        self._connector = MasterConnector(
            reactor,
            master_endpoint(reactor, settings.host, settings.port),
            LoginKeys(settings.user, settings.password, settings.server_password),
            lambda _peer: MasterLink(self.shell),
            MasterPin(identity.directory / "master.pin", strict=settings.strict),
            self._stands,
            near=on_this_machine(settings.host),
        )

    def start(self) -> None:
        """Begins to work; the master may come later."""
        self.shell.start()
        self._connector.start()
        _log.info("Node {name} is up.", name=self._name)

    def stop(self) -> None:
        """Ends the connection and all workers; returns when nothing is left of them."""
        self._connector.stop()
        self.shell.close()

    def _stands(self, standing: Standing) -> None:
        if standing.words != self.standing.words:
            log = _log.info if standing.connected else _log.warn
            log("{words}", words=standing.words)
        self.standing = standing


def begin(*, verbose: int, quiet: bool) -> Any:
    """What every node daemon does first; returns the reactor."""
    reactor = install_reactor()
    allow_many_files()
    logs.begin(verbose=verbose, quiet=quiet, journal="JOURNAL_STREAM" in os.environ)
    forbid_unpickling()
    forbid_core_dumps()
    return reactor


def serve(reactor: Any, daemon: NodeDaemon) -> None:
    """Runs a node daemon until the process is told to stop (SIGINT, SIGTERM)."""
    reactor.addSystemEventTrigger("before", "shutdown", daemon.stop)
    gc.set_threshold(50_000, 50, 100)  # calls are many and hold no cycles
    gc.freeze()  # what has been imported will never be garbage, and looking through it keeps calls waiting
    daemon.start()
    reactor.run()


def run(settings: NodeSettings, *, verbose: int, quiet: bool) -> None:
    """Runs a node daemon in the foreground; its workers run as the user who runs it.

    Raises:
        AsynClusterError: it cannot start.
    """
    reactor = begin(verbose=verbose, quiet=quiet)
    identity = claim(settings.directory, settings.name)
    spawner = DirectSpawner(reactor, identity.directory / "work", identity.marker, settings.memory)
    daemon = NodeDaemon(reactor, settings, identity, spawner)
    reactor.addSystemEventTrigger("after", "startup", systemd.notify, "READY=1")
    reactor.addSystemEventTrigger("before", "shutdown", systemd.notify, "STOPPING=1")
    serve(reactor, daemon)

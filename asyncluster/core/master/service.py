"""The master process: puts the parts together, starts and stops them. Its only composition root.

settings -> database -> history ---+
            shelf ----------------- switchboard -- NodeListener (TLS)
            dispatcher ------------+      |
            people, verbs ------- VerbDesk +------ control socket (UNIX)
            store --------------- EnvironmentOffice (wheels for nodes)
            starter, authority -- EngineOffice     (Dask's scheduler, where the configuration wants it)
"""

from __future__ import annotations

import gc
import os
import secrets
import socket
import time
from collections.abc import Callable
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from asyncluster.core import logs, systemd
from asyncluster.core.blobs import Shelf
from asyncluster.core.config.settings import Settings
from asyncluster.core.config.values import EngineKind
from asyncluster.core.database import history as job_table
from asyncluster.core.database.database import Database
from asyncluster.core.engine.authority import Authority
from asyncluster.core.engine.office import EngineOffice, Terms
from asyncluster.core.engine.starter import Starter
from asyncluster.core.errors import ConfigError
from asyncluster.core.guard import allow_many_files, forbid_core_dumps, forbid_unpickling
from asyncluster.core.jobs.dispatcher import Dispatcher
from asyncluster.core.jobs.settings import DispatchSettings
from asyncluster.core.master.clients import ClientHandler
from asyncluster.core.master.environments.office import EnvironmentOffice
from asyncluster.core.master.history import MINUTE, JobHistory
from asyncluster.core.master.metrics.door import open_door
from asyncluster.core.master.nodes import NodeHandler
from asyncluster.core.master.passwords import PasswordChecker
from asyncluster.core.master.people import PeopleService
from asyncluster.core.master.publishing.publisher import Publisher
from asyncluster.core.master.roles import RolePolicy
from asyncluster.core.master.switchboard import Switchboard
from asyncluster.core.master.verbs.desk import VerbDesk
from asyncluster.core.master.verbs.table import VERBS
from asyncluster.core.net import control, tls
from asyncluster.core.net.listener import NodeListener
from asyncluster.core.net.peers import Identity
from asyncluster.core.net.reactor import install as install_reactor
from asyncluster.core.people.zones import local_zone
from asyncluster.core.privileges import become, find_account, own_directory
from asyncluster.core.wire import limits
from asyncluster.core.wire.passwords import LoginKeys

ACCOUNT = "asyncluster"
_SHELF_SHARE = 4  # a quarter of the machine's memory may hold large data, as much again may go to disk
_log = Logger()


class Master:
    """All of a master, from `start` to `stop`.

    Args:
        reactor: Twisted's.
        settings: read for a master.
        starter: starts Dask's scheduler; None: there is none.
        wall_clock: seconds since 1970.
    """

    def __init__(
        self,
        reactor: Any,
        settings: Settings,
        starter: Starter | None = None,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        assert settings.server is not None
        server, common = settings.server, settings.common
        self._reactor = reactor
        self._settings = settings
        spool = common.state / "spool"
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.database = Database(server.database, reactor=reactor)
        self._history = JobHistory(self.database, wall_clock)
        dispatch = DispatchSettings(jobs=server.jobs)
        self.dispatcher = Dispatcher(dispatch)
        self.switchboard = Switchboard(
            reactor,
            self.dispatcher,
            _shelf(spool),
            self._history,
            name=socket.gethostname(),
            epoch=secrets.randbits(62) + 1,
            window=dispatch.window,
        )
        self._passwords = PasswordChecker(reactor)
        self.people = PeopleService(
            self.database, self._passwords, local_zone(), reactor, self.switchboard.tell_node, wall=wall_clock
        )
        self._publisher = Publisher(reactor, self.switchboard, self.people, self.database, wall_clock)
        self._environments = EnvironmentOffice(
            reactor, common.state / "environments", self.database, self.switchboard, wall_clock
        )
        self.switchboard.choose_by(self._environments)
        self._engine: EngineOffice | None = None
        if starter is not None:
            authority = Authority.load(common.state)
            self._engine = EngineOffice(
                reactor,
                _terms(settings),
                authority,
                starter,
                self.switchboard,
                lambda row: self._publisher.feed.publish("dask", row.name, row),
            )
        self._nodes = NodeListener(
            reactor,
            LoginKeys(settings.client.user, settings.client.password, common.server_password),
            tls.load_master_key(server.key),
            server.subnets,
            lambda peer: NodeHandler(peer, self.switchboard, self.people, self._environments, self._engine),
            wall_clock=wall_clock,
        )
        parts = {
            "people": self.people,
            "feed": self._publisher.feed,
            "database": self.database,
            "switchboard": self.switchboard,
            "environments": self._environments,
            "engine": self._engine,
            "now": wall_clock,
        }
        self._desk = VerbDesk(VERBS, parts)
        self._roles = RolePolicy(server.operators, server.job_users)
        self._numbers = count(1)
        self._ports: list[Any] = []
        self._minutes = LoopingCall(lambda: self._history.sample(self.dispatcher.jobs()))
        self._minutes.clock = reactor
        self._sweeps = LoopingCall(gc.collect)
        self._sweeps.clock = reactor
        self._alive = LoopingCall(systemd.notify, "WATCHDOG=1")
        self._alive.clock = reactor
        self._wall_clock = wall_clock
        self._grace = dispatch.found_grace

    def start(self) -> None:
        """Opens all doors.

        Raises:
            ConfigError: an address, a port or the socket cannot be used.
        """
        server, common = self._settings.server, self._settings.common
        assert server is not None
        factory = control.ControlFactory(self._reactor, self._make_client)
        self._ports.append(control.listen(self._reactor, common.socket, factory, self._roles.guests()))
        try:
            self._nodes.listen(self._reactor, common.tcp_port, [str(address) for address in server.listen])
        except CannotListenError as error:
            words = f"The master cannot listen for nodes on port {common.tcp_port}: {error.socketError}."
            raise ConfigError(words) from error
        if server.metrics is not None:
            self._ports.append(open_door(self._reactor, server.metrics, self.switchboard, self.database))
        self._minutes.start(MINUTE, now=False)
        self._sweeps.start(limits.SWEEP_SECONDS, now=False)
        self.people.start()
        self._publisher.start()
        if self._engine is not None:
            self._engine.start()
        self._reactor.callLater(self._grace, self._forget_interrupted)
        _log.info("Master ready: nodes at port {port}, control at {path}", port=common.tcp_port, path=common.socket)
        systemd.notify("READY=1")
        if patience := systemd.watchdog_seconds():
            self._alive.start(patience / 2)

    def stop(self) -> Deferred[Any]:
        """Closes all doors, ends all connections and the database. Nodes go on computing."""
        systemd.notify("STOPPING=1")
        for loop in (self._minutes, self._sweeps, self._alive):
            if loop.running:
                loop.stop()
        self._history.sample(self.dispatcher.jobs())
        self.switchboard.close()
        self._environments.close()
        if self._engine is not None:
            self._engine.close()
        self._publisher.stop()
        self.people.stop()
        closing = [self._nodes.close(), *(maybeDeferred(port.stopListening) for port in self._ports)]
        return DeferredList(closing, consumeErrors=True).addCallback(self._release)

    def _release(self, _closed: object) -> None:
        self._passwords.stop()
        self.database.close()

    def _make_client(self, who: Identity) -> ClientHandler:
        return ClientHandler(who, self._roles.role_of(who), next(self._numbers), self.switchboard, self._desk)

    def _forget_interrupted(self) -> None:
        """Jobs of an earlier run of the master whose clients did not come back are history now."""
        self._environments.start_collecting()
        alive = [job.key for job in self.dispatcher.jobs()]
        done = self.database.run(job_table.jobs_interrupted, alive, now=self._wall_clock())
        done.addErrback(lambda failure: _log.warn("{error}", error=failure.value))


def _shelf(spool: Path) -> Shelf:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _SHELF_SHARE
    return Shelf(memory=memory, total=2 * memory, directory=str(spool))


def _terms(settings: Settings) -> Terms:
    assert settings.server is not None
    hosts = tuple(map(str, settings.server.listen))
    engine, subnets = settings.engine, tuple(map(str, settings.server.subnets))
    return Terms(engine.port, hosts, subnets, engine.worker_ports, engine.depot)


def _starter(settings: Settings) -> Starter | None:
    """Who starts Dask's scheduler, if there is to be one: must be made while this is still root."""
    if settings.engine.kind is not EngineKind.DASK:
        return None
    if find_spec("distributed") is None:
        raise ConfigError("[engine] kind is dask, but Dask is not there. Install it: pip install 'asyncluster[dask]'")
    return Starter(settings.engine.account)


def _drop_privileges(settings: Settings) -> None:
    """Goes on as the master's own account if started by root, and as root only where there is none."""
    if os.geteuid() != 0:
        return
    account = find_account(ACCOUNT)
    own_directory(settings.common.state, account, 0o750)
    own_directory(settings.common.socket.parent, account, 0o755)
    if account is None:
        _log.warn(
            "There is no account {name!r}, so the master runs as root. Make one: see asyncluster doctor.", name=ACCOUNT
        )
        return
    become(account)


def run(settings: Settings, warnings: tuple[object, ...], *, verbose: int, quiet: bool) -> None:
    """Runs a master in the foreground until it is told to stop (SIGINT, SIGTERM).

    Raises:
        AsynClusterError: it cannot start.
    """
    reactor = install_reactor()
    logs.begin(verbose=verbose, quiet=quiet, journal="JOURNAL_STREAM" in os.environ)
    for warning in warnings:
        _log.warn("{warning}", warning=warning)
    starter = _starter(settings)
    _drop_privileges(settings)
    forbid_unpickling()
    forbid_core_dumps()
    allow_many_files()
    # Queued calls are many and hold no cycles; looking for some all the time costs half the speed. `Master` looks now
    # and then, which takes milliseconds: rows that were looked at once are not looked at again.
    gc.set_threshold(50_000, 50, 100)
    master = Master(reactor, settings, starter)
    reactor.addSystemEventTrigger("before", "shutdown", master.stop)
    master.start()
    gc.freeze()
    reactor.run()

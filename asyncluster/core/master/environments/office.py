"""Environments at the master: which are kept, which nodes have them, which one a job gets.

    nodes        EnvironmentsWanted ->        <- EnvironmentsHeld, ManifestAsk, WheelAsk
    switchboard  chosen, jobs_changed ->      EnvironmentOffice  --- Store (wheels), Database (what is kept)
    verbs        use, remove, sync ->         Syncing (a new one, on its way)

What is kept and which one is current changes in the database first, one change after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from twisted.internet.defer import Deferred, DeferredLock
from twisted.logger import Logger

from asyncluster.core.database import environments as table
from asyncluster.core.database.database import Database
from asyncluster.core.database.errors import DatabaseError
from asyncluster.core.environments import kept as rules
from asyncluster.core.environments import manifest as manifests
from asyncluster.core.environments.kept import CURRENT, Kept
from asyncluster.core.environments.manifest import UnfitEnvironment
from asyncluster.core.errors import UsageError
from asyncluster.core.jobs.dispatcher import Dispatcher
from asyncluster.core.master.environments.store import Store
from asyncluster.core.master.environments.syncing import Syncing
from asyncluster.core.wire import environments as e
from asyncluster.core.wire.messages import Message

_log = Logger()


class Nodes(Protocol):
    """The nodes that are connected, and those who hear what happens: the switchboard."""

    nodes: dict[str, Any]
    dispatcher: Dispatcher

    def now(self) -> float: ...

    def tell_node(self, name: str, message: Message) -> None: ...

    def announce(self, severity: Any, actor: str, subject: str, text: str) -> None: ...


class EnvironmentOffice:
    """See the module.

    Args:
        reactor: Twisted's.
        directory: for wheels.
        database: open.
        nodes: see there.
        wall_clock: seconds since 1970.

    Attributes:
        kept: all environments, the oldest first.
        syncing: brings new ones.

    Raises:
        OSError: the directory cannot be used.
    """

    def __init__(
        self, reactor: Any, directory: Path, database: Database, nodes: Nodes, wall_clock: Callable[[], float]
    ) -> None:
        self.kept: list[Kept] = database.call(table.list_environments)
        self.store = Store(directory, {one.key for one in self.kept})
        self.syncing = Syncing(reactor, self)
        self.nodes = nodes
        self.wall_clock = wall_clock
        self._database = database
        self._collects = not self.kept  # if there are some, jobs that need them may come back
        self._told = self._wanted()
        self._turn = DeferredLock()  # of whoever changes what is kept

    # --- From the master and the switchboard ----------------------------------------------------------------

    def start_collecting(self) -> None:
        """Jobs of an earlier life of the master have had the time to come back: what none of them needs may go."""
        self._collects = True
        self.jobs_changed()

    def close(self) -> None:
        """Ends what is under way."""
        self.syncing.close()

    def chosen(self, text: str | None) -> str:
        """The key of the environment that a job gets which asks for this; "": none.

        Raises:
            UsageError: there is no such one.
        """
        return rules.chosen(self.kept, text)

    def jobs_changed(self) -> None:
        """A job is over: perhaps nobody needs its environment any more."""
        if self._superfluous():
            Deferred.fromCoroutine(self._collect()).addErrback(_lost)
        self.tell_wanted()

    async def _collect(self) -> None:
        async with self._turn:
            await self._drop(self._superfluous())

    def _superfluous(self) -> list[Kept]:
        needed = self.nodes.dispatcher.environments()
        if self.syncing.key is not None:
            needed.add(self.syncing.key)
        return rules.superfluous(self.kept, needed) if self._collects else []

    # --- From nodes -----------------------------------------------------------------------------------------

    def node_attached(self, name: str) -> None:
        """A node is here, new or again."""
        self.nodes.tell_node(name, e.EnvironmentsWanted(self._told))

    def node_lost(self, name: str) -> None:
        """A node is not connected any more."""
        self.syncing.node_lost(name)

    def from_node(self, name: str, message: e.FromNode) -> None:
        """What a node says of environments."""
        match message:
            case e.EnvironmentsHeld():
                self.nodes.dispatcher.node_has(name, message.keys, self.nodes.now())
                self.syncing.node_has(name, message)
            case e.ManifestAsk(key):
                self.nodes.tell_node(name, e.ManifestIs(key, self._manifest(key)))
            case e.WheelAsk():
                self._send_piece(name, message)

    def _manifest(self, key: str) -> bytes:
        try:
            return manifests.encode(self.store.manifest(key))
        except (OSError, UnfitEnvironment):
            return b""

    def _send_piece(self, name: str, ask: e.WheelAsk) -> None:
        try:
            data = self.store.read(ask.environment, ask.filename, ask.offset)
        except (OSError, UnfitEnvironment):
            data = b""
        self.syncing.piece_sent(name, ask, len(data))
        self.nodes.tell_node(name, e.WheelPiece(ask.environment, ask.filename, ask.offset, data))

    # --- From operators -------------------------------------------------------------------------------------

    def find(self, text: str) -> Kept:
        """The one that is called so.

        Raises:
            UsageError: there is none, or more than one.
        """
        return rules.find(self.kept, text)

    def is_kept(self, key: str) -> bool:
        """Whether it is here."""
        return any(one.key == key for one in self.kept)

    async def settled(self) -> None:
        """What was about to be changed has been changed."""
        async with self._turn:
            pass

    async def add(self, new: Kept) -> None:
        """Keeps one, whose wheels are in the store and on the nodes, and makes it current; it may be kept already.

        Raises:
            DatabaseError: it cannot be stored.
        """
        async with self._turn:
            await self._change(table.add_environment, new)

    async def use(self, key: str | None) -> None:
        """Makes one current, or none.

        Raises:
            UsageError: it is not here any more.
            DatabaseError: as `add`.
        """
        async with self._turn:
            if key is not None:
                self.find(key)
            await self._change(table.use_environment, key)

    async def remove(self, key: str) -> None:
        """Removes one, here and on all nodes.

        Raises:
            UsageError: it is in use, or not here any more.
            DatabaseError: as `add`.
        """
        async with self._turn:
            one = self.find(key)
            self._check_unused(one)
            await self._drop([one])

    def _check_unused(self, one: Kept) -> None:
        if one.standing == CURRENT:
            raise UsageError("It is the current one. Let another one be current first: env use KEY, or env use none.")
        if one.key in self.nodes.dispatcher.environments():
            raise UsageError("An open job needs it. asyncluster env show says which.")
        if one.key == self.syncing.key:
            raise UsageError("It is on its way to all nodes at the moment. Try again when that is done.")

    async def _drop(self, going: list[Kept]) -> None:
        before = self.kept
        self.kept = [one for one in before if one not in going]  # from now on no job can ask for them
        keys = [one.key for one in going]
        try:
            await self._database.run(table.remove_environments, keys)
        except DatabaseError:
            self.kept = before
            raise
        for key in keys:
            self.store.remove(key)
        self.tell_wanted()

    async def _change(self, change: Callable[..., None], what: object) -> None:
        await self._database.run(change, what)
        self.kept = await self._database.run(table.list_environments)
        self.jobs_changed()

    # --- What nodes are to have -----------------------------------------------------------------------------

    def tell_wanted(self) -> None:
        """Tells all nodes what they are to have, if that has changed."""
        wanted = self._wanted()
        if wanted != self._told:
            self._told = wanted
            for name in list(self.nodes.nodes):
                self.nodes.tell_node(name, e.EnvironmentsWanted(wanted))

    def _wanted(self) -> list[str]:
        return rules.wanted(self.kept, self.nodes.dispatcher.environments(), self.syncing.wanted)


def _lost(failure: Any) -> None:
    _log.warn("An environment that nobody needs any more could not be removed: {error}", error=failure.value)

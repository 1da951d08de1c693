"""A new environment on its way: from an operator to the master, from there to all nodes, and then it is current.

    begin    uploading     pieces come from the operator
    spread   storing       the wheels are put on the disk
             spreading     nodes fetch and install it
             done          all nodes that were connected have it, and it is current
             failed        one could not: nothing of it is left, and what was current is current

There is one at a time, and what became of the last one can be asked for until there is another. An upload goes with
the connection that it comes from. What the nodes have begun goes on without; whoever begins the same one joins it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure

from asyncluster.core.environments.kept import KEY_SHOWN, Kept
from asyncluster.core.environments.manifest import Manifest, UnfitEnvironment
from asyncluster.core.environments.spread import Spread
from asyncluster.core.errors import AsynClusterError, UsageError
from asyncluster.core.master.environments.store import Upload
from asyncluster.core.net.clock import Timer
from asyncluster.core.wire import environments as e
from asyncluster.core.wire.limits import ENVIRONMENTS

if TYPE_CHECKING:
    from asyncluster.core.master.environments.office import EnvironmentOffice

#: An upload of which nothing has come for so long is removed.
UPLOAD_SECONDS = 120.0
_log = Logger()


class Asker(Protocol):
    """The connection of an operator."""

    @property
    def gone(self) -> bool:
        """Whether it has ended."""


@dataclass
class Sync:
    """One of them.

    Attributes:
        by: the operator.
        asker: from whom the upload comes.
        upload: what has come of it; None: its wheels are in the store.
        spread: how far the nodes are; None: they have not been told yet.
        words: why it failed.
    """

    manifest: Manifest
    name: str | None
    by: str
    asker: Asker
    upload: Upload | None
    state: Literal["uploading", "storing", "spreading", "done", "failed"] = "uploading"
    spread: Spread | None = None
    words: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ("done", "failed")


class Syncing:
    """See the module.

    Args:
        reactor: Twisted's.
        office: whose store and nodes these are.

    Attributes:
        sync: the present one, or the last.
    """

    def __init__(self, reactor: Any, office: EnvironmentOffice) -> None:
        self.sync: Sync | None = None
        self._reactor = reactor
        self._office = office
        self._timer: Timer | None = None

    @property
    def key(self) -> str | None:
        """The environment that is under way."""
        return self.sync.manifest.key if self.sync is not None and not self.sync.over else None

    @property
    def wanted(self) -> str | None:
        """The environment that nodes are to have though it is not kept yet."""
        return self.key if self.sync is not None and self.sync.spread is not None else None

    # --- From operators -------------------------------------------------------------------------------------

    def begin(self, manifest: Manifest, name: str | None, by: str, asker: Asker) -> Sync:
        """An operator brings an environment; its wheels follow, unless they are here. If it is on its way to the nodes
        already there is nothing more to do.

        Raises:
            UsageError: another one is under way, or there are too many.
            AsynClusterError: there is no room on the disk.
        """
        sync = self.sync
        if sync is not None and not sync.over:
            if sync.state != "uploading" and sync.manifest.key == manifest.key and name in (None, sync.name):
                return sync
            if sync.state != "uploading" or not (sync.asker.gone or sync.asker is asker):
                raise UsageError(f"{sync.by} is bringing an environment at the moment. Try again when that is done.")
        known = self._office.is_kept(manifest.key)
        if not known and len(self._office.kept) >= ENVIRONMENTS - 1:
            raise UsageError(f"There are {len(self._office.kept)} environments already. Remove some: env remove KEY.")
        self._forget()
        try:
            upload = None if known else self._office.store.receive(manifest)
        except OSError as error:
            raise _no_room(error) from error
        self.sync = Sync(manifest, name, by, asker, upload)
        self._look_within(UPLOAD_SECONDS)
        return self.sync

    def piece(self, asker: Asker, key: str, filename: str, offset: int, data: bytes) -> None:
        """The next piece of a wheel.

        Raises:
            UsageError: nobody waits for it.
            AsynClusterError: the wheel is not the one that was meant, or there is no room; the upload is removed.
        """
        sync = self._uploading(asker, key)
        if sync.upload is None:
            raise UsageError("The master has the wheels of this environment already.")
        try:
            sync.upload.write(filename, offset, data)
        except UnfitEnvironment:
            self._forget()
            raise
        except OSError as error:
            self._forget()
            raise _no_room(error) from error
        self._look_within(UPLOAD_SECONDS)

    async def spread(self, asker: Asker, key: str, patience: float) -> Sync:
        """All wheels have come: lets the nodes have them.

        Args:
            patience: seconds for which a node may show no progress.

        Returns:
            What is on its way now, or has failed at once.

        Raises:
            UsageError: wheels are missing.
            AsynClusterError: the disk is full.
        """
        sync = self._uploading(asker, key)
        if sync.upload is not None and not sync.upload.complete:
            raise UsageError("Not all wheels of this environment have come.")
        self._stop_timer()
        sync.state = "storing"
        if sync.upload is not None:
            try:
                await deferToThreadPool(self._reactor, self._reactor.getThreadPool(), sync.upload.finish)
            except OSError as error:
                self._fail(sync, str(_no_room(error)))
                raise _no_room(error) from error
        office = self._office
        sync.spread = Spread(sync.manifest, office.nodes.nodes, patience, office.nodes.now())
        sync.state = "spreading"
        for name in sync.spread.nodes:
            record = office.nodes.dispatcher.node(name)
            if record is not None and key in record.environments:
                sync.spread.has(name)
        office.tell_wanted()
        self._judge()
        return sync

    def _uploading(self, asker: Asker, key: str) -> Sync:
        sync = self.sync
        if sync is None or sync.state != "uploading" or sync.asker is not asker or sync.manifest.key != key:
            raise UsageError("This upload is over: begin it again.")
        return sync

    # --- From nodes -----------------------------------------------------------------------------------------

    def node_lost(self, name: str) -> None:
        """A node is not connected any more."""
        if (spread := self._spread()) is not None:
            spread.lost(name)

    def node_has(self, name: str, message: e.EnvironmentsHeld) -> None:
        """What a node has, and what it tried in vain."""
        if (spread := self._spread()) is None:
            return
        spread.back(name)
        if spread.key in message.keys:
            spread.has(name)
        for failure in message.failed:
            if failure.key == spread.key:
                spread.failed(name, failure.words)
        self._judge()

    def piece_sent(self, name: str, ask: e.WheelAsk, size: int) -> None:
        """A node was sent a piece that it had asked for."""
        if self.sync is None or (spread := self._spread()) is None or spread.key != ask.environment:
            return
        spread.sent(name, ask.filename, ask.offset + size, self._office.nodes.now())

    def _spread(self) -> Spread | None:
        return self.sync.spread if self.sync is not None and self.sync.state == "spreading" else None

    # --- The verdict ----------------------------------------------------------------------------------------

    def _judge(self) -> None:
        """Looks whether it stands, or will not."""
        sync, spread = self.sync, self._spread()
        if sync is None or spread is None:
            return
        trouble = spread.trouble(self._office.nodes.now())
        if trouble:
            self._fail(sync, trouble)
        elif spread.stands:
            sync.state = "storing"
            done = Deferred.fromCoroutine(self._office.add(self._made(sync)))
            done.addCallbacks(lambda _none: self._done(sync), lambda failure: self._not_stored(sync, failure))
        elif (at := spread.look_at()) is not None:
            self._look_within(at - self._office.nodes.now())

    def _made(self, sync: Sync) -> Kept:
        manifest = sync.manifest
        now = self._office.wall_clock()
        return Kept(manifest.key, sync.name, manifest.python, len(manifest.wheels), manifest.size, now, sync.by)

    def _done(self, sync: Sync) -> None:
        self._stop_timer()
        sync.state = "done"
        words = f"Environment {sync.name or sync.manifest.key[:KEY_SHOWN]} is on all nodes, and current."
        self._office.nodes.announce("info", sync.by, "", words)

    def _not_stored(self, sync: Sync, failure: Failure) -> None:
        known = isinstance(failure.value, AsynClusterError)
        if not known:
            _log.failure("An environment could not be kept", failure)
        self._fail(sync, str(failure.value) if known else "The master met an error of its own; its log says more.")

    def _fail(self, sync: Sync, words: str) -> None:
        """Takes it away again, here and on all nodes."""
        self._stop_timer()
        sync.state, sync.words = "failed", words
        if not self._office.is_kept(sync.manifest.key):
            self._office.store.remove(sync.manifest.key)
        if sync.upload is not None:
            sync.upload.remove()
        self._office.jobs_changed()
        self._office.nodes.announce("warning", sync.by, "", f"An environment was not brought: {words}")

    # --- Time -----------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Ends what is under way."""
        self._forget()

    def _late(self) -> None:
        if self.sync is not None and self.sync.state == "uploading":
            self._forget()
        else:
            self._judge()

    def _forget(self) -> None:
        """An upload goes, or the last one that is over."""
        self._stop_timer()
        if self.sync is not None and self.sync.upload is not None:
            self.sync.upload.remove()
        self.sync = None

    def _look_within(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = self._reactor.callLater(max(0.0, seconds), self._late)

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()


def _no_room(error: OSError) -> AsynClusterError:
    return AsynClusterError(f"The master could not write the environment: {error.strerror or error}.")

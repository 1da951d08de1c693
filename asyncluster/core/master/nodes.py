"""One node at the master: decodes what it says, and sends it what the switchboard has for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from asyncluster.core.errors import ProtocolError
from asyncluster.core.master.inbox import Inbox
from asyncluster.core.master.outbox import Outbox, Pointing, Streaming
from asyncluster.core.net.link import Body, Link, Peer
from asyncluster.core.wire import engine as e
from asyncluster.core.wire import environments as v
from asyncluster.core.wire import messages as m
from asyncluster.core.wire import people as p

if TYPE_CHECKING:
    from asyncluster.core.engine.office import EngineOffice
    from asyncluster.core.master.environments.office import EnvironmentOffice
    from asyncluster.core.master.people import PeopleService
    from asyncluster.core.master.switchboard import Switchboard

_decoder = m.decoder(m.FromNode | p.FromNode | e.FromNode | v.FromNode)
_log = Logger()


def boot_id() -> str:
    """Names this boot of this machine."""
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


class NodeHandler:
    """A `FrameHandler` for a node that has logged in.

    Args:
        peer: who logged in.
        switchboard: for what concerns jobs.
        people: for what concerns people.
        environments: for what concerns environments.
        engine: for what concerns Dask; None: this master has none.

    Attributes:
        name: its name in the cluster, once it has introduced itself.
        instance: its own random key, ditto.
        place: where it runs, ditto.
    """

    def __init__(
        self,
        peer: Peer,
        switchboard: Switchboard,
        people: PeopleService,
        environments: EnvironmentOffice,
        engine: EngineOffice | None = None,
    ) -> None:
        self.peer = peer
        self.name = ""
        self.instance = 0
        self.place = 0
        self._switchboard = switchboard
        self._people = people
        self._environments = environments
        self._engine = engine
        self._inbox = Inbox(switchboard.shelf)
        self._outbox: Outbox | None = None
        self._ask: v.ManifestAsk | v.WheelAsk | None = None
        self._pointing: Pointing | None = None

    # --- from the link --------------------------------------------------------------------------------------

    def connected(self, link: Link) -> None:
        self._link = link

    def frames(self, bodies: list[Body]) -> None:
        for body in bodies:
            try:
                message = _decoder.decode(body)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                raise ProtocolError("A node sent a message that is none.") from error
            self._received(message)
        self._answer_ask()
        self._switchboard.settle()
        self.flush()

    def paused(self) -> None:
        """Blobs wait by themselves, and so do wheels; everything else is too small to matter."""

    def resumed(self) -> None:
        if self._outbox is not None:
            self._outbox.flush()
            self._answer_ask()

    def lost(self, reason: str) -> None:
        if self._pointing is not None:
            self._pointing.release()
        self._inbox.close()
        if self.name:
            if self._engine is not None and self._switchboard.nodes.get(self.name) is self:
                self._engine.node_lost(self.name)
            self._people.node_lost(self.name)
            self._environments.node_lost(self.name)
            self._switchboard.node_lost(self, reason)

    # --- from the switchboard -------------------------------------------------------------------------------

    def send(self, message: m.Message) -> None:
        """Puts a message into the outbox."""
        assert self._outbox is not None
        self._outbox.send(message)

    def flush(self) -> None:
        """Lets the outbox go."""
        assert self._outbox is not None
        self._outbox.flush()

    def is_same(self, other: NodeHandler) -> bool:
        """Whether there can be only one of the two: the same daemon, or the same place, which has one at a time."""
        return self.instance == other.instance or 0 != self.place == other.place

    def replaced(self) -> None:
        """The same daemon has connected once more, or the next one in its place: this connection is dead."""
        self.name = ""
        self._link.abort("replaced by a newer connection")

    # --- within ---------------------------------------------------------------------------------------------

    def _received(self, message: m.Message) -> None:
        if not self.name:
            self._attach(message)
        elif isinstance(message, m.BlobChunk):
            self._inbox.chunk(message)
        elif isinstance(message, m.BlobAt):
            seen = self._pointing is not None and self._inbox.at(message)
            self.send(m.BlobSeen(message.job, message.blob, seen))
        elif isinstance(message, m.BlobSeen):
            self._seen(message)
        elif isinstance(message, p.FromNode):
            self._ask_people(message)
        elif isinstance(message, v.FromNode):
            self._of_environments(message)
        elif isinstance(message, e.FromNode):
            if self._engine is not None:
                self._engine.from_node(self.name, message)
        elif isinstance(message, m.DoneLarge) and not self._inbox.complete(message):
            call, attempt = message.row[:2]
            failure = m.Failure("too large", "The result does not fit into the room that the master has.", self.name)
            self._switchboard.from_node(self, m.Broke(message.serial, message.job, (call, attempt), failure))
        else:
            self._switchboard.from_node(self, message)

    def _of_environments(self, message: v.FromNode) -> None:
        if isinstance(message, v.EnvironmentsHeld):
            self._environments.from_node(self.name, message)
        else:
            self._ask = message  # a node asks one thing at a time; who asks for more than it reads gets the last only

    def _answer_ask(self) -> None:
        """Answers what the node asked for last, once it reads what it was sent before."""
        if self._ask is not None and not self._link.paused:
            ask, self._ask = self._ask, None
            self._environments.from_node(self.name, ask)

    def _ask_people(self, message: p.FromNode) -> None:
        answer = Deferred.fromCoroutine(self._answer_of_people(message))
        answer.addCallbacks(self._answer, lambda failure: _log.error("{error}", error=failure.value))

    async def _answer_of_people(self, message: p.FromNode) -> m.Message | None:
        match message:
            case p.NoticeSeen():
                await self._people.seen(self.name, message)
                return None
            case p.BeginSession():
                return await self._people.begin(self.name, message)
            case p.SessionReport():
                return await self._people.report(self.name, message)
            case p.AskHours():
                return await self._people.hours(message)

    def _answer(self, message: m.Message | None) -> None:
        if message is not None:
            self.send(message)
            self.flush()

    def _attach(self, message: m.Message) -> None:
        if not isinstance(message, m.Attach):
            raise ProtocolError("A node did not introduce itself.")
        if message.version != m.PROTOCOL_VERSION:
            raise ProtocolError("A node speaks another version of the protocol.")
        if (message.boot, message.uid) == (boot_id(), os.geteuid()):
            self._pointing = Pointing(self._link)
        self._outbox = Outbox(self._link, self._pointing or Streaming(self._link), self._switchboard.shelf)
        self.instance, self.place = message.instance, message.place
        self._switchboard.node_attached(self, message)
        self._environments.node_attached(self.name)
        if self._engine is not None:
            self._engine.node_attached(self.name)

    def _seen(self, message: m.BlobSeen) -> None:
        if self._pointing is None:
            raise ProtocolError("A node answers for large data that it was not sent.")
        self._pointing.release()
        outbox = cast(Outbox, self._outbox)
        if message.ok:
            outbox.blob_arrived()
        else:
            self._pointing = None
            outbox.carry_by(Streaming(self._link))

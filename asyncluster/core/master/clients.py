"""One client of the control socket at the master: a job client, a console or a command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from asyncluster.core.errors import AsynClusterError, ExitCode, ProtocolError
from asyncluster.core.jobs.records import Owner
from asyncluster.core.master.feed import Feed, Subscription
from asyncluster.core.master.inbox import Inbox
from asyncluster.core.master.outbox import Outbox, Passing
from asyncluster.core.net.control import ControlProtocol
from asyncluster.core.net.link import Body, Link
from asyncluster.core.net.peers import Identity
from asyncluster.core.wire import messages as m
from asyncluster.core.wire.feed import Topics
from asyncluster.core.wire.roles import Role

if TYPE_CHECKING:
    from asyncluster.core.master.switchboard import Switchboard
    from asyncluster.core.master.verbs.desk import VerbDesk

_decoder = m.decoder(m.FromClient)
_QUESTIONS = 64  # of one client that may be open at once
_log = Logger()


class ClientHandler:
    """A `FrameHandler` for a local process.

    Args:
        who: what the kernel says of it.
        role: what it may do; None: nothing, it is told so and closed.
        number: names this connection.

    Attributes:
        owner: whose its jobs are.
        gone: whether the connection has ended.
    """

    def __init__(self, who: Identity, role: Role | None, number: int, switchboard: Switchboard, desk: VerbDesk) -> None:
        self.who = who
        self.role = role
        self.gone = False
        self.number = number
        self.owner = Owner(who.uid, who.name, role.name.lower() if role is not None else "")
        self._switchboard = switchboard
        self._desk = desk
        self._inbox = Inbox(switchboard.shelf)
        self._greeted = False
        self._open: dict[int, Deferred[Any]] = {}
        self._subscription: Subscription | None = None

    # --- from the link --------------------------------------------------------------------------------------

    def connected(self, link: Link) -> None:
        assert isinstance(link, ControlProtocol)
        self.link = link
        self._outbox = Outbox(link, Passing(link), self._switchboard.shelf)
        self._switchboard.client_connected(self)

    def frames(self, bodies: list[Body]) -> None:
        for body in bodies:
            try:
                message = _decoder.decode(body)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                raise ProtocolError("A client sent a message that is none.") from error
            self._received(message)
        self._switchboard.settle()
        self.flush()

    def paused(self) -> None:
        """It does not read; what it asked for waits, and it can ask for nothing more."""
        self.link.stop_reading()
        self._switchboard.client_reads(self, False)

    def resumed(self) -> None:
        self.link.start_reading()
        self._outbox.flush()
        self._switchboard.client_reads(self, True)

    def lost(self, reason: str) -> None:
        self.gone = True
        for question in list(self._open.values()):
            question.cancel()
        if self._subscription is not None:
            self._subscription.close()
        self._inbox.close()
        self._switchboard.client_lost(self)

    # --- from the switchboard -------------------------------------------------------------------------------

    def send(self, message: m.Message) -> None:
        """Puts a message into the outbox."""
        self._outbox.send(message)

    def drop_blob(self, job: int, name: bytes) -> None:
        """A result's blob that the master has let go."""
        self._outbox.drop(job, name)

    def flush(self) -> None:
        """Lets the outbox go."""
        self._outbox.flush()

    # --- from the verb "watch" ------------------------------------------------------------------------------

    def watch(self, feed: Feed, topics: Topics) -> None:
        """Gets these topics of the feed from now on.

        Raises:
            UsageError: there is no such topic.
        """
        if self._subscription is None:
            self._subscription = feed.subscribe(self._answer, topics, lambda: not self.link.paused)
        else:
            self._subscription.change(topics)

    # --- within ---------------------------------------------------------------------------------------------

    def _received(self, message: m.Message) -> None:
        if not self._greeted:
            self._greet(message)
        elif isinstance(message, m.Ask):
            self._ask(message)
        elif self.role is None or self.role < Role.SUBMITTER:
            raise ProtocolError("A client without the right to run jobs tries to.")
        elif isinstance(message, m.PassBlob):
            self._inbox.passed(message, self.link.descriptors.claim())
        elif isinstance(message, m.BlobChunk):
            self._inbox.chunk(message)
        elif isinstance(message, m.SubmitLarge | m.Code | m.Update) and not self._inbox.complete(message):
            self._refuse_large(message)
        else:
            self._switchboard.from_client(self, message)

    def _greet(self, message: m.Message) -> None:
        if not isinstance(message, m.Hello):
            raise ProtocolError("A client did not greet.")
        self._greeted = True
        if message.version != m.PROTOCOL_VERSION:
            self._turn_away(ExitCode.REFUSED, "Client and master are of different versions of AsynCluster.")
        elif self.role is None:
            self._turn_away(
                ExitCode.REFUSED,
                f"{self.who.name} may not use this cluster. "
                "Ask the operator to add the account to the group asyncluster.",
            )
        else:
            self.send(self._switchboard.welcome(self.role))

    def _turn_away(self, code: ExitCode, words: str) -> None:
        self.send(m.Refusal(0, code, words))
        self.flush()
        self.link.close()

    def _refuse_large(self, message: m.SubmitLarge | m.Code | m.Update) -> None:
        words = "The master has no room for these large data now. Use smaller data, or wait for other calls to end."
        failure = m.Failure("too large", words)
        if isinstance(message, m.SubmitLarge):
            self.send(m.Failed(message.job, [(message.call[0], 0)], failure))
        else:
            self._switchboard.end_job(message.job, failure)

    # --- questions ------------------------------------------------------------------------------------------

    def _ask(self, message: m.Ask) -> None:
        if len(self._open) >= _QUESTIONS or message.id in self._open:
            self._answer(m.Refusal(message.id, ExitCode.PARTLY, "Too many questions at once."))
            return
        question = Deferred.fromCoroutine(self._desk.answer(self, message.verb, message.arguments))
        self._open[message.id] = question
        question.addCallbacks(
            lambda value: self._answer(m.Answer(message.id, msgspec.Raw(value))),
            lambda failure: self._refuse(message, failure.value),
        )
        question.addErrback(lambda failure: _log.failure("No answer", failure))
        question.addBoth(lambda _done: self._open.pop(message.id, None))

    def _answer(self, message: m.Message) -> None:
        self.send(message)
        self.flush()

    def _refuse(self, message: m.Ask, error: BaseException) -> None:
        if isinstance(error, AsynClusterError):
            self._answer(m.Refusal(message.id, error.exit_code, str(error)[:100_000]))
            return
        _log.error("{verb} failed: {error!r}", verb=message.verb[:40], error=error)
        self._answer(m.Refusal(message.id, ExitCode.PARTLY, "The master met an error of its own; its log says more."))

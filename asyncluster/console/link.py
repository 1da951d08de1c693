"""The connection to the master: it comes back by itself, and what was being watched is watched again.

    CONNECTING --greeted--> UP --lost--> AWAY --greeted--> UP
         |                                 |  (tried again after random, growing waits, for ever)
         +------------- turned away -------+--> REFUSED (tried again only when the operator says so)

Questions that are open when the connection breaks fail: nobody knows whether they were acted on, and asking again by
itself could act twice. Everything happens in the reactor's thread, which is Qt's.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from enum import Enum
from random import Random
from typing import Any, TypeAlias

import msgspec

from asyncluster.console.state.mirror import Mirror
from asyncluster.core.errors import MasterUnreachable, ProtocolError
from asyncluster.core.qt.link import Link, attach
from asyncluster.core.wire import limits, messages
from asyncluster.core.wire.feed import Options, Watch
from asyncluster.core.wire.framing import frame

RETRY_FIRST_SECONDS = 0.2
RETRY_LAST_SECONDS = 5.0
GREETING_SECONDS = 10.0

_UNKNOWN = "The connection to the master broke; whether this was done is not known."
_AWAY = "The master does not answer; nothing was done."

Done: TypeAlias = Callable[[Any], None]
Failed: TypeAlias = Callable[[str], None]


class State(Enum):
    """How things stand with the master."""

    CONNECTING = "connecting"
    UP = "up"
    AWAY = "away"
    REFUSED = "refused"


class MasterLink:
    """The way to one master.

    Args:
        reactor: Twisted's, running in Qt.
        dial: gives a connected, non-blocking socket whose other end is the master, or raises MasterUnreachable.
        mirror: gets what the feed brings.
        random: for the waits.

    Attributes:
        state: how things stand.
        reason: a sentence about it if it is not UP, else "".
        role: what the master lets this account do, once it has greeted.
        changed: called without arguments when `state` or `reason` has changed.
    """

    def __init__(self, reactor: Any, dial: Callable[[], socket.socket], mirror: Mirror, random: Random) -> None:
        self.state = State.CONNECTING
        self.reason = ""
        self.role = ""
        self.changed: Callable[[], None] = lambda: None
        self._reactor = reactor
        self._dial = dial
        self._mirror = mirror
        self._random = random
        self._link: Link | None = None
        self._timer: Any = None  # of the next attempt, or of the greeting
        self._attempts = 0
        self._topics: dict[str, Options] = {}
        self._last_id = 0
        self._open: dict[int, tuple[Done, Failed]] = {}

    def start(self) -> None:
        """Connects, now or as soon as there is a master."""
        self._cancel_timer()
        try:
            connection = self._dial()
        except MasterUnreachable as error:
            self._wait(str(error))
            return
        self._link = Link(_decoder, limits.FRAME, self._received, self._lost)
        attach(self._reactor, connection.detach(), self._link)
        self._send(messages.Hello(messages.PROTOCOL_VERSION, "console"))
        self._timer = self._reactor.callLater(GREETING_SECONDS, self._no_greeting)

    def retry(self) -> None:
        """Tries again at once, if there is no connection."""
        if self._link is None:
            self._attempts = 0
            self.start()

    def stop(self) -> None:
        """Drops the connection for good."""
        self._cancel_timer()
        link, self._link = self._link, None
        if link is not None and link.transport is not None:
            link.transport.loseConnection()

    def watch(self, topics: Mapping[str, Options]) -> None:
        """Says which topics are looked at from now on."""
        if topics == self._topics:
            return
        self._topics = dict(topics)
        if self.state is State.UP:
            self._ask_watch()

    def ask(self, verb: str, arguments: Mapping[str, Any], done: Done, failed: Failed) -> None:
        """Asks the master something; `done` gets the answer, or `failed` a sentence. Exactly one of them, once."""
        if self.state is not State.UP:
            failed(_AWAY)
            return
        self._last_id += 1
        self._open[self._last_id] = done, failed
        self._send(messages.Ask(self._last_id, verb, msgspec.Raw(msgspec.msgpack.encode(arguments))))

    # --- from the connection -----------------------------------------------------------------------------

    def _received(self, message: messages.Message) -> None:
        if isinstance(message, messages.Feed):
            self._mirror.receive(message)
        elif isinstance(message, messages.Answer):
            done, _failed = self._question(message.id)
            done(msgspec.msgpack.decode(message.value))
        elif isinstance(message, messages.Refusal) and message.id == 0:
            self._refused(message.message)
        elif isinstance(message, messages.Refusal):
            _done, failed = self._question(message.id)
            failed(message.message)
        elif isinstance(message, messages.Welcome):
            self._welcomed(message)

    def _question(self, number: int) -> tuple[Done, Failed]:
        try:
            return self._open.pop(number)
        except KeyError:
            raise ProtocolError("The master answered what it was not asked.") from None

    def _welcomed(self, message: messages.Welcome) -> None:
        self._cancel_timer()
        self.role = message.role
        self._attempts = 0
        self._become(State.UP, "")
        self._ask_watch()

    def _refused(self, reason: str) -> None:
        """The master wants nothing to do with us; trying again by ourselves would only fill its log."""
        self._become(State.REFUSED, reason)
        self.stop()

    def _lost(self, _reason: str) -> None:
        if self._link is None:  # we were the ones to end it
            return
        self._link = None
        self._wait("The connection to the master broke.")
        questions, self._open = list(self._open.values()), {}
        for _done, failed in questions:
            failed(_UNKNOWN)

    # --- within ------------------------------------------------------------------------------------------

    def _ask_watch(self) -> None:
        arguments = msgspec.to_builtins(Watch(self._topics))
        self.ask("watch", arguments, lambda _answer: None, self._not_watched)

    def _not_watched(self, reason: str) -> None:
        if self.state is State.UP:
            self.reason = reason
            self.changed()

    def _send(self, message: messages.Message) -> None:
        assert self._link is not None
        self._link.send(frame(messages.encode(message)))

    def _no_greeting(self) -> None:
        self._timer = None
        self.stop()
        self._wait("The master does not greet.")

    def _wait(self, reason: str) -> None:
        """Sets the next attempt, at a random moment so that many consoles do not come at once."""
        self._cancel_timer()
        bound = min(RETRY_LAST_SECONDS, RETRY_FIRST_SECONDS * 2.0**self._attempts)
        self._attempts = min(self._attempts + 1, 10)
        self._timer = self._reactor.callLater(self._random.uniform(bound / 2, bound), self.start)
        self._become(State.AWAY, reason)

    def _become(self, state: State, reason: str) -> None:
        if (state, reason) != (self.state, self.reason):
            self.state, self.reason = state, reason
            self.changed()

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None


class _Decoder:
    """Messages of the master; nonsense is a ProtocolError, which ends the link."""

    def __init__(self) -> None:
        self._decoder = messages.decoder(messages.ToClient)

    def decode(self, buf: memoryview) -> messages.Message:
        try:
            return self._decoder.decode(buf)
        except RecursionError as error:
            raise ProtocolError("The master sent a message that is none.") from error


_decoder = _Decoder()

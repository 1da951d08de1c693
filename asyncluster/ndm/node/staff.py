"""The workers of a node as the daemon's shell has them: processes, sockets, pages, pipes, and the data passed to them.

    brain's instructions  ---->  Staff  <---->  spawner, sockets, pipes
    brain's events        <----

It carries out what concerns one worker and tells what one worker did; it decides nothing, but that a worker which
breaks the protocol, or cannot be given what it needs, is killed.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import msgspec
from twisted.logger import Logger

from asyncluster.core.blobs import Shelf
from asyncluster.core.errors import ProtocolError
from asyncluster.core.master.inbox import Inbox
from asyncluster.core.wire import messages as m
from asyncluster.ndm.node import failures
from asyncluster.ndm.node.instructions import Exit
from asyncluster.ndm.node.output import Meter, OutputPipe, Stream, Tail
from asyncluster.ndm.node.processes import Ended, Spawner
from asyncluster.ndm.node.workersocket import WorkerSocket
from asyncluster.ndm.steward.spawn import Ends
from asyncluster.ndm.worker import page
from asyncluster.ndm.worker.page import Glance, Page

_NOTHING = Glance(0, 0, None, None)
_MOST_PASSED = 64  # blobs that a worker holds; each is an open file there
_HIGHEST_CALL = 2**53 - 1  # the page is the worker's to write, and so may hold anything
_PATIENCE = 0.025  # seconds that a call may take before the results of those before it are fetched
_decoder = m.decoder(m.FromWorker)
_done_decoder = m.decoder(m.Done)
_log = Logger()


class Events(Protocol):
    """Who hears of workers."""

    def ready(self, worker: int) -> None:
        """A worker has come up."""

    def said(self, worker: int, message: m.Message) -> None:
        """A worker sent this."""

    def exited(self, worker: int, how: Exit) -> None:
        """A worker is gone, and everything that it sent has been told."""

    def stays_nice(self, worker: int) -> None:
        """A worker's niceness could not be lowered."""


class Staff:
    """All workers of a node.

    Args:
        reactor: Twisted's.
        spawner: starts and ends processes; reports to this.
        given: large data that the master sent.
        results: large data that workers returned.
        events: see there.
        environments: directory of those that are installed, by key.
    """

    def __init__(
        self,
        reactor: Any,
        spawner: Spawner,
        given: Shelf,
        results: Shelf,
        events: Events,
        environments: Path | None = None,
    ) -> None:
        self._environments = environments
        self._reactor = reactor
        self._spawner = spawner
        self._given = given
        self._returned = Inbox(results)
        self._events = events
        self._members: dict[int, Member] = {}
        spawner.reports = self

    # --- The brain's instructions ---------------------------------------------------------------------------

    def look(self, worker: int) -> Glance:
        """Reads a worker's page."""
        member = self._members.get(worker)
        return member.page.glance() if member is not None else _NOTHING

    def fetch(self, now: float) -> float | None:
        """Tells of results that wait in pages while their worker is at a call that takes long.

        Returns:
            When to look again, in seconds of the monotonic clock; None: no results wait.
        """
        again = None
        for member in list(self._members.values()):
            results = member.page.kept()
            if not results:
                continue
            since = member.page.glance().since
            if since is None or now - since >= _PATIENCE:
                self._fetched(member, results)
            else:
                again = min(again or since + _PATIENCE, since + _PATIENCE)
        return again

    def start(self, worker: int, niceness: int) -> None:
        """Starts a worker; messages may be sent to it at once, even if it turns out that it cannot be started."""
        member = Member(worker)
        try:
            ours, out, err, ends, member.page = _descriptors()
        except OSError as error:  # there is none left, or no memory
            trouble = Exit(None, None, f"A worker cannot be started: {error.strerror}.", 0)
            self._reactor.callLater(0, self._events.exited, worker, trouble)
            return
        member.socket = WorkerSocket(
            self._reactor, ours, lambda bodies: self._received(member, bodies), lambda: self._broken(member)
        )
        member.pipes = [
            OutputPipe(self._reactor, out, "out", lambda stream, text: self._wrote(member, stream, text)),
            OutputPipe(self._reactor, err, "err", lambda stream, text: self._wrote(member, stream, text)),
        ]
        self._members[worker] = member
        self._spawner.start(worker, ends, niceness)

    def send(self, worker: int, message: m.Message) -> None:
        """Sends a message, after the blobs that it names and the worker lacks."""
        member = self._members.get(worker)
        if member is None:  # it could not be started, which is about to be told
            return
        if isinstance(message, m.WorkerSetup):
            member.job = message.job
            member.socket.send(m.encode(message), self._open_environment(message.environment))
            return
        try:
            self._pass_blobs(member, getattr(message, "blobs", ()))
        except OSError as error:  # what cannot be passed cannot be worked on: somebody else gets it
            _log.warn("A worker is ended, since large data cannot be passed to it: {why}.", why=error.strerror)
            self.kill(worker)
            return
        member.socket.send(m.encode(message))
        while len(member.passed) > _MOST_PASSED:
            self._take_blob_back(member, next(iter(member.passed)))

    def _pass_blobs(self, member: Member, blobs: Sequence[m.BlobRef]) -> None:
        for name, size in blobs:
            blob = self._given.get(member.job, name)
            if name not in member.passed and blob is not None:
                member.socket.send(m.encode(m.PassBlob(member.job, name, size)), os.dup(blob.fd))
            member.passed.pop(name, None)
            member.passed[name] = None

    def _open_environment(self, key: str) -> int | None:
        """A descriptor of its directory; None if there is none, of which the worker makes what it must."""
        if not key or self._environments is None:
            return None
        try:
            return os.open(self._environments / key, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return None

    def kill(self, worker: int) -> None:
        """Ends a worker."""
        self._spawner.kill(worker)

    def suspend(self, worker: int) -> None:
        """Stops a worker."""
        self._spawner.suspend(worker)

    def resume(self, worker: int) -> None:
        """Lets it run on."""
        self._spawner.resume(worker)

    def renice(self, worker: int, niceness: int) -> None:
        """Changes a worker's niceness."""
        self._spawner.renice(worker, niceness)

    def forget_blob(self, job: int, name: bytes) -> None:
        """Tells the workers of a job that a blob will not be named again."""
        for member in self._members.values():
            if member.job == job and name in member.passed:
                self._take_blob_back(member, name)

    def _take_blob_back(self, member: Member, name: bytes) -> None:
        """A worker lets go of a blob when it is through with what it was sent before."""
        del member.passed[name]
        member.socket.send(m.encode(m.DropBlob(member.job, name)))

    def close(self) -> None:
        """Ends all workers; nothing is told any more."""
        for member in self._members.values():
            member.close()
        self._members.clear()
        self._spawner.close()

    # --- From the spawner -------------------------------------------------------------------------------------

    def ended(self, worker: int, how: Ended) -> None:
        member = self._members.get(worker)
        if member is None:
            return
        member.socket.drain()
        self._fetched(member, member.page.kept())
        for pipe in member.pipes:
            pipe.drain()
        stderr = how.trouble or str(member.tail)
        # The page stays readable while the event is handled.
        self._events.exited(worker, Exit(how.signal, how.status, stderr, how.peak_memory))
        del self._members[worker]
        member.close()

    def stays_nice(self, worker: int) -> None:
        self._events.stays_nice(worker)

    # --- From workers -------------------------------------------------------------------------------------------

    def _received(self, member: Member, bodies: list[memoryview]) -> None:
        for body in bodies:
            if body:
                self._said(member, body)
            else:
                self._events.ready(member.number)

    def _fetched(self, member: Member, results: bytes) -> None:
        """Tells of results from a worker's page, once; should they come by its socket as well, the first count."""
        if not results or results == member.fetched:
            return
        member.fetched = results
        try:
            message = _done_decoder.decode(results)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            self._broken(member)
            return
        self._events.said(member.number, message)

    def _said(self, member: Member, body: memoryview) -> None:
        try:
            message = _decoder.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ProtocolError("A worker sent a message that is none.") from error
        match message:
            case m.PassBlob() if message.job == member.job:
                self._returned.passed(message, member.socket.take_descriptor())
            case m.Output():
                self._print(member, message.call, message.stream, message.text)
            case m.DoneLarge() if not self._returned.complete(message):
                ref = message.row[:2]
                self._events.said(member.number, m.Broke(0, message.job, ref, failures.too_large()))
            case m.Done() | m.DoneLarge() | m.Unfit() | m.Progress():
                self._events.said(member.number, message)
            case _:
                raise ProtocolError("A worker speaks of another job than its own.")

    def _wrote(self, member: Member, stream: Stream, text: str) -> None:
        """C code or a child process wrote; to which call it belongs is a guess that is nearly always right."""
        call = member.page.glance().call
        self._print(member, call if call <= _HIGHEST_CALL else 0, stream, text)

    def _print(self, member: Member, call: int, stream: Stream, text: str) -> None:
        if stream == "err":
            member.tail.add(text)
        admitted = member.meter.admit(call, text)
        if admitted and member.job:
            self._events.said(member.number, m.Output(member.job, call, stream, admitted))

    def _broken(self, member: Member) -> None:
        _log.warn("A worker broke the protocol and is ended.")
        self.kill(member.number)


def _descriptors() -> tuple[socket.socket, int, int, Ends, Page]:
    """Our socket, our ends of the pipes for output and errors, the worker's ends, and our view of the page.

    Raises:
        OSError: there are not enough left; none is taken.
    """
    with ExitStack() as taken:

        def take(*descriptors: int) -> tuple[int, ...]:
            for descriptor in descriptors:
                taken.callback(os.close, descriptor)
            return descriptors

        ours, theirs = take(*(end.detach() for end in socket.socketpair()))
        out, out_end = take(*os.pipe())
        err, err_end = take(*os.pipe())
        (page_fd,) = take(page.create())
        view = Page(page_fd)
        taken.pop_all()
    return socket.socket(fileno=ours), out, err, Ends(theirs, page_fd, out_end, err_end), view


class Member:
    """One worker: what the daemon holds of it.

    Attributes:
        job: whose it is; 0: nobody's yet.
        passed: names of blobs that it has, the one used last at the end.
        fetched: the results that were last fetched from its page.
    """

    page: Page
    socket: WorkerSocket
    pipes: list[OutputPipe]

    def __init__(self, number: int) -> None:
        self.number = number
        self.job = 0
        self.passed: dict[bytes, None] = {}
        self.fetched = b""
        self.tail = Tail()
        self.meter = Meter()

    def close(self) -> None:
        self.socket.close()
        for pipe in self.pipes:
            pipe.close()

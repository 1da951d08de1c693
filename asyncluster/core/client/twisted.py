"""The Twisted flavour: the verbs of `Cluster`, giving Deferreds whose `cancel` ends calls wherever they are."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from asyncluster.core.client.address import locate
from asyncluster.core.client.calls import Broken, Call, Returned, Tell
from asyncluster.core.client.futures import CallFacts, open_result
from asyncluster.core.client.kinds import Function
from asyncluster.core.client.looping import CallHandle, LoopCluster, LoopJob, LoopPort
from asyncluster.core.client.namespace import JobCode
from asyncluster.core.client.options import SAME
from asyncluster.core.client.session import Session
from asyncluster.core.errors import MasterUnreachable


class CallDeferred(CallFacts, Deferred[Any]):
    """The result of a call."""

    def __init__(self, port: Port) -> None:
        super().__init__(lambda _self: port.cancel([self._call] if self._call else []))

    def attach(self, call: Call) -> None:
        """The call that this is the result of."""
        self._call = call

    def when_ended(self, ended: Callable[[Any], object]) -> None:
        """Has `ended` called with this when the call has its end."""

        def tell(result: Any) -> Any:
            ended(self)
            return result

        self.addBoth(tell)

    def returned(self, event: Returned) -> None:
        """From the ledger."""
        value, error = open_result(event)
        _fire(self, value, error)

    def failed(self, event: Broken) -> None:
        """From the ledger."""
        _fire(self, None, event.error)


def _fire(deferred: Deferred[Any], value: Any, error: BaseException | None) -> None:
    if deferred.called:
        return  # cancelled
    if error is None:
        deferred.callback(value)
    else:
        deferred.errback(Failure(error))


class _Descriptor:
    """What a reactor watches: it has a number, and tells the port."""

    def __init__(self, number: int, port: Port) -> None:
        self._number = number
        self._port = port

    def fileno(self) -> int:
        return self._number

    def doRead(self) -> None:
        self._port.readable()

    def doWrite(self) -> None:
        self._port.writable()

    def connectionLost(self, reason: Failure) -> None:
        self._port.readable()  # finds out by itself

    def logPrefix(self) -> str:
        return "asyncluster client"


class Port(LoopPort):
    """A session in a Twisted reactor."""

    def __init__(self, session: Session, reactor: Any) -> None:
        super().__init__(session)
        self._reactor = reactor
        self._descriptor: _Descriptor | None = None
        self._timer: Any = None

    def promise(self) -> tuple[Deferred[Any], Tell]:
        deferred: Deferred[Any] = Deferred()
        return deferred, lambda value, error: _fire(deferred, value, error)

    def new_call(self) -> CallHandle:
        return CallDeferred(self)

    def soon(self, do: Callable[[], None]) -> None:
        self._reactor.callLater(0, do)

    def set_timer(self, seconds: float | None) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None if seconds is None else self._reactor.callLater(seconds, self.turn)

    def watch(self, descriptor: int, *, writing: bool) -> None:
        if self._descriptor is not None:
            self._reactor.removeReader(self._descriptor)
            self._reactor.removeWriter(self._descriptor)
            self._descriptor = None
        if descriptor >= 0:
            self._descriptor = _Descriptor(descriptor, self)
            self._reactor.addReader(self._descriptor)
            if writing:
                self._reactor.addWriter(self._descriptor)


class Job(LoopJob):
    """A namespace that lives on every worker; made by `Cluster.job`.

    See `asyncluster.core.client.job.Job` for what the verbs do and raise.
    """

    def update(self, function: Function, /, *args: Any, **kwargs: Any) -> Deferred[None]:
        """Calls a function in every process of the job, present and future; fires when the master has it."""
        done: Deferred[None] = self._update(function, args, kwargs)
        return done

    def run(self, function: Function, /, *args: Any, **kwargs: Any) -> CallDeferred:
        """Calls a function once; fires with its result. It knows `where` it ran."""
        call: CallDeferred = self._run(function, args, kwargs)
        return call

    def map(
        self,
        function: Function,
        /,
        *iterables: Iterable[Any],
        buffersize: int | None = None,
        chunksize: int | None = None,
    ) -> Deferred[list[Any]]:
        """Calls a function for each item; fires with all results in order, or with the first error."""
        results = self._map(function, iterables, buffersize, chunksize)

        async def collect() -> list[Any]:
            return [result async for result in results]

        return Deferred.fromCoroutine(collect())

    def as_completed(
        self, function: Function, /, *iterables: Iterable[Any], buffersize: int | None = None
    ) -> AsyncIterator[CallDeferred]:
        """Like `map`, but `async for` gives the Deferreds of the calls, each fired, as they come to their end."""
        return self._as_completed(function, iterables, buffersize)

    def number(self) -> Deferred[int]:
        """Fires with what people call the job."""
        number: Deferred[int] = self._number()
        return number

    def close(self) -> Deferred[None]:
        """Fires when all calls have their end and the job is ended."""
        return Deferred.fromCoroutine(self._close())


class Cluster(LoopCluster):
    """The computers that a master has work for; made by `connect`."""

    def __init__(self, port: LoopPort) -> None:
        self._port = port

    def job(
        self, code: JobCode, name: str | None = None, niceness: int = SAME, *, environment: str | None = SAME
    ) -> Deferred[Job]:
        """Opens a job; fires with it when the master has it. Arguments and errors as for the blocking `Cluster.job`."""

        async def opened() -> Job:
            job = Job(self._port, *self._open_job(code, name, niceness, environment))
            await job.number()
            return job

        return Deferred.fromCoroutine(opened())

    def ask(self, verb: str, /, **arguments: Any) -> Deferred[Any]:
        """Asks the master a verb of its control table; see the blocking `Cluster.ask`."""
        answer: Deferred[Any] = self._ask(verb, arguments)
        return answer

    def nodes(self) -> Deferred[list[dict[str, Any]]]:
        """All nodes and what they do, as `asyncluster node list --json` shows them."""
        return self.ask("node list")

    def status(self) -> Deferred[dict[str, Any]]:
        """Master, nodes, jobs and sessions at a glance, as `asyncluster status --json` shows them."""
        return self.ask("status")

    def close(self) -> Deferred[None]:
        """Ends all jobs of this client, and the connection."""
        closed: Deferred[None] = self._port.close()
        return closed


def connect(
    reactor: Any = None,
    socket: str | os.PathLike[str] | None = None,
    config: str | os.PathLike[str] | None = None,
    *,
    patience: float | None = SAME,
) -> Deferred[Cluster]:
    """Connects to the master.

    Args:
        reactor: Twisted's; default: the one that is installed.
        socket, config, patience: as for the blocking `Cluster`.

    Returns:
        A Deferred of the cluster; it fails with `MasterUnreachable` or `NotAllowed`.
    """
    if reactor is None:
        from twisted.internet import reactor as installed

        reactor = installed
    port = Port(Session(locate(socket, config), patience=patience), reactor)
    try:
        greeted: Deferred[Any] = port.start()
    except MasterUnreachable as error:
        return fail(error)
    return greeted.addCallback(lambda _greeted: Cluster(port))

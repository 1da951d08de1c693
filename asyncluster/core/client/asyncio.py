"""The asyncio flavour: `AsyncCluster`, with the verbs of `Cluster`, to be awaited."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from asyncluster.core.client.address import locate
from asyncluster.core.client.calls import Broken, Call, Returned, Tell
from asyncluster.core.client.futures import CallFacts, open_result
from asyncluster.core.client.kinds import Function
from asyncluster.core.client.looping import CallHandle, LoopCluster, LoopJob, LoopPort
from asyncluster.core.client.namespace import JobCode
from asyncluster.core.client.notebook import call_html
from asyncluster.core.client.options import SAME
from asyncluster.core.client.session import Session


class AsyncCall(CallFacts, asyncio.Future[Any]):
    """The result of a call: an asyncio future whose `cancel` ends the call wherever it is.

    It passes as a coroutine, too, so that `TaskGroup.create_task` takes it. The call is under way in any case.
    """

    def __init__(self, port: Port) -> None:
        super().__init__(loop=port.loop)
        self._port = port
        self._steps: Generator[Any, Any, Any] | None = None

    def attach(self, call: Call) -> None:
        """The call that this is the result of."""
        self._call = call

    def when_ended(self, ended: Callable[[Any], object]) -> None:
        """Has `ended` called with this when the call has its end."""
        self.add_done_callback(ended)

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancels the call; if it is running, its process is ended. False if it has its end already."""
        if not super().cancel(msg):
            return False
        if self._call is not None:
            self._port.cancel([self._call])
        return True

    def _repr_html_(self) -> str:
        return call_html(self)

    def returned(self, event: Returned) -> None:
        """From the ledger."""
        self._settle(*open_result(event))

    def failed(self, event: Broken) -> None:
        """From the ledger."""
        self._settle(None, event.error)

    def _settle(self, value: Any, error: BaseException | None) -> None:
        if self.done():
            return
        if isinstance(error, StopIteration):  # which no future can carry
            stopped = RuntimeError("The call raised StopIteration.")
            stopped.__cause__ = error
            error = stopped
        if error is None:
            self.set_result(value)
        else:
            self.set_exception(error)

    # --- as a coroutine -----------------------------------------------------------------------------------

    def send(self, value: Any) -> Any:
        if self._steps is None:
            self._steps = self.__await__()
        return self._steps.send(value)

    def throw(self, *error: Any) -> Any:
        if self._steps is None:
            self._steps = self.__await__()
        return self._steps.throw(*error)

    def close(self) -> None:
        if self._steps is not None:
            self._steps.close()


Coroutine.register(AsyncCall)


class Port(LoopPort):
    """A session in the running asyncio loop."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.loop = asyncio.get_running_loop()
        self._descriptor = -1
        self._timer: asyncio.TimerHandle | None = None

    def promise(self) -> tuple[asyncio.Future[Any], Tell]:
        future = self.loop.create_future()

        def tell(value: Any, error: BaseException | None) -> None:
            if future.done():
                return  # cancelled
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)

        return future, tell

    def new_call(self) -> CallHandle:
        return AsyncCall(self)

    def soon(self, do: Callable[[], None]) -> None:
        self.loop.call_soon(do)

    def set_timer(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self.turn)

    def watch(self, descriptor: int, *, writing: bool) -> None:
        if self._descriptor >= 0:
            self.loop.remove_reader(self._descriptor)
            self.loop.remove_writer(self._descriptor)
        self._descriptor = descriptor
        if descriptor >= 0:
            self.loop.add_reader(descriptor, self.readable)
            if writing:
                self.loop.add_writer(descriptor, self.writable)


class AsyncJob(LoopJob):
    """A namespace that lives on every worker; made by `AsyncCluster.job`.

    Leaving its `async with` block waits for its calls and closes it; leaving it by an exception cancels it. See
    `asyncluster.core.client.job.Job` for what the verbs do and raise.
    """

    def update(self, function: Function, /, *args: Any, **kwargs: Any) -> Awaitable[None]:
        """Calls a function in every process of the job, present and future; done when the master has it."""
        done: Awaitable[None] = self._update(function, args, kwargs)
        return done

    def run(self, function: Function, /, *args: Any, **kwargs: Any) -> AsyncCall:
        """Calls a function once. The call is under way when this returns; await its result."""
        call: AsyncCall = self._run(function, args, kwargs)
        return call

    def map(
        self,
        function: Function,
        /,
        *iterables: Iterable[Any],
        buffersize: int | None = None,
        chunksize: int | None = None,
    ) -> AsyncIterator[Any]:
        """Calls a function for each item; `async for` gives the results in order."""
        return self._map(function, iterables, buffersize, chunksize)

    def as_completed(
        self, function: Function, /, *iterables: Iterable[Any], buffersize: int | None = None
    ) -> AsyncIterator[AsyncCall]:
        """Like `map`, but gives the calls in the order in which they come to their end."""
        return self._as_completed(function, iterables, buffersize)

    @property
    def number(self) -> Awaitable[int]:
        """What people call the job; to be awaited."""
        number: Awaitable[int] = self._number()
        return number

    async def close(self) -> None:
        """Waits until all calls have their end, then ends the job."""
        await self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            await self.close()
        else:
            self.cancel()


class AsyncCluster(LoopCluster):
    """The computers that a master has work for; `async with` connects and closes.

    Args:
        socket, config, patience: as for `Cluster`.

    Attributes:
        socket: path of the master's control socket.
    """

    def __init__(
        self,
        socket: str | os.PathLike[str] | None = None,
        config: str | os.PathLike[str] | None = None,
        *,
        patience: float | None = SAME,
    ) -> None:
        self.socket: Path = locate(socket, config)
        self._patience = patience

    async def connect(self) -> Self:
        """Connects to the master.

        Raises:
            MasterUnreachable: no master is there.
            NotAllowed: it does not want this account.
        """
        self._port = Port(Session(self.socket, patience=self._patience))
        try:
            await self._port.start()
        except BaseException:
            await self._port.close()
            raise
        return self

    def job(
        self, code: JobCode, name: str | None = None, niceness: int = SAME, *, environment: str | None = SAME
    ) -> AsyncJob:
        """Opens a job; arguments and errors as for `Cluster.job`."""
        return AsyncJob(self._port, *self._open_job(code, name, niceness, environment))

    async def ask(self, verb: str, /, **arguments: Any) -> Any:
        """Asks the master a verb of its control table; see `Cluster.ask`."""
        return await self._ask(verb, arguments)

    async def nodes(self) -> list[dict[str, Any]]:
        """All nodes and what they do, as `asyncluster node list --json` shows them."""
        nodes: list[dict[str, Any]] = await self.ask("node list")
        return nodes

    async def status(self) -> dict[str, Any]:
        """Master, nodes, jobs and sessions at a glance, as `asyncluster status --json` shows them."""
        status: dict[str, Any] = await self.ask("status")
        return status

    async def close(self) -> None:
        """Ends all jobs of this client, and the connection."""
        await self._port.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.socket}>"

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

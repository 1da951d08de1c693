"""The loop of a worker: messages in, results out; one process, one job, one call at a time.

    node daemon  WorkerSetup, Code(0), CallKind(1), Run([rows]) ...           Skip
    worker       (empty frame)                       Done(0, [rows]) Done(0, [rows])

Entries and rows are worked off in the order in which they came. When a call ends and 1 ms has passed, and when there is
nothing left to do, results leave and the loop looks whether rows have been taken back (`Skip`). Few results do not
leave yet, since a message costs more than they do: while there is more to do they are written into the shared pages,
where the node daemon finds them if the next call takes long, or the process dies, and wait for others there
(`asyncluster.core.rhythm`). Those of calls that took less than 1 ms together are not in there: they may have to wait
for the call behind them, and the node daemon, which sees that this is a long one, gives the other rows of the batch
to somebody else.

Nothing that a call does ends the loop: not `SystemExit`, not an exception that cannot be pickled. What ends the
process - a signal, `os._exit` - is the node daemon's to see; the shared page tells it which call it was.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from asyncluster.core.blobs import Blob, adopt, store
from asyncluster.core.errors import ProtocolError
from asyncluster.core.rhythm import WORKER_GATHERS
from asyncluster.core.wire import engine, payloads
from asyncluster.core.wire import messages as m
from asyncluster.core.wire.limits import BATCH
from asyncluster.ndm.worker import here, overlay
from asyncluster.ndm.worker.capture import Capture, Stream
from asyncluster.ndm.worker.channel import Channel
from asyncluster.ndm.worker.namespace import Namespace
from asyncluster.ndm.worker.page import Page

_TURN_NS = 1_000_000

_GATHER_NS = round(WORKER_GATHERS * 1e9)

#: So many results are worth a message, however soon.
_ROWS = 8

Task: TypeAlias = m.Entry | m.DropBlob | tuple[m.RunRow, Sequence[m.BlobRef]]


class Handover(Exception):
    """This process is to be a worker of the other engine."""

    def __init__(self, setup: engine.EngineSetup) -> None:
        super().__init__()
        self.setup = setup


class Worker:
    """One worker process. `run` returns when the node daemon closes the connection."""

    def __init__(self, channel: Channel, page: Page) -> None:
        self._channel = channel
        self._page = page
        self._decode = m.decoder(m.ToWorker | engine.EngineSetup).decode
        self._tasks: deque[Task] = deque()
        self._fit = True
        self._done: list[m.DoneRow] = []
        self._done_size = 0
        self._sent = 0  # when results left last
        self._job = 0
        self._namespace = Namespace(0)
        self._kinds: dict[int, m.CallKind] = {}
        self._functions: dict[int, Callable[..., Any]] = {}
        self._blobs: dict[bytes, Blob] = {}
        self._place: here.Place | None = None
        self.out = Capture("out", self._print, 1)
        self.err = Capture("err", self._print, 2)

    def ready(self) -> None:
        """Says, by an empty frame, that the process has come up."""
        self._channel.send([b""])

    def run(self) -> None:
        """Works until the node daemon hangs up.

        Raises:
            Handover: the first message wants something else than a job of this process.
        """
        try:
            while True:
                self._look(wait=True)
                turn = self._sent = time.monotonic_ns()
                while self._tasks:
                    task = self._tasks.popleft()
                    if isinstance(task, tuple):
                        self._run_row(*task)
                    else:
                        self._flush()  # should the entry fail, these results come before that
                        self._enter(task)
                    if (now := time.monotonic_ns()) - turn > _TURN_NS:
                        self._hand_in(now)
                        self._look(wait=False)
                        turn = now
                self._flush()
        except EOFError:
            return

    # --- From the node daemon ---------------------------------------------------------------------------

    def _look(self, *, wait: bool) -> None:
        for body in self._channel.receive(wait=wait):
            self._receive(self._decode(body))

    def _receive(self, message: m.Message) -> None:
        match message:
            case m.Run() | m.RunLarge() | m.Code() | m.CallKind() | m.Update() if not self._fit:
                pass  # the node daemon has it, and ends this process
            case m.Run():
                self._tasks.extend([(row, ()) for row in message.rows])
            case m.RunLarge():
                self._tasks.append((message.row, message.blobs))
            case m.Code() | m.CallKind() | m.Update() | m.DropBlob():
                self._tasks.append(message)  # in its turn: rows before a `DropBlob` still need the blob
            case m.Skip():
                skipped = set(message.calls)
                self._tasks = deque(task for task in self._tasks if not _is_one_of(task, skipped))
            case m.PassBlob():
                self._blobs[message.blob] = adopt(self._channel.take_descriptor(), message.blob, message.size)
            case m.WorkerSetup():
                self._settle(message)
            case engine.EngineSetup():
                raise Handover(message)

    def _settle(self, setup: m.WorkerSetup) -> None:
        self._job = setup.job
        self._namespace = Namespace(setup.job)
        self._place = here.Place(setup.name, setup.node, self._tell)
        here.settle(self._place)
        if setup.environment:
            self._put_on(setup.environment)

    def _put_on(self, environment: str) -> None:
        """What runs in an environment runs in no other: without it this process is not fit for its job."""
        try:
            overlay.put_on(self._channel.take_descriptor())
        except (IndexError, OSError) as error:
            self._fit = False
            words = f"The environment {environment} is not on this node any more ({error})."
            self._send([m.Unfit(self._job, 0, words)])

    # --- Log entries --------------------------------------------------------------------------------------

    def _enter(self, entry: m.Entry | m.DropBlob) -> None:
        if isinstance(entry, m.DropBlob):
            self._blobs.pop(entry.blob, None)
            return
        self._functions.clear()  # the entry may define them anew
        if isinstance(entry, m.CallKind):
            self._kinds[entry.kind] = entry
            return
        self._page.enter(entry.index)
        self._attribute(0)
        try:
            run = self._namespace.load if isinstance(entry, m.Code) else self._namespace.update
            run(entry.payload, self._views(entry.blobs))
        except BaseException as error:
            self._fit = False
            self._tasks.clear()
            self._send([m.Unfit(self._job, entry.index, payloads.traceback_text(_from_author(error)))])
        finally:
            self._page.enter(None)
            self._attribute(0)
            self._leave_if_forked()

    # --- Calls -----------------------------------------------------------------------------------------------

    def _run_row(self, row: m.RunRow, blobs: Sequence[m.BlobRef]) -> None:
        call, attempt, kind, payload = row
        began = time.monotonic_ns()
        self._page.begin(call, attempt, began)
        self._attribute(call)
        try:
            outcome, packed = m.RETURNED, self._result(kind, payload, blobs)
        except BaseException as error:
            outcome, packed = m.RAISED, payloads.Packed(payloads.encode_error(_from_author(error)), [])
        self._leave_if_forked()
        self._page.finish()
        now = time.monotonic_ns()
        done = (call, attempt, outcome, (now - began) // 1000, packed.payload)
        if packed.buffers:
            self._flush()
            self._send_large(done, packed.buffers)
            return
        self._done.append(done)
        self._done_size += len(packed.payload)
        if self._done_size > BATCH:
            self._flush()

    def _result(self, kind: int, payload: bytes, blobs: Sequence[m.BlobRef]) -> payloads.Packed:
        function = self._functions.get(kind)
        if function is None:
            function = self._functions[kind] = self._namespace.function(self._kinds[kind].function)
        content = payloads.decode(payload, self._views(blobs))
        if self._kinds[kind].chunked:
            return payloads.encode_chunk_results([_run_one(function, row) for row in content])
        args, kwargs = content
        return payloads.encode_result(function(*args, **kwargs) if kwargs else function(*args))

    def _views(self, blobs: Sequence[m.BlobRef]) -> list[memoryview]:
        """Fresh views: what one call writes into its arguments, the next call with the same data does not see."""
        try:
            return [self._blobs[name].view() for name, _ in blobs]
        except KeyError as error:
            raise ProtocolError("Large data that a call needs did not reach its worker.") from error

    # --- To the node daemon -------------------------------------------------------------------------------

    def _hand_in(self, now: int) -> None:
        """Sends the results, or puts them where the node daemon finds them until they are worth a message."""
        waits = self._tasks and len(self._done) < _ROWS and now - self._sent < _GATHER_NS
        if not (waits and self._page.keep(m.encode(m.Done(0, self._job, self._done)))):
            self._flush()
            self._sent = now

    def _flush(self) -> None:
        if self._done:
            rows, self._done, self._done_size = self._done, [], 0
            self._send([m.Done(0, self._job, rows)])
            self._page.sent()

    def _send_large(self, done: m.DoneRow, buffers: Sequence[memoryview]) -> None:
        refs: list[m.BlobRef] = []
        for buffer in buffers:
            blob = store(buffer)
            refs.append((blob.name, blob.size))
            self._channel.send([m.encode(m.PassBlob(self._job, blob.name, blob.size))], blob.fd)
            blob.close()
        self._send([m.DoneLarge(0, self._job, done, refs)])

    def _send(self, messages: Sequence[m.Message]) -> None:
        self._channel.send([m.encode(message) for message in messages])

    def _print(self, stream: Stream, text: str) -> None:
        self._send([m.Output(self._job, self._place.call if self._place else 0, stream, text)])

    def _tell(self, call: int, fraction: float, note: str) -> None:
        self._send([m.Progress(self._job, call, fraction, note)])

    def _attribute(self, call: int) -> None:
        """What is printed from now on, and `here`, belong to this call."""
        self.out.next_call()
        self.err.next_call()
        if self._place:
            self._place.call = call

    def _leave_if_forked(self) -> None:
        """A call that forks and returns in the child as well must not make two workers of one."""
        if self._channel.forked:
            os._exit(0)


def _run_one(function: Callable[..., Any], row: payloads.Row) -> payloads.Row:
    try:
        return payloads.PLAIN, function(*payloads.decode_args(row))
    except BaseException as error:
        return payloads.FAILED, payloads.encode_error(_from_author(error))


def _from_author(error: BaseException) -> BaseException:
    """The error with a traceback that begins in the author's code, if it got there."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__package__") in _OURS:
        trace = trace.tb_next
    return error.with_traceback(trace or error.__traceback__)


def _is_one_of(task: Task, calls: set[m.CallRef]) -> bool:
    return isinstance(task, tuple) and task[0][:2] in calls


_OURS = (__package__, payloads.__package__)

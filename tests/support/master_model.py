"""A master to test clients against: what a client may rely on, in memory, with every promise of the client checked.

`MasterModel` is sans-IO: `receive` a client's messages, get the answers. It runs nothing by itself; `run_next` and
friends decide what becomes of a call. `RunningMaster` puts it behind a real UNIX socket and runs the calls in threads,
as a worker would.
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from asyncluster.core.blobs import Blob, adopt, store
from asyncluster.core.wire import limits, messages, payloads
from asyncluster.core.wire.framing import FrameReader, frame
from asyncluster.core.wire.messages import (
    RAISED,
    RETURNED,
    Answer,
    Ask,
    CallKind,
    Cancel,
    CloseJob,
    Code,
    DropBlob,
    Failed,
    Failure,
    Hello,
    JobEnded,
    JobOpened,
    Logged,
    Message,
    OpenJob,
    PassBlob,
    Refusal,
    ResultLarge,
    Results,
    Submit,
    SubmitLarge,
    Update,
    Welcome,
)

NODE = "node-1"


class ModelJob:
    """What the model knows of a job.

    Attributes:
        queue: calls that have not been begun, oldest first.
        known: every call that was ever accepted, to its count of offers.
        ended: calls with their answer, which is given again when they are offered again.
    """

    def __init__(self, opening: OpenJob, number: int) -> None:
        self.opening = opening
        self.number = number
        self.entries: list[Message] = []
        self.kinds: dict[int, CallKind] = {}
        self.queue: deque[tuple[int, int, int, bytes]] = deque()
        self.large: dict[int, list[bytes]] = {}
        self.known: dict[int, int] = {}
        self.ended: dict[int, Message] = {}
        self.attempts: dict[int, int] = {}
        self.outstanding: set[int] = set()  # begun or not, without an answer


class MasterModel:
    """The deciding half of a master for one client; raises AssertionError when the client breaks a promise."""

    def __init__(self, window: int = 1000, epoch: int = 1) -> None:
        self.window = window
        self.epoch = epoch
        self.jobs: dict[int, ModelJob] = {}
        self.dead: set[int] = set()  # jobs that were ended here
        self.blobs: dict[tuple[int, bytes], Blob | None] = {}
        self.greeted = False
        self.refuse: str | None = None
        self.started: list[tuple[int, int]] = []  # job, call: every begin, in order
        self.answers: dict[str, Any] = {}

    def restart(self) -> None:
        """Dies and comes back: it remembers nothing."""
        self.epoch += 1
        self.jobs.clear()
        self.link_lost()

    def link_lost(self) -> None:
        """The client's connection broke."""
        self.greeted = False
        self.blobs.clear()

    def receive(self, message: Message) -> list[Message]:
        """Takes a message of the client and returns what is answered at once."""
        if isinstance(message, Hello):
            assert not self.greeted
            if self.refuse:
                return [Refusal(0, 4, self.refuse)]
            self.greeted = True
            return [Welcome(message.version, "model", self.epoch, "operator", self.window)]
        assert self.greeted, "the client spoke before it was greeted"
        if isinstance(message, OpenJob):
            job = self.jobs.setdefault(message.job, ModelJob(message, len(self.jobs) + 1))
            return [JobOpened(message.job, job.number, len(job.entries))]
        if isinstance(message, Ask):
            return [self._answer(message)]
        if message.job in self.dead:
            return []  # the client had not heard yet
        assert message.job in self.jobs, f"{type(message).__name__} of a job that is not open"
        job = self.jobs[message.job]
        match message:
            case Code() | CallKind() | Update():
                return self._log(job, message)
            case Submit():
                return [answer for row in message.calls for answer in self._submit(job, row, [])]
            case SubmitLarge():
                return self._submit(job, message.call, [name for name, _ in message.blobs])
            case Cancel():
                return [answer for number in message.calls for answer in self._cancel(job, number)]
            case CloseJob():
                del self.jobs[message.job]
            case DropBlob():
                assert (message.job, message.blob) in self.blobs
                del self.blobs[message.job, message.blob]
            case _:
                raise AssertionError(f"a client does not send {message}")
        return []

    def receive_blob(self, message: PassBlob, blob: Blob | None) -> None:
        """A descriptor has come."""
        assert message.job in self.jobs or message.job in self.dead
        assert (message.job, message.blob) not in self.blobs, "a blob was sent twice on one link"
        self.blobs[message.job, message.blob] = blob

    def _answer(self, question: Ask) -> Message:
        arguments = msgspec.msgpack.decode(question.arguments)
        if question.verb not in self.answers:
            return Refusal(question.id, 2, f"There is no verb {question.verb}.")
        value = self.answers[question.verb]
        if isinstance(value, Refusal):
            return Refusal(question.id, value.code, value.message)
        return Answer(
            question.id, msgspec.Raw(msgspec.msgpack.encode(value(**arguments) if callable(value) else value))
        )

    def _log(self, job: ModelJob, entry: Any) -> list[Message]:
        assert entry.index == len(job.entries), "the log has a gap"
        if not isinstance(entry, CallKind):
            assert all((entry.job, name) in self.blobs for name, _ in entry.blobs)
        else:
            job.kinds[entry.kind] = entry
        job.entries.append(entry)
        return [Logged(entry.job, len(job.entries))]

    def _submit(self, job: ModelJob, row: Any, blobs: list[bytes]) -> list[Message]:
        number = row[0]
        assert row[1] in job.kinds, "a call of a kind that is not in the log"
        assert all((job.opening.job, name) in self.blobs for name in blobs)
        job.known[number] = job.known.get(number, 0) + 1
        if number in job.ended:
            return [job.ended[number]]
        if number not in job.outstanding:
            job.outstanding.add(number)
            assert len(job.outstanding) <= self.window, "the client went over its window"
            job.queue.append(row)
            job.large[number] = blobs
        return []

    def _cancel(self, job: ModelJob, number: int) -> list[Message]:
        if number in job.ended:
            return [job.ended[number]]
        if number not in job.outstanding:
            return []
        job.queue = deque(row for row in job.queue if row[0] != number)
        return [self.fail(job, number, Failure("cancelled", "The call was cancelled."))]

    # --- what becomes of calls ----------------------------------------------------------------------------

    def begin(self, job: ModelJob) -> tuple[int, int, int, bytes] | None:
        """Hands out the oldest call that waits."""
        if not job.queue:
            return None
        row = job.queue.popleft()
        job.attempts[row[0]] = job.attempts.get(row[0], 0) + 1
        self.started.append((job.opening.job, row[0]))
        return row

    def requeue(self, job: ModelJob, row: tuple[int, int, int, bytes]) -> None:
        """The call's node is gone, and somebody else is to run it."""
        job.queue.appendleft(row)

    def finish(self, job: ModelJob, number: int, outcome: int, payload: bytes, blobs: list[Blob] = []) -> Message:  # noqa: B006
        """The call's end, which the client hears once a link."""
        row = (number, job.attempts.get(number, 1), outcome, 1000, payload)
        key = job.opening.job
        refs = [(blob.name, blob.size) for blob in blobs]
        return self._end(job, number, ResultLarge(key, NODE, row, refs) if blobs else Results(key, NODE, [row]))

    def fail(self, job: ModelJob, number: int, failure: Failure) -> Message:
        """The call has no result."""
        return self._end(job, number, Failed(job.opening.job, [(number, job.attempts.get(number, 0))], failure))

    def _end(self, job: ModelJob, number: int, answer: Message) -> Message:
        job.outstanding.discard(number)
        job.ended[number] = answer
        return answer

    def end_job(self, job: ModelJob, failure: Failure) -> Message:
        """Somebody cancelled it, or its code is broken."""
        del self.jobs[job.opening.job]
        self.dead.add(job.opening.job)
        return JobEnded(job.opening.job, failure)


class Crash(BaseException):
    """Raised by a function of a test: the worker dies here."""


class RunningMaster:
    """The model behind a UNIX socket, for one client at a time, with threads that run the calls.

    Attributes:
        hold: while set to true, calls wait; `release` sets them going.
    """

    def __init__(self, path: Path, workers: int = 2, window: int = 1000) -> None:
        self.path = path
        self.model = MasterModel(window)
        self.model.answers["node list"] = [{"name": NODE, "state": "run", "workers": workers}]
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.hold = False
        self.crashes: dict[int, int] = {}
        self._workers = workers
        self._busy = 0
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="model")
        self._decoder = messages.decoder(messages.FromClient)
        self._client: socket.socket | None = None
        self._arrived: list[int] = []
        self._namespaces: dict[tuple[int, int], dict[str, Any]] = {}
        self._listener: socket.socket | None = None
        self._alarm = os.eventfd(0)
        self._over = False
        self.listen()
        self._thread = threading.Thread(target=self._serve_or_die, name="master model")
        self._thread.start()

    # --- for tests ----------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Opens the socket."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self.path))
        listener.listen(8)
        with self.lock:
            self._listener = listener
        os.eventfd_write(self._alarm, 1)

    def go_away(self) -> None:
        """Closes the socket and drops the client, as a killed master does."""
        with self.changed:
            if self._listener is not None:
                self._listener.close()
                self._listener = None
                self.path.unlink()
            self._drop()
        os.eventfd_write(self._alarm, 1)

    def drop_client(self) -> None:
        """Breaks the connection; the client may come back at once."""
        with self.changed:
            self._drop()
        os.eventfd_write(self._alarm, 1)

    def release(self) -> None:
        """Lets held calls run."""
        with self.changed:
            self.hold = False
            self._hand_out()

    def wait_for(self, condition: Any, timeout: float = 10.0) -> None:
        """Waits until `condition(model)` holds."""
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self.model), timeout), "the condition never came true"

    def say(self, message: Message) -> None:
        """Sends something to the client."""
        with self.changed:
            self._say(message)

    def close(self) -> None:
        self._over = True
        os.eventfd_write(self._alarm, 1)
        self._thread.join()
        with self.changed:
            self.model.jobs.clear()
        self._pool.shutdown(cancel_futures=True)
        self.go_away()
        os.close(self._alarm)

    # --- within -------------------------------------------------------------------------------------------

    def _serve_or_die(self) -> None:
        try:
            self._serve()
        except BaseException:
            self.go_away()  # or the test would wait for ever
            raise

    def _serve(self) -> None:
        reader = FrameReader(limits.FRAME)
        current: socket.socket | None = None
        while not self._over:
            with selectors.DefaultSelector() as selector:
                with self.lock:
                    if self._client is not current:
                        reader, current = FrameReader(limits.FRAME), self._client
                    for each in (self._listener, self._client):
                        if each is not None:
                            selector.register(each, selectors.EVENT_READ)
                selector.register(self._alarm, selectors.EVENT_READ)
                ready = [key.fileobj for key, _ in selector.select()]
            with self.changed:
                if self._alarm in ready:
                    os.eventfd_read(self._alarm)
                if self._listener is not None and self._listener in ready:
                    self._drop()
                    self._client, _ = self._listener.accept()
                elif self._client is not None and self._client in ready and self._client is current:
                    self._read(reader)
                self.changed.notify_all()

    def _read(self, reader: FrameReader) -> None:
        assert self._client is not None
        try:
            data, descriptors, _, _ = socket.recv_fds(self._client, 1 << 20, 64)
        except ConnectionError:
            data, descriptors = b"", []
        self._arrived += descriptors
        if not data:
            self._drop()
            return
        for body in reader.receive(data):
            message = self._decoder.decode(body)
            if isinstance(message, PassBlob):
                self.model.receive_blob(message, adopt(self._arrived.pop(0), message.blob, message.size))
                continue
            for answer in self.model.receive(message):
                self._say(answer)
            if isinstance(message, CloseJob):
                self._namespaces = {key: space for key, space in self._namespaces.items() if key[0] != message.job}
        self._hand_out()

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
            self.model.link_lost()

    def _say(self, message: Message) -> None:
        if self._client is not None:
            with suppress(ConnectionError):  # the end of the stream will be read
                self._client.sendall(frame(messages.encode(message)))

    def _say_large(self, message: ResultLarge, blobs: list[Blob]) -> None:
        if self._client is None:
            return
        for blob in blobs:
            passing = frame(messages.encode(PassBlob(message.job, blob.name, blob.size)))
            socket.send_fds(self._client, [passing], [blob.fd])
        self._say(message)
        for blob in blobs:
            self._say(DropBlob(message.job, blob.name))

    def _hand_out(self) -> None:
        for job in list(self.model.jobs.values()):
            while not self.hold and self._busy < self._workers and job.queue:
                row = self.model.begin(job)
                assert row is not None
                views = [self.model.blobs[job.opening.job, name].view() for name in job.large[row[0]]]  # type: ignore[union-attr]
                self._busy += 1
                self._pool.submit(self._run, job, row, views)

    def _run(self, job: ModelJob, row: Any, views: list[memoryview]) -> None:
        number, kind, count, payload = row
        failure: Failure | None = None
        outcome, result, buffers = RETURNED, b"", []
        try:
            outcome, result, buffers = self._call(job, job.kinds[kind], payload, views)
        except Crash:
            with self.lock:
                self.crashes[number] = self.crashes.get(number, 0) + 1
                if count > 1:
                    failure = Failure("split", "A worker died of a chunk.")
                elif self.crashes[number] > job.kinds[kind].retries:
                    failure = Failure("crashed", "The worker died.", node=NODE, signal=9, stderr="last words")
        except BrokenNamespace as broken:
            failure = Failure("broken", str(broken))
        blobs = [store(view) for view in buffers]
        with self.changed:
            self._busy -= 1
            alive = self.model.jobs.get(job.opening.job) is job and number in job.outstanding
            if alive and failure is not None and failure.kind == "broken":
                self._say(self.model.end_job(job, failure))
            elif alive and failure is not None:
                self._say(self.model.fail(job, number, failure))
            elif alive and number in self.crashes and self.crashes[number] and not result and not blobs:
                self.model.requeue(job, row)
            elif alive:
                answer = self.model.finish(job, number, outcome, result, blobs)
                if isinstance(answer, ResultLarge):
                    self._say_large(answer, blobs)
                else:
                    self._say(answer)
            self._hand_out()
            self.changed.notify_all()

    def _call(self, job: ModelJob, kind: CallKind, payload: bytes, views: list[memoryview]) -> Any:
        with self.lock:
            space = self._namespace(job)
        function = payloads.decode(kind.function)
        if isinstance(function, str):
            function = space[function]
        if kind.chunked:
            rows: list[Any] = []
            for row in payloads.decode(payload, views):
                try:
                    rows.append((payloads.PLAIN, function(*payloads.decode_args(row))))
                except Exception as error:
                    rows.append((payloads.FAILED, payloads.encode_error(error)))
            return RETURNED, *payloads.encode_chunk_results(rows)
        try:
            args, kwargs = payloads.decode(payload, views)
            return RETURNED, *payloads.encode_result(function(*args, **(kwargs or {})))
        except Exception as error:
            return RAISED, payloads.encode_error(error), []

    def _namespace(self, job: ModelJob) -> dict[str, Any]:
        key = job.opening.job, id(job)
        space = self._namespaces.setdefault(key, {"__name__": "job", "__applied__": 0})
        for entry in job.entries[space["__applied__"] :]:
            space["__applied__"] += 1
            try:
                self._apply(space, entry)
            except Exception as error:
                raise BrokenNamespace(repr(error)) from error
        return space

    def _apply(self, space: dict[str, Any], entry: Any) -> None:
        if isinstance(entry, CallKind):
            return
        views = [self.model.blobs[entry.job, name].view() for name, _ in entry.blobs]  # type: ignore[union-attr]
        content = payloads.decode(entry.payload, views)
        if isinstance(entry, Update):
            function, args, kwargs = content
            (space[function] if isinstance(function, str) else function)(*args, **kwargs)
        elif content[0] == "source":
            exec(compile(content[1], content[2], "exec"), space)
        else:
            space.update({function.__name__: function for function in content[1]})


class BrokenNamespace(Exception):
    """The job's code or an update failed."""


@contextmanager
def running_master(directory: Path, **options: Any) -> Iterator[RunningMaster]:
    master = RunningMaster(directory / "control.sock", **options)
    try:
        yield master
    finally:
        master.close()


@pytest.fixture
def master_model(tmp_path: Path) -> Iterator[RunningMaster]:
    """A master of two workers behind a socket in a directory of the test's own."""
    with running_master(tmp_path) as master:
        yield master

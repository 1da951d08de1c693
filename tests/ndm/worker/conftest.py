"""A real worker process and the node daemon's end of its socket."""

from __future__ import annotations

import os
import select
import shutil
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from asyncluster.core.blobs import Blob, adopt, store
from asyncluster.core.wire import messages as m
from asyncluster.core.wire import payloads
from asyncluster.core.wire.framing import FrameReader, frame
from asyncluster.core.wire.limits import FRAME
from asyncluster.ndm.steward import spawn, trees
from asyncluster.ndm.worker import page
from asyncluster.ndm.worker.confine import Confinement, become_subreaper

JOB = 0x1234
MARKER = "test-of-workers"
PATIENCE = 20.0


class Died(Exception):
    """The worker is gone: its wait status."""


class Harness:
    """Talks to one worker process as a node daemon does."""

    def __init__(self, directory: Path, *, niceness: int = 0, memory: int | None = None) -> None:
        self.directory = directory / "private"
        ours, theirs = socket.socketpair()
        self.socket = ours
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        self.pipes = {"out": out_read, "err": err_read}
        page_fd = page.create()
        self.page = page.Page(page_fd)
        ends = spawn.Ends(theirs.detach(), page_fd, out_write, err_write)
        spawn.prepare(str(self.directory))
        self.process = spawn.start(ends, Confinement(os.getpid(), niceness, memory), str(self.directory), MARKER)
        ends.close()
        self._reader = FrameReader(FRAME)
        self._decoder = m.decoder(m.FromWorker)
        self._arrived: deque[m.Message] = deque()
        self._descriptors: deque[int] = deque()
        self._entries = 0
        self._calls = 0
        self.keep: set[int] = set()
        self.blobs: dict[bytes, Blob] = {}

    # --- as the node daemon ---

    def send(self, *messages: m.Message, descriptor: int | None = None) -> None:
        data = b"".join(frame(m.encode(message)) for message in messages)
        if descriptor is None:
            self.socket.sendall(data)
        else:
            socket.send_fds(self.socket, [data], [descriptor])

    def receive(self, patience: float = PATIENCE) -> m.Message:
        end = time.monotonic() + patience
        while not self._arrived:
            if not select.select([self.socket], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError("The worker says nothing.")
            try:
                data, fds, _, _ = socket.recv_fds(self.socket, 65536, 64)
            except ConnectionResetError:
                data = b""
            if not data:
                raise Died(self.wait())
            self._descriptors.extend(fds)
            self._arrived.extend(self._decoder.decode(body) for body in self._reader.receive(data) if body)
        return self._arrived.popleft()

    def until(self, kind: type[m.Message]) -> Any:
        while True:
            message = self.receive()
            if isinstance(message, m.PassBlob):
                fd = self._descriptors.popleft()
                self.blobs[message.blob] = adopt(fd, message.blob, message.size)
            if isinstance(message, kind):
                return message

    def wait(self) -> int:
        """The wait status, once the process is gone."""
        return self.process.wait(PATIENCE)

    def read_pipe(self, stream: str) -> str:
        """What came through a pipe after the process has gone."""
        chunks = []
        while chunk := os.read(self.pipes[stream], 65536):
            chunks.append(chunk)
        return b"".join(chunks).decode()

    def close(self) -> None:
        trees.kill_tree(self.process.pid)
        self.process.wait()
        trees.kill_orphans(self.keep)
        self.socket.close()
        for fd in self.pipes.values():
            os.close(fd)
        for blob in self.blobs.values():
            blob.close()
        shutil.rmtree(self.directory)

    # --- as a whole job ---

    def load(self, code: str | Sequence[Callable[..., Any]], file_name: str = "<job>") -> None:
        self.send(m.WorkerSetup(JOB, 7, "cauchy", "node1"))
        self.enter(m.Code, payloads.encode_code(code, file_name))

    def update(self, function: payloads.Function, *args: Any) -> None:
        self.enter(m.Update, payloads.encode_update(function, args))

    def enter(self, kind: type[m.Code] | type[m.Update], packed: payloads.Packed) -> None:
        refs = self.pass_blobs(packed.buffers)
        self.send(kind(JOB, self._entries, packed.payload, refs))
        self._entries += 1

    def kind(self, function: payloads.Function, *, chunked: bool = False) -> int:
        index = self._entries
        self.send(m.CallKind(JOB, index, index, "f", payloads.encode_function(function), chunked))
        self._entries += 1
        return index

    def pass_blobs(self, buffers: Sequence[memoryview]) -> list[m.BlobRef]:
        refs = []
        for buffer in buffers:
            with_fd = store(buffer)
            self.send(m.PassBlob(JOB, with_fd.name, with_fd.size), descriptor=with_fd.fd)
            refs.append((with_fd.name, with_fd.size))
            with_fd.close()
        return refs

    def run(self, kind: int, *args: Any) -> int:
        """Sends a call and returns its number."""
        self._calls += 1
        packed = payloads.encode_call(args)
        refs = self.pass_blobs(packed.buffers)
        row = (self._calls, 1, kind, packed.payload)
        self.send(m.RunLarge(JOB, row, refs) if refs else m.Run(JOB, [row]))
        return self._calls

    def call(self, function: payloads.Function, *args: Any) -> Any:
        """Runs one call and returns its result, or raises its error."""
        self.run(self.kind(function), *args)
        return self.result()

    def result(self) -> Any:
        done = self.until((m.Done, m.DoneLarge))  # type: ignore[arg-type]
        if isinstance(done, m.DoneLarge):
            views = [self.blobs[name].view() for name, _ in done.blobs]
            return payloads.decode_result(done.row[4], views)
        ((_, _, outcome, _, payload),) = done.rows
        if outcome == m.RAISED:
            raise payloads.decode_error(payload)
        return payloads.decode_result(payload)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Harness]]:
    """Starts workers; none of them outlives the test."""
    become_subreaper()
    before = set(trees.children().get(os.getpid(), ()))
    started: list[Harness] = []

    def start(**options: Any) -> Harness:
        harness = Harness(tmp_path / str(len(started)), **options)
        harness.keep = before | {other.process.pid for other in started}
        started.append(harness)
        return harness

    for index in range(10):
        (tmp_path / str(index)).mkdir()
    yield start
    for harness in started:
        harness.close()
    assert not [pid for pid in trees.children().get(os.getpid(), ()) if pid not in before]


@pytest.fixture
def worker(start: Callable[..., Harness]) -> Harness:
    return start()


@pytest.fixture
def died() -> Callable[[Harness], int]:
    """Waits for a worker's end and returns its status, negative for a signal."""

    def died(harness: Harness) -> int:
        with pytest.raises(Died):
            harness.until(type(None))
        return harness.wait()

    return died

"""A job client with nothing but the wire: keeps as many calls queued as it is told to, and cares for no result.

It costs a tenth of a real client, so that on two cores the master is what a measurement sees.
"""

from __future__ import annotations

import secrets
import socket
from pathlib import Path
from typing import Self

import msgspec

from asyncluster.core.wire import limits
from asyncluster.core.wire import messages as m
from asyncluster.core.wire.framing import FrameReader, frame
from asyncluster.core.wire.payloads import encode_call, encode_code, encode_function

_BATCH = 1000  # calls in one message
_READ = 256 * 1024
_CODE = "def noop(number):\n    return number\n"

_decoder = m.decoder(m.ToClient)


class BareClient:
    """One job with one kind of call, on a blocking socket.

    Args:
        path: the master's control socket.

    Raises:
        TimeoutError: the master says nothing for a minute, in any of the methods.
    """

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(str(path))
        self._reader = FrameReader(limits.FRAME)
        self._job = secrets.randbits(62) + 1
        self._payload = encode_call((1,)).payload
        self._next = 0
        self._asked = 0
        self._came = 0  # results that `run` has not counted
        self._send(m.Hello(m.PROTOCOL_VERSION, "benchmark"))
        self._wait(m.Welcome)
        self._send(m.OpenJob(self._job, "benchmark", 0))
        self._wait(m.JobOpened)
        self._send(m.Code(self._job, 0, encode_code(_CODE).payload))
        self._send(m.CallKind(self._job, 1, 0, "noop", encode_function("noop")))

    def submit(self, count: int) -> None:
        """Queues so many calls."""
        for first in range(self._next, self._next + count, _BATCH):
            numbers = range(first, min(first + _BATCH, self._next + count))
            self._send(m.Submit(self._job, [(number, 0, 1, self._payload) for number in numbers]))
        self._next += count

    def run(self, total: int, queued: int) -> None:
        """Takes `total` results, and queues new calls so that `queued` wait, until there are enough for the total."""
        missing, more = total, total - queued
        while missing:
            if not self._came:
                self._receive()
            came, self._came = self._came, 0
            missing -= came
            if more > 0:
                self.submit(min(came, more))
                more -= came

    def ask(self, verb: str) -> None:
        """Asks a verb without arguments and waits for the answer."""
        self._asked += 1
        self._send(m.Ask(self._asked, verb, msgspec.Raw(msgspec.msgpack.encode({}))))
        self._wait(m.Answer)

    def close(self) -> None:
        """Leaves."""
        self._send(m.CloseJob(self._job))
        self._socket.close()

    def _send(self, message: m.Message) -> None:
        self._socket.sendall(frame(m.encode(message)))

    def _receive(self) -> list[m.Message]:
        data = self._socket.recv(_READ)
        if not data:
            raise ConnectionError("the master has closed the connection")
        messages = [_decoder.decode(body) for body in self._reader.receive(data) if body]
        # Results may also come while something else is waited for.
        self._came += sum(len(message.rows) for message in messages if isinstance(message, m.Results))
        return messages

    def _wait(self, kind: type[m.Message]) -> None:
        while not any(isinstance(message, kind) for message in self._receive()):
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_unused_error: object) -> None:
        self.close()

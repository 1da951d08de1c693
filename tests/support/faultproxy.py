"""A TCP proxy on loopback that makes a network bad, in the midst of whatever runs through it.

Each fault lasts until `heal`. A silent direction keeps its bytes, as the retransmissions of a real one would, and its
end of the connection, too: whoever dies behind a pulled cable does so unheard.

    node --- up ---> FaultProxy --- up ---> master
         <-- down --            <-- down --
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

UP, DOWN = "up", "down"
_CHUNK = 64 * 1024
_RESET = struct.pack("ii", 1, 0)  # linger for no time: closing is a reset


class FaultProxy:
    """Listens from its making until `close`, in a thread of its own. All methods may be called by any thread.

    Args:
        target: port of the master on loopback.

    Attributes:
        port: where it listens.
        delay: called for each piece of data: the seconds that it takes longer.
        rate: bytes a second in each direction of a connection; None: no limit.
        sliced: every byte travels alone.
        connections: that were made through it.
    """

    def __init__(self, target: int) -> None:
        self.connections = 0
        self._target = target
        self._ways: set[_Way] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault proxy", daemon=True)
        self._thread.start()
        self._calm()
        self._server: asyncio.Server = self._do(asyncio.start_server(self._accepted, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def silence(self, *directions: str) -> None:
        """Nothing passes in these directions any more."""
        self._silent.update(directions)

    def strand(self) -> None:
        """The connections that there are now fall silent for both ends; new ones are well."""
        self._do(self._strand_all())

    def reset(self) -> None:
        """Resets all connections, at both ends."""
        self._do(self._reset_all())

    def reset_after(self, count: int) -> None:
        """Resets the connection that passes the `count`th byte from now on, in the midst of what is being said."""
        self._event = _Event(count, _Way.reset)

    def silence_after(self, count: int, directions: Sequence[str]) -> None:
        """`silence` from the `count`th byte on."""
        self._event = _Event(count, lambda _way: self.silence(*directions))

    def refuse(self) -> None:
        """Resets all connections, and new ones as soon as they are made."""
        self._refusing = True
        self.reset()

    def heal(self) -> None:
        """All is well from now on; what was held back is delivered."""
        self._do(self._heal())

    def close(self) -> None:
        """Ends everything, heard at both ends."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Awaitable[Any]) -> Any:
        async def done() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(20)

    # --- in its thread ------------------------------------------------------------------------------------

    def _calm(self) -> None:
        self.delay: Callable[[], float] = lambda: 0.0
        self.rate: float | None = None
        self.sliced = False
        self._refusing = False
        self._silent: set[str] = set()
        self._event: _Event | None = None
        self._healed = asyncio.Event()

    async def _heal(self) -> None:
        former = self._healed
        for way in self._ways:
            way.stranded = False
        self._calm()
        former.set()

    async def _strand_all(self) -> None:
        for way in self._ways:
            way.stranded = True

    async def _reset_all(self) -> None:
        for way in list(self._ways):
            way.reset()

    async def _end(self) -> None:
        self._server.close()
        await self._heal()
        await self._reset_all()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        way = _Way(writer)
        self._ways.add(way)
        try:
            if self._refusing:
                way.reset()
                return
            await self._passable(UP, way)
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            way.add(far_writer)
            up = self._carry(UP, way, reader, far_writer)
            await asyncio.gather(up, self._carry(DOWN, way, far_reader, writer))
        except OSError:  # one end is gone: so is the other
            pass
        finally:
            way.reset()
            self._ways.discard(way)

    async def _carry(
        self, direction: str, way: _Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(_CHUNK):
            await asyncio.sleep(self.delay())
            while data and not way.over:
                await self._passable(direction, way)
                size = self._most(len(data))
                writer.write(data[:size])
                await writer.drain()
                await asyncio.sleep(size / self.rate if self.rate else 0)
                data = data[size:]
                self._passed(size, way)
        await self._passable(direction, way)
        writer.write_eof()

    def _most(self, size: int) -> int:
        """How many of so many bytes go at once."""
        until_event = self._event.left if self._event else size
        return min(size, until_event, 1 if self.sliced else 1024 if self.rate else size)

    def _passed(self, count: int, way: _Way) -> None:
        event = self._event
        if event is None:
            return
        event.left -= count
        if event.left <= 0:
            self._event = None
            event.happens(way)

    async def _passable(self, direction: str, way: _Way) -> None:
        while direction in self._silent or way.stranded:
            await self._healed.wait()


@dataclass
class _Event:
    """What happens to the connection that passes the last of some bytes."""

    left: int
    happens: Callable[[_Way], object]


class _Way:
    """One connection: its two sockets."""

    def __init__(self, near: asyncio.StreamWriter) -> None:
        self.stranded = False
        self._writers: list[asyncio.StreamWriter] = []
        self.over = False
        self.add(near)

    def add(self, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._writers.append(writer)
        if self.over:
            self.reset()

    def reset(self) -> None:
        self.over = True
        for writer in self._writers:
            if not writer.transport.is_closing():
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                writer.transport.abort()

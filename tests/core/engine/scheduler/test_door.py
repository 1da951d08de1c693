"""Who is let in to Dask's servers on the master's machine."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from asyncluster.core.engine.scheduler.door import keep_out_strangers


def test_an_address_outside_the_subnets_is_closed(capsys: pytest.CaptureFixture[str]) -> None:
    handled: list[tuple[str, int]] = []

    class Stream:
        closed = False

        def close(self) -> None:
            self.closed = True

    class Server:
        async def handle_stream(self, _stream: Any, address: tuple[str, int]) -> None:
            handled.append(address)

    class Listener:
        tcp_server: Any = Server()

    class Scheduler:
        listeners = (Listener(),)

    keep_out_strangers(Scheduler(), ["192.168.7.0/24", "fd00::/8"])
    known = ["192.168.7.9", "127.0.0.1", "::1", "fd00::9", "::ffff:192.168.7.9", "fd00::1%eth0"]
    strange = ["192.168.8.9", "fe80::1%eth0", "::ffff:10.0.0.1"]
    for address in known + strange:
        stream = Stream()
        asyncio.run(Listener.tcp_server.handle_stream(stream, (address, 5000)))
        assert stream.closed == (address in strange)
    assert [address for address, _port in handled] == known
    assert "10.0.0.1" in capsys.readouterr().err

"""Nodes that all look for their master in the same instant.

A line of standard input says where and who: `[port, count, client password, server password]`. Says "up" once all
have logged in, and ends when its standard input does.
"""

from __future__ import annotations

import ipaddress
import json
import sys
import tempfile
from pathlib import Path

from twisted.internet import endpoints, reactor, stdio
from twisted.internet.protocol import Protocol

from asyncluster.core.net.connector import MasterConnector, Standing
from asyncluster.core.net.link import Body, Link, Peer
from asyncluster.core.net.pin import MasterPin
from asyncluster.core.wire.passwords import LoginKeys


class Idle:
    def __init__(self, peer: Peer) -> None: ...
    def connected(self, link: Link) -> None: ...
    def frames(self, bodies: list[Body]) -> None: ...
    def paused(self) -> None: ...
    def resumed(self) -> None: ...
    def lost(self, reason: str) -> None: ...


class Nodes:
    def __init__(self, count: int) -> None:
        self._missing = count

    def report(self, standing: Standing) -> None:
        self._missing -= 1 if standing.connected else 0
        if not self._missing:
            print("up", flush=True)


class UntilEnd(Protocol):
    def connectionLost(self, reason: object = None) -> None:
        reactor.stop()  # type: ignore[attr-defined]


def main(port: int, count: int, client: str, server: str) -> None:
    keys = LoginKeys("test", client, server, scrypt_n=2)
    nodes = Nodes(count)
    stdio.StandardIO(UntilEnd())
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            # Each has an address of its own, as real nodes do: all of 127/8 is loopback.
            host = str(ipaddress.ip_address("127.1.0.1") + number)
            endpoint = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", port, bindAddress=(host, 0))
            pin = MasterPin(Path(folder) / "master.pin", strict=False)
            MasterConnector(reactor, endpoint, keys, Idle, pin, nodes.report).start()  # type: ignore[arg-type]
        reactor.run()  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(*json.loads(sys.stdin.readline()))

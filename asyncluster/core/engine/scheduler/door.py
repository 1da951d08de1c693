"""Who may come to Dask's servers on the master's machine: addresses of the subnets, and nobody else's."""

from __future__ import annotations

import sys
from ipaddress import ip_address, ip_network
from typing import Any


def keep_out_strangers(server: Any, subnets: list[str]) -> None:
    """Closes connections from other subnets, even those that show a certificate. Loopback is this very machine."""
    networks = [ip_network(subnet) for subnet in subnets]

    def may_come(address: tuple[str, int]) -> bool:
        peer = ip_address(address[0].partition("%")[0])
        peer = getattr(peer, "ipv4_mapped", None) or peer
        return peer.is_loopback or any(peer in network for network in networks)

    for listener in server.listeners:
        tcp = listener.tcp_server
        tcp.handle_stream = _Door(tcp.handle_stream, may_come)


class _Door:
    """Lets a stream in, or closes it."""

    def __init__(self, handle: Any, may_come: Any) -> None:
        self._handle = handle
        self._may_come = may_come

    async def __call__(self, stream: Any, address: tuple[str, int]) -> None:
        if self._may_come(address):
            await self._handle(stream, address)
            return
        print(f"Dask: a connection from {address[0]} is refused: it is in none of the subnets.", file=sys.stderr)
        stream.close()

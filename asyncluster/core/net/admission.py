"""Who may connect at all, and how many before they have logged in. Pure.

Subnets are a filter and no identity: they keep strangers from costing anything, and prove nothing about friends.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Sequence

from asyncluster.core.config.values import Network
from asyncluster.core.wire import limits


def plain_address(text: str) -> str:
    """An IP address as people write it: IPv4 that came through an IPv6 socket as IPv4, and without a zone.

    Raises:
        ValueError: `text` is no IP address.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


class Admission:
    """Counts the connections that have not logged in yet, by address. Addresses are `plain_address`es.

    Args:
        subnets: networks whose addresses may connect.
        total: connections at once.
        per_address: of these from one address; loopback is exempt.
    """

    def __init__(
        self,
        subnets: Sequence[Network],
        total: int = limits.UNAUTHENTICATED,
        per_address: int = limits.UNAUTHENTICATED_PER_ADDRESS,
    ) -> None:
        self._subnets = tuple(subnets)
        self._total = total
        self._per_address = per_address
        self._counts: Counter[str] = Counter()
        self._sum = 0

    @property
    def full(self) -> bool:
        """Whether one has to go before another one may come."""
        return self._sum >= self._total

    def admits(self, address: str) -> bool:
        """Whether another connection from `address` is welcome, be there room or not."""
        ip = ipaddress.ip_address(address)
        if not any(ip in subnet for subnet in self._subnets):
            return False
        return ip.is_loopback or self._counts[address] < self._per_address

    def entered(self, address: str) -> None:
        """A connection was let in."""
        self._counts[address] += 1
        self._sum += 1

    def left(self, address: str) -> None:
        """A connection has logged in, or is gone."""
        self._sum -= 1
        self._counts[address] -= 1
        if not self._counts[address]:
            del self._counts[address]

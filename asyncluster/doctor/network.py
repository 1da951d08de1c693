"""The way from this node to its master: the name resolves, and the port answers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass

from asyncluster.doctor.findings import Finding, ok, problem

TOPIC = "Network"
_SECONDS = 5.0


@dataclass(frozen=True)
class Facts:
    """Attributes:
    host, port: of the master, as configured.
    addresses: that the name has.
    trouble: why no connection came about; "" if one did.
    """

    host: str
    port: int
    addresses: tuple[str, ...]
    trouble: str


def look(host: str, port: int) -> Facts:
    """Resolves and connects, for a few seconds at most; says nothing to the master."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return Facts(host, port, (), str(error.strerror or error))
    addresses = tuple(dict.fromkeys(str(address[0]) for *_, address in found))
    try:
        socket.create_connection((host, port), timeout=_SECONDS).close()
    except OSError as error:
        return Facts(host, port, addresses, error.strerror or "no answer")
    return Facts(host, port, addresses, "")


def judge(facts: Facts) -> Iterator[Finding]:
    """Whether a node here can find its master."""
    if not facts.addresses:
        yield problem(
            TOPIC,
            f"The master's name {facts.host} has no address here: {facts.trouble}.",
            "Correct [client] host, or add the name to the name server or /etc/hosts.",
        )
    elif facts.trouble:
        yield problem(
            TOPIC,
            f"Nothing answers at {facts.host} ({', '.join(facts.addresses)}), port {facts.port}: {facts.trouble}.",
            "Start the master there, open the port in its firewall, and check [common] tcp port on both sides.",
        )
    else:
        yield ok(TOPIC, f"{facts.host}, port {facts.port}, takes connections.")

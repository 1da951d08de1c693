"""The configuration: whether it can be read, is right, and lets in no more than it should."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from asyncluster.core.config import Problem, Settings, Surroundings, inspect
from asyncluster.core.config.values import Network
from asyncluster.doctor.findings import Finding, ok, problem, warning

TOPIC = "Configuration"
_FEW = 8  # characters
#: Networks of more addresses than this are hardly one room, unless nobody outside can have them.
_MANY = 1 << 16


@dataclass(frozen=True)
class Facts:
    """What reading the file came to; `settings` is None exactly when there are `problems`."""

    path: Path
    settings: Settings | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def look(path: Path, surroundings: Surroundings) -> Facts:
    """Reads the configuration for whatever its sections are for."""
    reading = inspect(path, None, surroundings)
    return Facts(path, reading.settings, reading.problems, reading.warnings)


def judge(facts: Facts) -> Iterator[Finding]:
    """What is wrong with the file, and with what it says."""
    if facts.settings is not None:
        yield ok(TOPIC, f"{facts.path} can be read and makes sense.")
    for found in (*facts.problems, *facts.warnings):
        yield problem(
            TOPIC, f"{facts.path}: {found}", f"Mend it, then run: asyncluster --config {facts.path} config check"
        )
    server = facts.settings.server if facts.settings else None
    if server is None:
        return
    for network in server.subnets:
        yield from _judge_network(network)
    if server.minimum_password_length < _FEW:
        yield warning(
            TOPIC,
            f"People may choose passwords of {server.minimum_password_length} characters.",
            f"Set [server] minimum password length to {_FEW} or more.",
        )


def _judge_network(network: Network) -> Iterator[Finding]:
    fix = "Name only the networks of your nodes in [server] subnets, such as 192.168.135.0/24."
    if network.prefixlen == 0:
        yield problem(TOPIC, f"[server] subnets has {network}: everybody may try the nodes' password.", fix)
    elif network.num_addresses > _MANY and not network.is_private:
        yield warning(TOPIC, f"[server] subnets has {network}, {network.num_addresses:,} public addresses.", fix)

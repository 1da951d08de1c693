"""One examination: which parts this machine has, and the topics that concern them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from asyncluster.core.config import Settings, Surroundings
from asyncluster.doctor import accounts, configuration, displays, files, machine, master, network
from asyncluster.doctor.findings import Finding


@dataclass(frozen=True)
class Parts:
    """What runs on this machine, or is about to."""

    master: bool
    node: bool
    displays: bool


def parts(settings: Settings, *, node_was_here: bool) -> Parts:
    """The parts that a configuration is for.

    Args:
        node_was_here: whether a node has left its directory on this machine, or has a unit. A configuration with
            a master says nothing about nodes: it may be the copy that all machines share.
    """
    shown = bool(settings.display.displays)
    return Parts(settings.server is not None, settings.server is None or node_was_here or shown, shown)


def examine(path: Path, surroundings: Surroundings) -> Iterator[Finding]:
    """Looks at everything that the configuration at `path` is about; at less if it is refused."""
    found = configuration.look(path, surroundings)
    yield from configuration.judge(found)
    settings = found.settings
    facts = machine.look(settings.common.state if settings else surroundings.state)
    if settings is None:
        yield from machine.judge(facts, master=False, node=False)
        return
    has = parts(settings, node_was_here="node" in facts.units or _node_was_here(settings.common.state))
    people = accounts.look(settings.client.worker_user, node=has.node)
    yield from accounts.judge(people, master=has.master, node=has.node, displays=has.displays)
    yield from files.judge(files.look(settings), files.trusted())
    if has.master:
        yield from master.judge(master.look(settings))
    if has.node:
        yield from network.judge(network.look(settings.client.host, settings.common.tcp_port))
    if has.displays:
        yield from displays.judge(displays.look(settings.display))
    yield from machine.judge(facts, master=has.master, node=has.node)


def _node_was_here(state: Path) -> bool:
    return (state / "node").is_dir() or Path(f"{state}-node").is_dir()

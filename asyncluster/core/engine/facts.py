"""What the scheduler says of itself to the master, which believes none of it: it is checked, bounded and only shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from asyncluster.core.wire.feed import DaskRow

_Number: TypeAlias = Annotated[int, Meta(ge=0, lt=2**53)]
_Name: TypeAlias = Annotated[str, Meta(max_length=300)]


class NodeFacts(Struct, frozen=True):
    """One node: its workers, how many of them begin nothing new, their tasks, and bytes of results on them."""

    workers: _Number
    paused: _Number
    tasks: _Number
    memory: _Number


class Facts(Struct, frozen=True):
    """Nodes by name, clients, tasks by what became of them since the scheduler was started, bytes kept in the depot."""

    nodes: Annotated[dict[_Name, NodeFacts], Meta(max_length=4000)] = {}
    clients: _Number = 0
    processing: _Number = 0
    waiting: _Number = 0
    done: _Number = 0
    failed: _Number = 0
    kept: _Number = 0


class Said(Struct, frozen=True):
    """One line of the scheduler's; see `scheduler.program`."""

    request: Annotated[str, Meta(max_length=4096)] | None = None
    ready: bool = False
    failed: Annotated[str, Meta(max_length=1000)] = ""
    facts: Facts | None = None


@dataclass(frozen=True)
class Standing:
    """How the engine is.

    Attributes:
        ready: whether clients and workers can use the scheduler.
        words: a sentence if they cannot.
        starts: how often the scheduler was started.
        facts: what it said last.
    """

    ready: bool
    words: str
    starts: int
    facts: Facts

    def row(self) -> DaskRow:
        """As it is shown."""
        facts, nodes = self.facts, self.facts.nodes
        return DaskRow(
            "dask",
            self.ready,
            self.words,
            self.starts,
            workers={name: node.workers for name, node in nodes.items()},
            paused=sum(node.paused for node in nodes.values()),
            clients=facts.clients,
            running=facts.processing,
            waiting=facts.waiting,
            done=facts.done,
            failed=facts.failed,
            memory=sum(node.memory for node in nodes.values()),
            kept=facts.kept,
        )

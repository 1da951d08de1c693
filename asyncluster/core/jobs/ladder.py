"""The nodes that take calls, ordered by load, so that the least loaded is found without looking at all of them.

Load is the number of calls that a node has against its slots, in coarse steps: sixteen rungs below "every slot has
one", then one for each doubling. A node only moves when it changes rung; inside a rung the one that has been there
longest comes first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from asyncluster.core.jobs.node import Node

_IDLE_RUNGS = 16
_RUNGS = _IDLE_RUNGS + 12
_IDLE = (1 << _IDLE_RUNGS) - 1  # the bits of the idle rungs


def rung_of(outstanding: int, slots: int) -> int:
    """The rung of a node with so many calls; those below `_IDLE_RUNGS` have a slot without one."""
    if outstanding < slots:
        return outstanding * _IDLE_RUNGS // slots
    return min(_IDLE_RUNGS - 1 + (outstanding // slots).bit_length(), _RUNGS - 1)


class Ladder:
    """Nodes by rung.

    Attributes:
        slots: those of all its nodes together.
    """

    __slots__ = ("_occupied", "_rungs", "slots")

    def __init__(self) -> None:
        self._rungs: list[OrderedDict[str, Node]] = [OrderedDict() for _ in range(_RUNGS)]
        self._occupied = 0  # a bit for each rung that is not empty: who looks for a node passes over the others
        self.slots = 0

    def place(self, node: Node) -> None:
        """Puts the node where its load belongs now."""
        rung = rung_of(node.outstanding, node.slots)
        if rung == node.rung:
            return
        if node.rung is None:
            self.slots += node.slots
        else:
            self._leave(node.rung, node)
        self._rungs[rung][node.name] = node
        self._occupied |= 1 << rung
        node.rung = rung

    def remove(self, node: Node) -> None:
        if node.rung is not None:
            self._leave(node.rung, node)
            node.rung = None
            self.slots -= node.slots

    def idle(self) -> Iterator[Node]:
        """Nodes with a free slot, least loaded first. The ladder may not change while this is read."""
        return self._upwards(self._occupied & _IDLE)

    def busy(self) -> Iterator[Node]:
        """Nodes without a free slot, least loaded first."""
        return self._upwards(self._occupied & ~_IDLE)

    def heaviest(self) -> Iterator[Node]:
        """Nodes without a free slot, most loaded first."""
        rungs = self._occupied & ~_IDLE
        while rungs:
            highest = rungs.bit_length() - 1
            yield from self._rungs[highest].values()
            rungs ^= 1 << highest

    def _upwards(self, rungs: int) -> Iterator[Node]:
        while rungs:
            lowest = rungs & -rungs
            yield from self._rungs[lowest.bit_length() - 1].values()
            rungs ^= lowest

    def _leave(self, rung: int, node: Node) -> None:
        nodes = self._rungs[rung]
        del nodes[node.name]
        if not nodes:
            self._occupied &= ~(1 << rung)

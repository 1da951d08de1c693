"""Calls that nodes hold, or have finished, of a job that the master does not know: it was restarted.

They wait for the client to open its job again and to offer its calls. What is not claimed by then is void.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from asyncluster.core.wire.messages import BlobRef, DoneRow


@dataclass(slots=True)
class FoundResult:
    node: str
    row: DoneRow
    blobs: list[BlobRef]


@dataclass(slots=True)
class Found:
    """What nodes have of one job.

    Attributes:
        nodes: all that know the job.
        held: node and attempt of calls that are queued or running there, by number.
        results: of calls that are finished; `result_bytes` their payloads.
        calls: that were ever found of it, claimed or not.
    """

    nodes: set[str] = field(default_factory=set)
    held: dict[int, tuple[str, int]] = field(default_factory=dict)
    results: dict[int, FoundResult] = field(default_factory=dict)
    result_bytes: int = 0
    calls: int = 0

    def node_gone(self, name: str) -> None:
        """The node is lost for good; its results stay."""
        self.nodes.discard(name)
        self.held = {call: holder for call, holder in self.held.items() if holder[0] != name}

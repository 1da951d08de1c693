"""A new environment on its way to all nodes: it stands when all that were there at the beginning have it.

Decides only: it hears of nodes, with `now` in seconds of a clock that never goes back, and gives a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from asyncluster.core.environments.manifest import Manifest

State: TypeAlias = Literal["fetching", "installing", "away", "done", "failed"]


@dataclass(slots=True)
class Progress:
    """How far one node is.

    Attributes:
        heard: when it last showed that it works on it.
        share: how much of the wheels it has fetched, 0 to 1.
        words: why it failed.
    """

    heard: float
    state: State = "fetching"
    share: float = 0.0
    words: str = ""

    def go_on(self) -> None:
        """It works on it."""
        self.state = "installing" if self.share == 1.0 else "fetching"


class Spread:
    """See the module.

    Args:
        manifest: of the environment.
        nodes: that are connected, by name.
        patience: seconds for which a node may show nothing.

    Attributes:
        key: of the environment.
        nodes: how far each is that is waited for.
    """

    def __init__(self, manifest: Manifest, nodes: Iterable[str], patience: float, now: float) -> None:
        self.key = manifest.key
        self._before: dict[str, int] = {}
        self._size = 0
        for wheel in sorted(manifest.wheels, key=lambda wheel: wheel.filename):
            self._before[wheel.filename] = self._size
            self._size += wheel.size
        self.nodes = {name: Progress(now) for name in sorted(nodes)}
        self._patience = patience

    def sent(self, node: str, filename: str, until: int, now: float) -> None:
        """A node has been sent a piece of a wheel, up to byte `until`; they go in order of their names."""
        progress = self.nodes.get(node)
        if progress is None or progress.state in ("done", "failed") or filename not in self._before:
            return
        share = min(1.0, (self._before[filename] + until) / self._size)
        if share > progress.share or progress.state == "away":
            progress.share, progress.heard = max(share, progress.share), now
            progress.go_on()

    def has(self, node: str) -> None:
        """A node has it."""
        if node in self.nodes:
            self.nodes[node].state, self.nodes[node].share = "done", 1.0

    def failed(self, node: str, words: str) -> None:
        """A node cannot have it."""
        if node in self.nodes:
            self.nodes[node].state, self.nodes[node].words = "failed", words

    def lost(self, node: str) -> None:
        """A node is not connected any more; it may come back in time."""
        if node in self.nodes and self.nodes[node].state not in ("done", "failed"):
            self.nodes[node].state = "away"

    def back(self, node: str) -> None:
        """A node that went away is connected again, and goes on where it was."""
        if node in self.nodes and self.nodes[node].state == "away":
            self.nodes[node].go_on()

    def trouble(self, now: float) -> str:
        """Why it will not stand, in one sentence for each node that is the reason; "" while it may."""
        words = []
        for name, progress in self.nodes.items():
            if progress.state == "failed":
                words.append(f"{name}: {progress.words}")
            elif progress.state != "done" and now >= progress.heard + self._patience:
                what = "went away" if progress.state == "away" else "showed no progress"
                words.append(f"{name}: It {what}, and did not have it within {self._patience:g} s.")
        return "\n".join(words)

    @property
    def stands(self) -> bool:
        """Whether all have it."""
        return all(progress.state == "done" for progress in self.nodes.values())

    def look_at(self) -> float | None:
        """When a node's patience is over; None: nobody is waited for."""
        waiting = [progress.heard for progress in self.nodes.values() if progress.state not in ("done", "failed")]
        return min(waiting) + self._patience if waiting else None

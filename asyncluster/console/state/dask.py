"""What the console says of Dask, where the cluster has it."""

from __future__ import annotations

from asyncluster.console.state import words
from asyncluster.core.wire.feed import DaskRow


def facts(row: DaskRow) -> list[tuple[str, str]]:
    """What there is to know now, as pairs of a name and a value; what is rare is there only when there is some."""
    workers, nodes = sum(row.workers.values()), len(row.workers)
    said = [
        ("Workers", True, f"{words.thousands(workers)} on {words.counted(nodes, 'node', 'nodes')}"),
        ("Making way for people", row.paused, words.thousands(row.paused)),
        ("Tasks running", True, words.thousands(row.running)),
        ("Tasks waiting", True, words.thousands(row.waiting)),
        ("Tasks failed", row.failed, words.thousands(row.failed)),
        ("Tasks done", True, words.thousands(row.done)),
        ("Results on nodes", True, words.size(row.memory)),
        ("Results at the master", row.kept, words.size(row.kept)),
        ("Clients", True, words.thousands(row.clients)),
    ]
    return [(name, value) for name, wanted, value in said if wanted]


def on_node(row: DaskRow | None, name: str) -> str:
    """The workers of one node, "2 Dask workers"; "" if it has none."""
    count = row.workers.get(name, 0) if row is not None else 0
    return words.counted(count, "Dask worker", "Dask workers") if count else ""

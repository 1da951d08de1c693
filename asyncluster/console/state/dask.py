"""What the console says of Dask, where the cluster has it."""

from __future__ import annotations

from asyncluster.console.state import words
from asyncluster.core.wire.feed import DaskRow


def facts(row: DaskRow) -> list[tuple[str, str]]:
    """What there is to know now, as pairs of a name and a value; what is rare is there only when there is some."""
    workers, nodes = sum(row.workers.values()), len(row.workers)
    rare = [
        ("Workers that make way", row.paused, words.thousands(row.paused)),
        ("Tasks failed", row.failed, words.thousands(row.failed)),
        ("Results at the master", row.kept, words.size(row.kept)),
    ]
    return [
        ("Workers", f"{words.thousands(workers)} on {words.counted(nodes, 'node', 'nodes')}"),
        ("Clients", words.thousands(row.clients)),
        ("Tasks running", words.thousands(row.running)),
        ("Tasks waiting", words.thousands(row.waiting)),
        ("Tasks done", words.thousands(row.done)),
        ("Results on nodes", words.size(row.memory)),
        *((name, value) for name, count, value in rare if count),
    ]


def on_node(row: DaskRow | None, name: str) -> str:
    """The workers of one node, "2 Dask workers"; "" if it has none."""
    count = row.workers.get(name, 0) if row is not None else 0
    return words.counted(count, "Dask worker", "Dask workers") if count else ""

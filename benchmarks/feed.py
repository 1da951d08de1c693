"""What the master's feed costs by itself: 1000 nodes of 8 cores, telemetry every 2 s, one console that looks.

    python -m benchmarks.feed

Each second of the cluster's time has 500 reports of nodes and four ticks. The figure is the share of one core that
publishing, comparing, encoding and handing over take together; sockets are not in it.
"""

from __future__ import annotations

import random
import time

from asyncluster.core.master.feed import RATE, Feed
from asyncluster.core.wire import messages
from asyncluster.core.wire.feed import CoresRow, JobRow, NodeRow, Options

NODES = 1000
CORES = 8
TELEMETRY_SECONDS = 2
VISIBLE = 60
SECONDS = 30
LIMIT = 0.05


def main() -> None:
    """Prints the figures."""
    randomness = random.Random(1)
    feed = Feed(lambda number: None)
    names = [f"pc{number:04}" for number in range(NODES)]
    sent: list[int] = []
    feed.subscribe(
        lambda message: sent.append(len(messages.encode(message))),
        {"nodes": Options(), "jobs": Options(), "cores": Options(names[:VISIBLE])},
    )
    for name in names:
        _report(feed, name, 0.0, randomness)
    feed.tick(0.0)
    snapshot = sum(sent)
    sent.clear()

    began = time.process_time()
    for tick in range(SECONDS * RATE):
        now = tick / RATE
        share = NODES // (TELEMETRY_SECONDS * RATE)
        first = tick % (TELEMETRY_SECONDS * RATE) * share
        for name in names[first : first + share]:
            _report(feed, name, now, randomness)
        for number in range(20):
            feed.publish("jobs", number, JobRow(number, str(number), "cauchy", "ann", 5, "running", 0.0, 10**6, tick))
        feed.tick(now)
    used = (time.process_time() - began) / SECONDS

    print(f"feed: {100 * used:.2f} % of a core for {NODES} nodes (limit {100 * LIMIT:.0f} %)")
    print(f"      snapshot {snapshot / 1e3:.0f} kB, then {sum(sent) / SECONDS / 1e3:.1f} kB/s")


def _report(feed: Feed, name: str, now: float, randomness: random.Random) -> None:
    """What a node's telemetry becomes."""
    load = round(randomness.uniform(0, CORES), 1)
    running = {randomness.randrange(20): CORES}
    row = NodeRow(name, "computing", now // 60, CORES, load=load, memory=16 << 30, workers=CORES, running=running)
    feed.publish("nodes", name, row)
    feed.publish("cores", name, CoresRow(name, randomness.randbytes(CORES), randomness.randbytes(CORES)))


if __name__ == "__main__":
    main()

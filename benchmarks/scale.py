"""One real master under many simulated nodes: its processor time a call, and all nodes coming back at once.

    python -m benchmarks.scale [--nodes 10 100 1000] [--queued 1000 100000 1000000] [--storm 1000]

The nodes hold their results until the queue is as long as it is to be; then they answer at once, and a bare client
refills the queue until `CALLS` have run. What counts is the processor time of the master's process alone, less what it
uses when nothing runs.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bareclient import BareClient
from benchmarks.processes import cpu_seconds
from benchmarks.trial import Master, wait_until
from benchmarks.workloads import Figures

CALLS = 1_000_000
IDLE_SECONDS = 2.0
_LOGIN_SECONDS = 90
_SLOTS = 8


class Room:
    """The process of `simulated_nodes`, and what it says of itself."""

    def __init__(self, config: Path, nodes: int, call_seconds: float = 0.0) -> None:
        command = [sys.executable, "-m", "benchmarks.simulated_nodes", "--config", str(config)]
        command += [f"--nodes={nodes}", f"--slots={_SLOTS}", "--telemetry", "--own-addresses", "--every=0.05"]
        command += [f"--call-seconds={call_seconds:g}"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.up = 0
        self.calls = 0
        self.blob_bytes = 0
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def tell(self, order: str) -> None:
        """`hold`, `go`, `forget` or `quit`."""
        assert self._process.stdin is not None
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._listening.join()
        self._process.stdin.close()
        self._process.stdout.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            for name, value in json.loads(line).items():
                setattr(self, name, value)


@contextlib.contextmanager
def room(master: Master, nodes: int, call_seconds: float = 0.0) -> Iterator[Room]:
    """So many simulated nodes at a master, all logged in; a call takes them `call_seconds`."""
    simulated = Room(master.config, nodes, call_seconds)
    try:
        wait_until(lambda: simulated.up == nodes, _LOGIN_SECONDS, f"not all of {nodes} nodes have logged in")
        yield simulated
    finally:
        simulated.close()


def master_cost(master: Master, simulated: Room, queued: int, calls: int = CALLS) -> Figures:
    """Microseconds of the master's processor a call, with so many calls queued."""
    with BareClient(master.socket) as client:
        simulated.tell("hold")
        before, start = cpu_seconds(master.pid), time.monotonic()
        client.submit(queued)
        client.ask("status")  # answered when all of them have been taken in
        simulated.tell("go")
        client.run(max(calls, queued), queued)
        seconds = time.monotonic() - start
        used = cpu_seconds(master.pid) - before
    idle = idle_share(master)
    return {"cpu_us": (used - idle * seconds) / max(calls, queued) * 1e6, "calls_s": max(calls, queued) / seconds}


def idle_share(master: Master) -> float:
    """The share of a core that the master takes while its nodes only say how they are."""
    time.sleep(0.2)
    before = cpu_seconds(master.pid)
    time.sleep(IDLE_SECONDS)
    return (cpu_seconds(master.pid) - before) / IDLE_SECONDS


def storm(master: Master, simulated: Room, nodes: int, *, tickets: bool) -> Figures:
    """The master dies and comes back; all nodes look for it at once, with the tickets of their last login or without.

    How long until all of them work again, and the longest that the master made a client wait for an answer meanwhile.
    """
    if not tickets:
        simulated.tell("forget")
    master.kill()
    wait_until(lambda: simulated.up == 0, 30, "the nodes do not notice that their master is gone")
    master.start()
    start, longest = time.monotonic(), 0.0
    with BareClient(master.socket) as client:
        while simulated.up < nodes and time.monotonic() - start < _LOGIN_SECONDS:
            asked = time.monotonic()
            client.ask("status")
            longest = max(longest, time.monotonic() - asked)
            time.sleep(0.02)
    return {"seconds": time.monotonic() - start, "longest_wait_s": longest, "up_share": simulated.up / nodes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--queued", type=int, nargs="*", default=[1000, 100_000, 1_000_000])
    parser.add_argument("--storm", type=int, default=0, metavar="NODES")
    options = parser.parse_args()
    for nodes in options.nodes:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, Master(Path(folder)) as master:
            start = time.monotonic()
            with room(master, nodes) as simulated:
                print(f"{nodes} nodes logged in after {time.monotonic() - start:.1f} s")
                print(f"  idle: {idle_share(master):.1%} of a core")
                for queued in options.queued:
                    figures = master_cost(master, simulated, queued)
                    print(f"  {queued:>9,} queued: {figures['cpu_us']:.2f} us, {figures['calls_s']:,.0f} calls/s")
                if nodes == options.storm:
                    for tickets in (True, False):
                        print(f"  storm, tickets {tickets}:", storm(master, simulated, nodes, tickets=tickets))


if __name__ == "__main__":
    main()

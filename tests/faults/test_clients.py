"""F5 and F7: a job client dies or is stopped, before or after its calls are acknowledged; nobody else suffers."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from typing import Any

from support.arena import Arena, signalled, stopped
from support.strikes import Strikes, faults
from support.waiting import wait_for

CALLS = 60

PROGRAM = """
import sys
import asyncluster as ac

CODE = '''
import time

def slow(number):
    time.sleep(0.01)
    return number
'''

with ac.Cluster(socket=sys.argv[1]) as cluster, cluster.job(CODE, name="mortal") as job:
    futures = [job.run("slow", number) for number in range(300)]
    for future in futures:
        print(future.result(), flush=True)
"""


class Client:
    """A job client that is a process of its own, and prints each result."""

    def __init__(self, arena: Arena) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(arena.real.socket)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self._output = self.process.stdout

    def wait_for(self, results: int) -> None:
        for _ in range(results):
            assert self._output.readline()

    def close(self) -> list[int]:
        """Waits for its end; returns the results that it had not printed before."""
        with self._output:
            printed = [int(line) for line in self._output]
        self.process.wait()
        return printed


def mortal_jobs(arena: Arena) -> list[dict[str, Any]]:
    """The jobs of such clients that are open."""
    return [job for job in arena.work.client.ask("job list") if job["name"] == "mortal"]


@faults("F5", "kill -9 of a job client", push=3, nightly=25)
def test_a_client_is_killed(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        client = Client(arena)
        with arena.working(strikes, CALLS):
            client.wait_for(strike.random.choice([0, 1, strike.random.randint(1, 100)]))
            threading.Event().wait(strike.random.uniform(0, 0.3))
            signalled(client.process.pid, signal.SIGKILL)
            client.close()
    wait_for(lambda: not mortal_jobs(arena), "the end of jobs whose clients are dead", 60)
    arena.settle()


@faults("F7", "SIGSTOP of a job client, some with the master", push=1, nightly=6)
def test_a_client_is_stopped(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        client = Client(arena)
        first = strike.random.randint(1, 50)
        client.wait_for(first)
        victims = [client.process.pid, arena.master.process.pid]
        with stopped(victims[: 1 + strike.seed % 2]):
            threading.Event().wait(strike.random.uniform(0.2, 4.0))
        assert client.close() == list(range(first, 300))
        strikes.healed(arena.settle())

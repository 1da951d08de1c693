"""The same cluster on a good day: nothing fails, so what takes a bounded time can be held to it.

Authors work and cancel while an operator drains and resumes nodes; then jobs of different niceness contest for all
workers, each with more calls than can be run.
"""

from __future__ import annotations

from dataclasses import replace

from simulation import history as h
from simulation.faults import Nemesis
from simulation.worker import Plan
from simulation.world import SMALL, Played, World

CALM = replace(
    SMALL, name="calm", faults=0, delay=0.001, window=2000, most_calls=40, dispatch=replace(SMALL.dispatch, window=2000)
)

_WORK, _CONTEST = 15.0, 10.0  # seconds
_LATECOMER = 2.0
_PLAIN = 0  # of the kinds of calls
_STEP_WEIGHT = 1.25
_NICENESSES = (0, 0, 3)


class CalmWorld(World):
    """Plays a good day."""

    def rage(self, nemesis: Nemesis) -> None:
        self._work()
        self.closing = True
        self.clock.run(self.clock.now + 15.0)
        self._contest()

    def _work(self) -> None:
        until = self.clock.now + _WORK
        while self.clock.now < until:
            computer = self.random.choice(self.computers)
            for on in (True, False):
                self.clock.run(self.clock.now + self.random.uniform(0.5, 3.0))
                assert self.master is not None
                self.master.drain(computer.name, on)

    def _contest(self) -> None:
        """The first job has been at it for a while when the others come."""
        client = self.clients[0]
        jobs = []
        for niceness in _NICENESSES:
            job = client.open_job(niceness)
            seconds = self.random.choice([0.01, 0.08])
            for _ in range(int(2 * _CONTEST * self.profile.nodes * self.profile.slots / seconds / len(_NICENESSES))):
                client.submit(job, _PLAIN, Plan("return", seconds))
            client.flush()
            jobs.append(job)
            if len(jobs) == 1:
                self.clock.run(self.clock.now + _LATECOMER)
        now = self.clock.now
        weights = {job.log.key: _STEP_WEIGHT**-job.log.niceness for job in jobs}
        self.record(h.Contest(now, now + _CONTEST, weights))
        self.clock.run(now + _CONTEST)
        for job in jobs:
            client.close(job)
        self.clock.run(self.clock.now + 5.0)


def play_calm(seed: int) -> Played:
    """Plays one good day."""
    return CalmWorld(CALM, seed).play()

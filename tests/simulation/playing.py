"""How to play a history of each kind, many of them, and what is said of one that shows a violation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from time import process_time

from simulation import history as h
from simulation.calm import play_calm
from simulation.people.room import play_people
from simulation.world import LARGE, LATE, SMALL, Played, run

#: By name of the profile: from a seed to a history.
PLAYERS: dict[str, Callable[[int], Played]] = {
    "small": partial(run, SMALL),
    "large": partial(run, LARGE),
    "late": partial(run, LATE),
    "calm": play_calm,
    "people": play_people,
}
_SHOWN = 5


@dataclass
class Tally:
    """What many histories came to.

    Attributes:
        faults: by kind.
        struck: runs in which a kind of fault struck; `blamed` the violations of these.
        calls: that authors submitted.
        violations: by invariant.
        seconds: of processor time.
        failing: what to do to see each violation again.
    """

    runs: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    blamed: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    violations: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    failing: list[str] = field(default_factory=list)

    def add(self, played: Played) -> None:
        self.runs += 1
        self.faults += played.faults
        self.struck.update(played.faults.keys())
        self.blamed.update({kind: len(played.violations) for kind in played.faults})
        self.calls += sum(isinstance(record, h.Submitted) for record in played.history)
        self.violations.update(violation.invariant for violation in played.violations)
        if played.violations:
            self.failing.append(replay(played))


def play(profile: str, seeds: Iterable[int]) -> Tally:
    """Plays a history for each seed."""
    tally = Tally()
    began = process_time()
    for seed in seeds:
        tally.add(PLAYERS[profile](seed))
    tally.seconds = process_time() - began
    return tally


def replay(played: Played) -> str:
    """What is wrong, and the command that shows it again."""
    shown = [f"  {violation.invariant}: {violation.words}" for violation in played.violations[:_SHOWN]]
    command = f"PYTHONPATH=tests python -m simulation --profile {played.profile} --seed {played.seed}"
    return "\n".join([f"{len(played.violations)} violations; see them again by", f"  {command}", *shown])

"""The real dispatcher, brains and ledgers, on one fake clock, through seeded faults; the checker finds nothing.

What once was found stays here: `REGRESSIONS` are seeds that showed a bug when it was found, each with its story.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from simulation import figures
from simulation.playing import PLAYERS, Tally, play, replay
from simulation.world import LARGE, SMALL, run

_ROOT = Path(__file__).parents[2]

REGRESSIONS = {
    # pc0 kept the namespace and a worker of a job that was over: it did not list jobs without calls when it attached.
    ("small", 155),
    # A node was told to drop a job that had been opened again meanwhile, and then sent the rest of its log.
    ("small", 1337),
    ("small", 1471),
    ("small", 1532),
    # Nodes stayed drained for ever: the master that had drained them was killed, and the next one knew of nothing.
    ("small", 10102),
}


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_faults_on_a_small_cluster(first: int) -> None:
    tally = play("small", range(first, first + 10))
    assert tally.faults.total() == 10 * SMALL.faults
    assert not tally.failing, "\n".join(tally.failing)


def test_nodes_that_get_late_what_half_of_the_jobs_need() -> None:
    tally = play("late", range(6))
    assert not tally.failing, "\n".join(tally.failing)


@pytest.mark.parametrize(("profile", "seed"), sorted(REGRESSIONS))
def test_what_was_found_once(profile: str, seed: int) -> None:
    played = PLAYERS[profile](seed)
    assert not played.violations, replay(played)


@pytest.mark.parametrize("seed", range(2))
def test_a_good_day(seed: int) -> None:
    played = PLAYERS["calm"](seed)
    assert not played.violations, replay(played)


def test_a_seed_is_a_history() -> None:
    assert run(SMALL, 1).history == run(SMALL, 1).history
    assert run(SMALL, 1).history != run(SMALL, 2).history


def test_the_command_that_is_printed_plays_the_history_again() -> None:
    words = replay(run(SMALL, 3)).splitlines()[1].split()
    assert words[:4] == ["PYTHONPATH=tests", "python", "-m", "simulation"]
    done = subprocess.run(
        [sys.executable, *words[2:]],
        env={"PYTHONPATH": "tests"},
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{SMALL.faults} faults")


@pytest.mark.faults
@pytest.mark.timeout(7200)
def test_a_million_faults() -> None:
    """A million faults, and the table of them in docs/guarantees.md."""
    seeds = {"small": range(10_000, 12_400), "large": range(10_000, 10_020), "people": range(1000, 1200)}
    tallies = {profile: (some, play(profile, some)) for profile, some in seeds.items()}
    figures.write(figures.table(tallies), "figures")
    assert sum(tally.faults.total() for _seeds, tally in tallies.values()) >= 1_000_000
    failing = [words for _seeds, tally in tallies.values() for words in tally.failing]
    assert not failing, "\n".join(failing)


def test_the_figures_stand_between_their_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before <!-- figures: begin --> old <!-- figures: end --> after")
    tally = Tally()
    tally.add(run(SMALL, 5))
    tally.seconds = 2.0
    tally.failing = ["what to do"]
    text = figures.table({"small": (range(5, 6), tally)})
    figures.write(text, "figures", page)
    assert page.read_text() == f"before <!-- figures: begin -->\n\n{text}\n\n<!-- figures: end --> after"
    assert text.startswith("400 faults, 0 violations, 200 faults a second")
    assert f"| worker crashes | {tally.faults['worker crashes']} | 1 | 0 |" in text
    assert text.endswith("    what to do")


def test_the_large_cluster_has_a_hundred_nodes() -> None:
    assert LARGE.nodes >= 100

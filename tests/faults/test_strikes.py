"""The table of what came of all strikes says what was seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.strikes import BEGIN, END, Plan, Strikes, note


@pytest.fixture
def page(tmp_path: Path) -> Path:
    made = tmp_path / "page.md"
    made.write_text(f"before {BEGIN}\n{END} after")
    return made


def run(number: str, what: str, times: int, *, fails_at: int = 0) -> Strikes:
    strikes = Strikes(Plan(number, what, times, long=True))
    for strike in strikes:
        if strikes.begun == fails_at:
            break
        strikes.healed(strike.random.random())
    return strikes


def rows(page: Path) -> list[list[str]]:
    lines = [line for line in page.read_text().splitlines() if line.startswith("| F")]
    return [[cell.strip() for cell in line.split("|")[1:5]] for line in lines]


def test_rows_stand_in_the_order_of_their_numbers(page: Path) -> None:
    for strikes in run("F10", "cable", 2), run("F2", "node", 1200), run("F1", "worker", 3):
        note(strikes, page)
    assert rows(page) == [["F1", "worker", "3", "0"], ["F2", "node", "1,200", "0"], ["F10", "cable", "2", "0"]]
    assert "1,205 runs, 0 violations" in page.read_text()
    assert page.read_text().startswith("before ")
    assert page.read_text().endswith(" after")


def test_the_latest_run_counts(page: Path) -> None:
    note(run("F1", "worker", 9), page)
    note(run("F1", "worker", 3), page)
    assert rows(page) == [["F1", "worker", "3", "0"]]


def test_a_strike_that_did_not_pass_is_a_violation(page: Path) -> None:
    strikes = run("F1", "worker", 9, fails_at=4)
    note(strikes, page)
    assert rows(page) == [["F1", "worker", "3", "1"]]
    assert "ASYNCLUSTER_TEST_SEED=10003" in strikes.replay("tests/faults/test_workers.py")


def test_a_seed_gives_the_same_randomness(monkeypatch: pytest.MonkeyPatch) -> None:
    all_of_them = {strike.seed: strike.random.random() for strike in Strikes(Plan("F1", "worker", 5, long=True))}
    monkeypatch.setenv("ASYNCLUSTER_TEST_SEED", "10003")
    (alone,) = Strikes(Plan("F1", "worker", 5, long=True))
    assert alone.random.random() == all_of_them[10003]


def test_long_runs_can_be_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASYNCLUSTER_TEST_SHARE", "0.2")
    assert len(list(Strikes(Plan("F1", "worker", 100, long=True)))) == 20
    assert len(list(Strikes(Plan("F1", "worker", 100, long=False)))) == 100

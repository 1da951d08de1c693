"""Decoders and state machines against noise, and against talk with a few bytes changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz.targets import SAMPLES, TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_TESTS = Path(__file__).parents[1]
_SECONDS = int(os.environ.get("ASYNCLUSTER_TEST_FUZZ_SECONDS", "20"))  # for each target, of atheris

_changes = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), st.binary(max_size=4)), max_size=6)


def changed(sample: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    """The sample with pieces at some places replaced by others."""
    for place, length, piece in changes:
        start = int(place * len(sample))
        sample = sample[:start] + piece + sample[start + length :]
    return sample


@pytest.mark.parametrize("target", TARGETS)
def test_what_it_is_made_for_is_no_fault(target: str) -> None:
    for sample in SAMPLES[target]:
        TARGETS[target](sample)


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_bytes_are_a_fault(target: str, data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from(SAMPLES[target]))
    TARGETS[target](data.draw(st.binary(max_size=300) | st.builds(changed, st.just(sample), _changes)))


@pytest.mark.faults
@pytest.mark.parametrize("target", TARGETS)
def test_coverage_finds_no_fault(target: str, tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="atheris is made for Linux on x86-64 alone")
    done = subprocess.run(
        [sys.executable, "-m", "fuzz", target, f"-max_total_time={_SECONDS}", "-print_final_stats=1"],
        env={**os.environ, "PYTHONPATH": str(_TESTS)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=_SECONDS + 60,
        check=False,
    )
    left = {path.name: path.read_bytes().hex() for path in tmp_path.iterdir()}
    assert (done.returncode, left) == (0, {}), f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    assert "stat::number_of_executed_units" in done.stderr

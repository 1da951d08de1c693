from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asyncluster.core.net.pin import MasterPin

OLD, NEW = "a" * 64, "b" * 64


@pytest.mark.parametrize("strict", [True, False])
def test_the_first_master_is_remembered_quietly(tmp_path: Path, log: Any, strict: bool) -> None:
    pin = MasterPin(tmp_path / "master.pin", strict=strict)
    assert not pin.refuses(OLD)
    pin.remember(OLD)
    assert (tmp_path / "master.pin").read_text() == OLD + "\n"
    assert not MasterPin(tmp_path / "master.pin", strict=strict).refuses(OLD)
    assert log == []


def test_strict_refuses_another_key_and_says_what_to_do(tmp_path: Path, log: Any) -> None:
    pin = MasterPin(tmp_path / "master.pin", strict=True)
    pin.remember(OLD)
    assert pin.refuses(NEW)
    (event,) = log
    assert "delete {path}" in event["log_format"]


def test_trust_takes_another_key_with_a_warning(tmp_path: Path, log: Any) -> None:
    pin = MasterPin(tmp_path / "master.pin", strict=False)
    pin.remember(OLD)
    assert not pin.refuses(NEW)
    assert log == []
    pin.remember(NEW)
    (event,) = log
    assert "KEY HAS CHANGED" in event["log_format"]
    assert (event["old"], event["new"]) == (OLD, NEW)
    assert MasterPin(tmp_path / "master.pin", strict=True).refuses(OLD)


def test_a_folder_that_cannot_be_written_does_not_stop_the_node(tmp_path: Path, log: Any) -> None:
    MasterPin(tmp_path / "missing" / "master.pin", strict=False).remember(OLD)
    (event,) = log
    assert event["log_level"].name == "error"


def test_a_damaged_file_is_another_key(tmp_path: Path, log: Any) -> None:
    (tmp_path / "master.pin").write_bytes(b"\xff\x00 rubbish")
    assert MasterPin(tmp_path / "master.pin", strict=True).refuses(OLD)
    (tmp_path / "master.pin").write_bytes(b"")
    assert not MasterPin(tmp_path / "master.pin", strict=True).refuses(OLD)

from __future__ import annotations

import os
import stat

import pytest

from asyncluster.core.errors import ConfigError
from asyncluster.ndm.node.identity import claim, place


def test_the_first_daemon_of_a_host_has_its_name_and_others_a_suffix(tmp_path):
    first, second, third = (claim(tmp_path, "pc") for _ in range(3))
    assert [one.name for one in (first, second, third)] == ["pc", "pc-2", "pc-3"]
    assert len({one.directory for one in (first, second, third)}) == 3
    os.close(second.lock)
    again = claim(tmp_path, "pc")
    assert (again.name, again.directory, again.marker) == (second.name, second.directory, second.marker)
    for one in (first, third, again):
        os.close(one.lock)


def test_what_a_node_keeps_is_its_own(tmp_path):
    one = claim(tmp_path, "pc")
    assert stat.S_IMODE(one.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((one.directory / "marker").stat().st_mode) == 0o600
    assert len(one.marker) == 32
    os.close(one.lock)


def test_a_spoilt_marker_is_replaced(tmp_path):
    one = claim(tmp_path, "pc")
    os.close(one.lock)
    (one.directory / "marker").unlink()
    (one.directory / "marker").symlink_to(tmp_path / "elsewhere")
    two = claim(tmp_path, "pc")
    os.close(two.lock)
    assert two.marker != one.marker
    assert not (tmp_path / "elsewhere").exists()


def test_a_place_is_the_same_in_every_life_and_no_others(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    assert place(one) == place(one) != place(other)
    assert 0 < place(one) < 1 << 62
    (other / "place").write_text("z" * 32)
    with pytest.raises(ConfigError, match="cannot be used"):
        place(other)


def test_a_state_directory_that_cannot_be_used_is_a_matter_of_configuration(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be used"):
        claim(tmp_path / "file", "pc")

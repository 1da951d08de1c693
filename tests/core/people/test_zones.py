from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from asyncluster.core.errors import ConfigError
from asyncluster.core.people.zones import local_zone

SUMMER = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize("name", ["Europe/Berlin", ":Europe/Berlin"])
def test_tz_names_the_zone(name: str) -> None:
    zone = local_zone(name)
    assert str(SUMMER.astimezone(zone).utcoffset()) == "2:00:00"


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "CET-1CEST\0", "/etc/passwd"])
def test_tz_that_names_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="Europe/Berlin"):
        local_zone(name)


def test_else_the_machines_zone_else_utc(tmp_path: Path) -> None:
    assert local_zone("", tmp_path / "missing") is UTC
    broken = tmp_path / "broken"
    broken.write_bytes(b"no zone")
    assert local_zone("", broken) is UTC
    zones = Path("/usr/share/zoneinfo")
    if (zones / "Asia/Tokyo").exists():
        link = tmp_path / "localtime"
        link.symlink_to(zones / "Asia/Tokyo")
        assert str(SUMMER.astimezone(local_zone("", link)).utcoffset()) == "9:00:00"

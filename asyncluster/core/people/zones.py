"""The time zone of this machine, with its rules: an offset alone would not know when clocks change."""

from __future__ import annotations

import os
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from asyncluster.core.errors import ConfigError

_LOCALTIME = Path("/etc/localtime")


def local_zone(environment: str | None = None, localtime: Path = _LOCALTIME) -> tzinfo:
    """The zone that TZ names, else that of /etc/localtime, else UTC.

    Args:
        environment: the value of TZ; taken from the process's environment if not given.
        localtime: where the machine keeps its zone.

    Raises:
        ConfigError: TZ names no zone of the time zone database.
    """
    name = (os.environ.get("TZ", "") if environment is None else environment).removeprefix(":")
    if name:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ConfigError(
                f"The environment variable TZ is {name[:60]!r}, which is no time zone. Use a name like Europe/Berlin."
            ) from None
    try:
        with localtime.open("rb") as file:
            return ZoneInfo.from_file(file, key=str(localtime.resolve()).rpartition("zoneinfo/")[2])
    except (OSError, ValueError):
        return UTC

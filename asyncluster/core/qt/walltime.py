"""The clock on the wall of the room: instants in the master's time zone, which its nodes need not share."""

from __future__ import annotations

from datetime import datetime, tzinfo


def zone_named(name: str) -> tzinfo | None:
    """The time zone; None, which means that of this computer, for "" and for what nobody knows."""
    if not name:
        return None
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # here, as most greeters need none

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def wall_clock(instant: float, zone: tzinfo | None) -> datetime:
    """What the clock on the wall says at `instant`, seconds since 1970."""
    return datetime.fromtimestamp(instant, zone)


def minute_of(moment: datetime) -> int:
    """Minutes since midnight on the wall clock."""
    return moment.hour * 60 + moment.minute

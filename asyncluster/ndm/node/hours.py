"""The master's openings of today, as a greeter shows them."""

from __future__ import annotations

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from asyncluster.core.wire.greeter import Openings
from asyncluster.core.wire.people import OpeningHours

_WHOLE_DAY = 24 * 60
_MOST = 96


def openings(hours: OpeningHours) -> Openings:
    """Instants as minutes of the day where the master is."""
    zone = _zone(hours.zone)
    spans = [
        (_minute(start, hours.midnight, zone), _minute(end, hours.midnight, zone, last=True))
        for start, end in hours.spans
    ]
    return Openings([span for span in spans if span[0] < span[1]][:_MOST], hours.opens, hours.zone if zone else "")


def _minute(instant: int, midnight: int, zone: tzinfo | None, *, last: bool = False) -> int:
    moment = datetime.fromtimestamp(instant, zone)
    if moment.date() > datetime.fromtimestamp(midnight, zone).date():
        return _WHOLE_DAY
    minute = moment.hour * 60 + moment.minute
    return minute if not last or minute else _WHOLE_DAY


def _zone(name: str) -> tzinfo | None:
    """The zone of that name; None, the computer's own, if it has none or nobody knows it here."""
    try:
        return ZoneInfo(name) if name else None
    except (OSError, ValueError, KeyError):
        return None

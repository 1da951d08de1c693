"""The day strip: 96 thin bars, one for each quarter of an hour, tall where the room is open.

Times are minutes since midnight of the room's own clock, 0 to 1440. Days with 23 or 25 hours are drawn like any
other: the strip shows what the clock on the wall says.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QPainter

from asyncluster.core.qt.theme import Theme
from asyncluster.core.qt.tokens import mix

QUARTERS = 96
_MINUTES = 15
_OPEN_HEIGHT = 36
_CLOSED_HEIGHT = 8
_NOW_EXTRA = 8

#: Height of a strip in pixels, at a scale of 1.
HEIGHT = _OPEN_HEIGHT + _NOW_EXTRA


class Quarter(Enum):
    """What a bar of the strip says."""

    CLOSED = "closed"
    PAST = "past"
    OPEN = "open"
    NOW = "now"
    NOW_CLOSED = "now, and closed"


def quarters(openings: Sequence[tuple[int, int]], now: int | None = None) -> list[Quarter]:
    """What each of the 96 bars shows.

    Args:
        openings: (start, end) of each opening. A bar is open if any minute of it is.
        now: the present minute; None for a day that is not today, which has no past.
    """
    present = None if now is None else now // _MINUTES
    return [_quarter(index, openings, present) for index in range(QUARTERS)]


def _quarter(index: int, openings: Sequence[tuple[int, int]], present: int | None) -> Quarter:
    start, end = index * _MINUTES, (index + 1) * _MINUTES
    is_open = any(opens < end and closes > start for opens, closes in openings)
    if index == present:
        return Quarter.NOW if is_open else Quarter.NOW_CLOSED
    if not is_open:
        return Quarter.CLOSED
    return Quarter.PAST if present is not None and index < present else Quarter.OPEN


def paint_day(painter: QPainter, rect: QRectF, bars: Sequence[Quarter], theme: Theme, ground: str) -> None:
    """Draws the strip into `rect`, standing on its lower edge, on the colour token `ground`."""
    step = rect.width() / QUARTERS
    factor = rect.height() / HEIGHT
    under, text = theme.color(ground).name(), theme.color("text").name()
    share = {Quarter.CLOSED: 0.21, Quarter.PAST: 0.29, Quarter.OPEN: 0.58}
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    for index, bar in enumerate(bars):
        here = bar in (Quarter.NOW, Quarter.NOW_CLOSED)
        painter.setBrush(theme.color("accent") if here else QColor(mix(text, under, share[bar])))
        height = _height(bar) * factor
        column = QRectF(rect.left() + index * step, rect.bottom() - height, step * 5 / 8, height)
        painter.drawRoundedRect(column, 1, 1)
    painter.restore()


def _height(bar: Quarter) -> int:
    if bar in (Quarter.NOW, Quarter.NOW_CLOSED):
        return _OPEN_HEIGHT + _NOW_EXTRA
    return _CLOSED_HEIGHT if bar is Quarter.CLOSED else _OPEN_HEIGHT

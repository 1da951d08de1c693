from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QImage, QPainter

from asyncluster.core.qt.day import HEIGHT, Quarter, paint_day, quarters
from asyncluster.core.qt.theme import Theme

minutes = st.integers(0, 1440)
openings = st.lists(st.tuples(minutes, minutes).map(sorted).map(tuple), max_size=5)


def test_an_ordinary_day():
    bars = quarters([(540, 1080)], now=14 * 60 + 18)
    assert bars[35:37] == [Quarter.CLOSED, Quarter.PAST]
    assert bars[56:59] == [Quarter.PAST, Quarter.NOW, Quarter.OPEN]
    assert bars[71:73] == [Quarter.OPEN, Quarter.CLOSED]


def test_another_day_has_no_past_and_a_closed_hour_is_said_to_be():
    assert set(quarters([(540, 1080)])) == {Quarter.CLOSED, Quarter.OPEN}
    assert quarters([(540, 1080)], now=8 * 60)[32] is Quarter.NOW_CLOSED


@given(openings, st.none() | st.integers(0, 1439))
def test_every_minute_of_an_opening_is_drawn_open(intervals, now):
    bars = quarters(intervals, now)
    assert len(bars) == 96
    for start, end in intervals:
        for minute in range(start, end, 7):
            assert bars[minute // 15] not in (Quarter.CLOSED, Quarter.NOW_CLOSED)


def test_open_bars_are_taller(qapp):
    theme = Theme()
    image = QImage(768, HEIGHT, QImage.Format.Format_RGB32)
    image.fill(theme.color("backdrop"))
    painter = QPainter(image)
    paint_day(painter, QRectF(0, 0, 768, HEIGHT), quarters([(0, 720)], now=360), theme, "backdrop")
    painter.end()

    def height(quarter: int) -> int:
        column = [image.pixelColor(quarter * 8 + 2, y) for y in range(HEIGHT)]
        return sum(color != theme.color("backdrop") for color in column)

    assert (height(2), height(24), height(60)) == (36, 44, 8)

"""Bar plots: bars from zero, two or three grid lines, words on what matters instead of a legend.

They are painted here and not by a plotting library: a page that is looked at for a second must not wait half a
second for one to load, and what is drawn is a few hundred rectangles.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QSizePolicy, QToolTip, QWidget

from asyncluster.console.parts.delegate import fill_color
from asyncluster.console.state import words
from asyncluster.core.qt.theme import Look, Weight
from asyncluster.core.qt.tokens import State

_LEFT_SPACE = 56
_BOTTOM_SPACE = 24
_TOP_SPACE = 26
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_CENTER = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter)


@dataclass(frozen=True)
class Mark:
    """A dashed line across the bars with a word: at a place between bars (0 is the left end of the first)."""

    place: float
    word: str


@dataclass(frozen=True)
class Bars:
    """What a plot shows.

    Attributes:
        values: heights.
        ticks: (place, word) under the bars.
        marks: what deserves a word.
        last: words over the last bar.
        explain: says what a bar is, for the tooltip.
        failed: the part of each height that failed; none if empty.
        joined: bars are classes that follow on each other, as in a histogram: they stand without gaps.
    """

    values: Sequence[float] = ()
    ticks: Sequence[tuple[float, str]] = ()
    marks: Sequence[Mark] = ()
    last: str = ""
    explain: Callable[[int], str] = lambda place: ""
    joined: bool = False
    failed: Sequence[float] = ()


def grid(most: float) -> list[float]:
    """Two or three round values up to a greatest one."""
    if most <= 0:
        return []
    power = 10.0 ** math.floor(math.log10(most))
    step = next(power * factor for factor in (0.25, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0) if most / (power * factor) < 4)
    step = max(step, 1.0)
    return [step * number for number in range(1, int(most / step) + 1)]


class BarPlot(QWidget):
    """A plot.

    Args:
        title: what it shows, with the unit.
        fill: colour of the bars.
    """

    def __init__(self, look: Look, title: str, fill: str | State) -> None:
        super().__init__()
        self._look = look
        self._title = title
        self._fill = fill
        self._bars = Bars()
        self.setAccessibleName(title)
        self.setMinimumHeight(look.theme.px(120))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        look.changed.connect(self.update)

    def show_bars(self, bars: Bars, title: str = "") -> None:
        """Shows other values, perhaps under another title."""
        self._bars = bars
        self._title = title or self._title
        parts = [bars.last, *(mark.word for mark in bars.marks)]
        self.setAccessibleName(self._title)
        self.setAccessibleDescription(", ".join(part for part in parts if part))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, 220)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.color("text"))
        painter.setFont(theme.font(12, Weight.BOLD))
        painter.drawText(QRectF(0, 0, self.width(), theme.px(20)), _LEFT, self._title)
        area = self._area()
        if not any(self._bars.values):
            painter.setPen(theme.color("muted"))
            painter.setFont(theme.font(12))
            painter.drawText(area, _CENTER, "Nothing yet")
            return
        headroom = 1 + 0.1 * len(self._bars.marks)  # for the words beside the marks
        most = max(self._bars.values) * headroom
        self._paint_grid(painter, area, most)
        self._paint_bars(painter, area, most)
        self._paint_marks(painter, area)

    def event(self, event: object) -> bool:
        if isinstance(event, QHelpEvent):
            place = self._place_at(event.pos().x())
            QToolTip.showText(event.globalPos(), "" if place is None else self._bars.explain(place), self)
            return True
        return bool(super().event(event))  # type: ignore[arg-type]

    # --- within ------------------------------------------------------------------------------------------

    def _area(self) -> QRectF:
        px = self._look.theme.px
        left, top = px(_LEFT_SPACE), px(_TOP_SPACE)
        return QRectF(left, top, max(1, self.width() - left - px(8)), max(1, self.height() - top - px(_BOTTOM_SPACE)))

    def _step(self, area: QRectF) -> float:
        return area.width() / len(self._bars.values)

    def _place_at(self, x: float) -> int | None:
        area = self._area()
        if not self._bars.values or not area.left() <= x < area.right():
            return None
        return int((x - area.left()) / self._step(area))

    def _paint_grid(self, painter: QPainter, area: QRectF, most: float) -> None:
        theme = self._look.theme
        painter.setFont(theme.font(12))
        for value in grid(most):
            y = round(area.bottom() - area.height() * value / most) + 0.5
            painter.setPen(theme.color("muted"))
            words_at = QRectF(0, y - theme.px(8), area.left() - theme.px(8), theme.px(16))
            painter.drawText(words_at, _RIGHT, words.thousands(value))
        painter.setPen(QPen(theme.color("line"), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.setPen(theme.color("muted"))
        step, free = self._step(area), float("-inf")
        metrics = QFontMetricsF(theme.font(12))
        for place, word in self._bars.ticks:
            x = area.left() + place * step
            half = metrics.horizontalAdvance(word) / 2
            if x - half < free or x + half > self.width():
                continue  # it would touch the one before it
            free = x + half + theme.px(10)
            painter.drawText(QRectF(x - 40, area.bottom() + theme.px(4), 80, theme.px(18)), _CENTER, word)

    def _paint_bars(self, painter: QPainter, area: QRectF, most: float) -> None:
        step = self._step(area)
        width = step - 1 if self._bars.joined else max(1.0, step * (0.72 if step > 3 else 1.0))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill_color(self._fill, self._look.theme))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, step > 3)
        for place, value in enumerate(self._bars.values):
            if value > 0:
                height = max(1.0, area.height() * value / most)
                bar = QRectF(area.left() + place * step, area.bottom() - height, width, height)
                painter.drawRect(bar)
                if self._bars.failed and self._bars.failed[place] > 0:
                    bar.setHeight(max(3.0, height * self._bars.failed[place] / value))  # one among many is seen
                    painter.fillRect(bar, self._look.theme.state(State.ERROR))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _paint_marks(self, painter: QPainter, area: QRectF) -> None:
        theme = self._look.theme
        metrics = QFontMetricsF(theme.font(12))
        painter.setFont(theme.font(12))
        step = self._step(area)
        places = [round(area.left() + mark.place * step) + 0.5 for mark in self._bars.marks]
        painter.setPen(QPen(theme.color("text"), 1, Qt.PenStyle.DashLine))
        for x in places:
            painter.drawLine(QPointF(x, area.top() - theme.px(4)), QPointF(x, area.bottom()))
        free = area.left()
        for mark, x in zip(self._bars.marks, places, strict=True):  # their words cover the lines
            width = metrics.horizontalAdvance(mark.word)
            left = min(x + theme.px(6), self.width() - width)
            top = area.top() - theme.px(4) + (theme.px(18) if left < free else 0)
            painter.fillRect(QRectF(left - 2, top, width + 4, theme.px(16)), theme.color("surface"))
            painter.setPen(theme.color("text"))
            painter.drawText(QPointF(left, top + metrics.ascent()), mark.word)
            free = left + width
        if self._bars.last:
            painter.setPen(theme.color("text"))
            painter.setFont(theme.font(12, Weight.BOLD))
            painter.drawText(QRectF(0, 0, area.right(), theme.px(20)), _RIGHT, self._bars.last)

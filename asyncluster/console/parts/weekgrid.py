"""The week to paint: a row of 96 bars for each day, tall where the room is open.

Drag across a row to paint what the brush says, or use the arrow keys and Space; nothing is sent from here.
"""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QSizePolicy, QWidget

from asyncluster.console.state import words
from asyncluster.console.state.openings import DAY, QUARTER, Spans, Week, open_seconds
from asyncluster.core.qt.theme import Look, Theme, Weight
from asyncluster.core.qt.tokens import mix

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_QUARTERS = DAY // QUARTER
_LEFT_SPACE = 70
_RIGHT_SPACE = 110
_TOP_SPACE = 40
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_CENTER = int(Qt.AlignmentFlag.AlignCenter)


class WeekGrid(QWidget):
    """The week.

    Attributes:
        brush: whether painting opens or closes.

    Signals:
        painted: a stretch was painted: weekday, first and last second, and whether it opens.
    """

    painted = pyqtSignal(int, int, int, bool)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.brush = True
        self._look = look
        self._week = Week()
        self._saved = Week()
        self._today = 0
        self._second: int | None = None  # that the clock shows, today
        self._cursor = (0, 36)
        self._stretch: tuple[int, int, int] | None = None  # day, first and last quarter that are being painted
        self._begun = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Opening hours of the week")
        self.setMinimumSize(look.theme.px(520), look.theme.px(340))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        look.changed.connect(self.update)

    def show_week(self, week: Week, saved: Week) -> None:
        """Shows a week, and how it differs from the one that is in force."""
        self._week, self._saved = week, saved
        self._describe()
        self.update()

    def show_now(self, weekday: int, second: int) -> None:
        """What the clock on the wall shows."""
        self._today, self._second = weekday, second
        self.update()

    # --- painting with the mouse -------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        cell = self._cell(event.position())
        if cell is not None and event.button() == Qt.MouseButton.LeftButton:
            self._cursor = cell
            self._begun = cell[1]
            self._stretch = (cell[0], cell[1], cell[1])
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self._stretch is None:
            return
        quarter = self._quarter(event.position().x())
        self._stretch = (self._stretch[0], min(self._begun, quarter), max(self._begun, quarter))
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        self._finish()

    # --- and with the keyboard ---------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        day, quarter = self._cursor
        key = Qt.Key(event.key())
        far = 4 if event.modifiers() & Qt.KeyboardModifier.ControlModifier else 1
        moves = {
            Qt.Key.Key_Left: (0, -far),
            Qt.Key.Key_Right: (0, far),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }
        if key in moves:
            down, across = moves[key]
            cursor = (min(max(day + down, 0), 6), min(max(quarter + across, 0), _QUARTERS - 1))
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and across:
                self._stretch_to(cursor[1])
            else:
                self._stretch = None
            self._cursor = cursor
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Return):
            self._stretch = self._stretch or (day, quarter, quarter)
            self._finish()
        elif key == Qt.Key.Key_Escape and self._stretch is not None:
            self._stretch = None
        else:
            super().keyPressEvent(event)
            return
        self._describe()
        self.update()

    def _stretch_to(self, quarter: int) -> None:
        day, here = self._cursor
        if self._stretch is None:
            self._begun = here
        self._stretch = (day, min(self._begun, quarter), max(self._begun, quarter))

    def _finish(self) -> None:
        stretch, self._stretch = self._stretch, None
        if stretch is not None:
            day, first, last = stretch
            self.painted.emit(day, first * QUARTER, (last + 1) * QUARTER, self.brush)
        self.update()

    def _describe(self) -> None:
        """What a screen reader says of the place where the keyboard is."""
        day, quarter = self._cursor
        second = quarter * QUARTER
        is_open = any(start <= second < end for start, end in self._week.days[day])
        said = f"{DAYS[day]} {words.minute_of_day(second)}, {'open' if is_open else 'closed'}"
        self.setAccessibleDescription(f"{said}. The day: {words.spans(self._week.days[day])}")

    # --- drawing -----------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent | None) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_hours(painter, theme)
        for day in range(7):
            self._paint_day(painter, theme, day)
        if self._second is not None:
            self._paint_now(painter, theme, self._second)
        if self._stretch is not None:
            self._paint_stretch(painter, theme, *self._stretch)
        elif self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(self._cells(*self._cursor, self._cursor[1]).adjusted(-2, -2, 2, 2), 3, 3)

    def _paint_hours(self, painter: QPainter, theme: Theme) -> None:
        painter.setFont(theme.font(12))
        area = self._row(0)
        for hour in range(0, 25, 3):
            x = area.left() + area.width() * hour / 24
            painter.setPen(theme.color("muted"))
            painter.drawText(QRectF(x - 20, theme.px(8), 40, theme.px(18)), _CENTER, f"{hour:02}")
            painter.setPen(QPen(theme.color("line"), 1))
            for day in range(7):
                row = self._row(day)
                painter.drawLine(QPointF(x, row.top()), QPointF(x, row.bottom()))

    def _paint_day(self, painter: QPainter, theme: Theme, day: int) -> None:
        row, spans = self._row(day), self._week.days[day]
        if day == self._today and self._second is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("raised"))
            painter.drawRoundedRect(QRectF(4, row.top() - 6, self.width() - 8, row.height() + 12), 4, 4)
        painter.setPen(theme.color("text"))
        painter.setFont(theme.font(14, Weight.BOLD if day == self._today else Weight.REGULAR))
        painter.drawText(QRectF(theme.px(16), row.top(), theme.px(50), row.height()), _LEFT, DAYS[day])
        paint_quarters(painter, row, spans, theme)
        self._paint_sum(painter, theme, row, day)

    def _paint_sum(self, painter: QPainter, theme: Theme, row: QRectF, day: int) -> None:
        now, before = open_seconds(self._week.days[day]), open_seconds(self._saved.days[day])
        rect = QRectF(row.right(), row.top(), self.width() - row.right() - theme.px(16), row.height())
        changed = self._week.days[day] != self._saved.days[day]
        painter.setFont(theme.font(14, Weight.BOLD if changed else Weight.REGULAR))
        painter.setPen(theme.color("text" if now else "muted"))
        said = words.sum_of_hours(now) if now else "Closed"
        if not changed:
            painter.drawText(rect, _RIGHT, said)
            return
        half = rect.height() / 2
        painter.drawText(rect.adjusted(0, 0, 0, -half), _RIGHT, said)
        painter.setFont(theme.font(12))
        painter.setPen(theme.color("muted"))
        was = words.sum_of_hours(before) if before else "closed"
        painter.drawText(rect.adjusted(0, half, 0, 0), _RIGHT, f"was {was}")

    def _paint_now(self, painter: QPainter, theme: Theme, second: int) -> None:
        row = self._row(self._today)
        x = row.left() + row.width() * second / DAY
        painter.setPen(QPen(theme.color("text"), 2))
        painter.drawLine(QPointF(x, row.top() - theme.px(6)), QPointF(x, row.bottom() + theme.px(6)))
        self._paint_flag(painter, theme, x, row.top() - theme.px(15), words.minute_of_day(second))

    def _paint_stretch(self, painter: QPainter, theme: Theme, day: int, first: int, last: int) -> None:
        cells = self._cells(day, first, last)
        shade = QColor(theme.color("accent" if self.brush else "muted"))
        shade.setAlpha(70)
        painter.setBrush(shade)
        painter.setPen(QPen(theme.color("accent"), 2))
        painter.drawRoundedRect(cells.adjusted(-2, -2, 1, 2), 4, 4)
        times = f"{words.minute_of_day(first * QUARTER)}{words.DASH}{words.minute_of_day((last + 1) * QUARTER)}"
        said = f"{'Open' if self.brush else 'Closed'} {times}"
        self._paint_flag(painter, theme, cells.center().x(), cells.bottom() + theme.px(16), said)

    def _paint_flag(self, painter: QPainter, theme: Theme, x: float, y: float, text: str) -> None:
        """Words on a dark ground, centred at a point."""
        painter.setFont(theme.font(12, Weight.BOLD))
        width = QFontMetricsF(painter.font()).horizontalAdvance(text) + theme.px(14)
        rect = QRectF(x - width / 2, y - theme.px(10), width, theme.px(20))
        rect.moveLeft(min(max(rect.left(), 2.0), self.width() - width - 2))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("text"))
        painter.drawRoundedRect(rect, 4, 4)
        painter.setPen(theme.color("surface"))
        painter.drawText(rect, _CENTER, text)

    # --- places ------------------------------------------------------------------------------------------

    def _row(self, day: int) -> QRectF:
        px = self._look.theme.px
        step = (self.height() - px(_TOP_SPACE) - px(24)) / 7
        height = min(step - px(18), px(40))
        width = self.width() - px(_LEFT_SPACE) - px(_RIGHT_SPACE)
        return QRectF(px(_LEFT_SPACE), px(_TOP_SPACE) + day * step + (step - height) / 2, width, height)

    def _cells(self, day: int, first: int, last: int) -> QRectF:
        row = self._row(day)
        step = row.width() / _QUARTERS
        return QRectF(row.left() + first * step, row.top(), (last - first + 1) * step, row.height())

    def _quarter(self, x: float) -> int:
        row = self._row(0)
        return min(max(int((x - row.left()) / (row.width() / _QUARTERS)), 0), _QUARTERS - 1)

    def _cell(self, point: QPointF) -> tuple[int, int] | None:
        for day in range(7):
            if self._row(day).adjusted(0, -6, 0, 6).contains(point):
                return day, self._quarter(point.x())
        return None

    def sizeHint(self) -> QSize:
        return QSize(880, 470)

    def focusInEvent(self, event: Any) -> None:
        self.update()

    def focusOutEvent(self, event: Any) -> None:
        self.update()


def paint_quarters(painter: QPainter, rect: QRectF, spans: Spans, theme: Theme) -> None:
    """A day as 96 bars: tall and in the accent where it is open, stubs where it is closed."""
    step = rect.width() / _QUARTERS
    stub = max(2.0, rect.height() * 0.2)
    closed = QColor(mix(theme.color("text").name(), theme.color("surface").name(), 0.25))
    painter.setPen(Qt.PenStyle.NoPen)
    for quarter in range(_QUARTERS):
        first = quarter * QUARTER
        is_open = any(start < first + QUARTER and end > first for start, end in spans)
        height = rect.height() if is_open else stub
        painter.setBrush(theme.color("accent") if is_open else closed)
        painter.drawRect(QRectF(rect.left() + quarter * step, rect.bottom() - height, step * 5 / 8, height))

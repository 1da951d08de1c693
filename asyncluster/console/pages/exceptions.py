"""Dates that differ from their weekday: a list at the side of the week, and the dialog that makes one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date
from typing import Any

from PyQt6.QtCore import QAbstractListModel, QDate, QModelIndex, QRectF, Qt
from PyQt6.QtGui import QPainter, QPen, QTextCharFormat
from PyQt6.QtWidgets import (
    QCalendarWidget,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QStyle,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from asyncluster.console.desk import Desk
from asyncluster.console.dialogs.sheet import Sheet
from asyncluster.console.parts.checkbox import CheckBox
from asyncluster.console.parts.controls import EmptyNote, IconButton, Panel, label
from asyncluster.console.parts.rowdelegate import RowDelegate
from asyncluster.console.parts.weekgrid import paint_quarters
from asyncluster.console.state import openings, people, words
from asyncluster.console.state.openings import Spans, Week
from asyncluster.core.errors import UsageError
from asyncluster.core.people.names import day_span
from asyncluster.core.qt.icons import icon
from asyncluster.core.qt.theme import Weight
from asyncluster.core.qt.walltime import wall_clock

_WIDTH = 260
_ROW = 84
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


def read_spans(text: str) -> Spans:
    """Openings as "09:00-12:30, 13:30-18:00"; a dash of any length.

    Raises:
        UsageError: another form.
    """
    spans = []
    for piece in text.replace(words.DASH, "-").split(","):
        start, dash, end = piece.strip().partition("-")
        if not dash:
            raise UsageError("Write openings like 09:00-12:30, 13:30-18:00.")
        spans.append(day_span(start.strip(), end.strip()))
    return openings.joined(spans)


class ExceptionsPanel(Panel):
    """The list.

    Args:
        week: the openings that are in force.
    """

    def __init__(self, desk: Desk, week: Callable[[], Week]) -> None:
        super().__init__()
        self._desk = desk
        self._week = week
        self.setMinimumWidth(desk.look.theme.px(_WIDTH))
        self.rows.setContentsMargins(0, 8, 0, 8)
        head = QHBoxLayout()
        head.setContentsMargins(16, 0, 8, 0)
        head.addWidget(label("Exceptions", "strong"))
        head.addStretch()
        plus = IconButton(desk.look, "", "plus", "plain", does=self.add)
        plus.setAccessibleName("Add an exception")
        plus.setToolTip("Add an exception (n)")
        head.addWidget(plus)
        self.rows.addLayout(head)
        self._model = _Dates()
        self._view = QListView()
        self._view.setAccessibleName("Exceptions")
        self._view.setModel(self._model)
        self._view.setItemDelegate(_DateDelegate(desk.look, _ROW, self._view))
        self._view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self._view.activated.connect(lambda index: self._edit(index))
        self._empty = EmptyNote(desk.look, "calendar", "No exceptions", "Holidays and open days go here.")
        self.rows.addWidget(self._view, 1)
        self.rows.addWidget(self._empty, 1)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(12, 0, 12, 4)
        self._change = IconButton(desk.look, "Change\u2026", "calendar", does=self._edit_current)
        self._remove = IconButton(desk.look, "Remove", "cross", does=self._remove_current)
        buttons.addWidget(self._change)
        buttons.addWidget(self._remove)
        self.rows.addLayout(buttons)
        selection = self._view.selectionModel()
        assert selection is not None
        selection.currentChanged.connect(lambda _now, _before: self._enable())

    def show_week(self, week: Week) -> None:
        """Shows the exceptions of a week; the chosen one stays chosen."""
        chosen = self._current()
        self._model.show_dates(list(week.exceptions.items()))
        if chosen is not None:
            self.choose(chosen[0].isoformat())
        self._view.setVisible(bool(week.exceptions))
        self._empty.setVisible(not week.exceptions)
        self._enable()

    def choose(self, day: str) -> None:
        """Selects a date."""
        place = self._model.place_of(date.fromisoformat(day))
        if place is not None:
            self._view.setCurrentIndex(self._model.index(place))

    def add(self) -> Sheet:
        """Asks for a date and what is open on it."""
        today = wall_clock(self._desk.now(), self._desk.zone()).date()
        return self._ask(today, None)

    # --- within ------------------------------------------------------------------------------------------

    def _current(self) -> tuple[date, Spans] | None:
        found: tuple[date, Spans] | None = self._view.currentIndex().data(Qt.ItemDataRole.UserRole)
        return found

    def _enable(self) -> None:
        for button in (self._change, self._remove):
            button.setEnabled(self._current() is not None)

    def _edit(self, index: QModelIndex) -> None:
        self._view.setCurrentIndex(index)
        self._edit_current()

    def _edit_current(self) -> None:
        chosen = self._current()
        if chosen is not None:
            self._ask(*chosen)

    def _remove_current(self) -> None:
        chosen = self._current()
        if chosen is not None:
            self._desk.perform(openings.excepting(chosen[0], None, chosen[1]))

    def _ask(self, day: date, spans: Spans | None) -> Sheet:
        fields = _ExceptionFields(self._desk, self._week(), day, spans)

        def save() -> None:
            chosen = fields.day()
            self._desk.perform(openings.excepting(chosen, fields.spans(), self._week().exceptions.get(chosen)))

        sheet = Sheet(self, "Exception", "Save exception", fields.problem)
        sheet.rows.addWidget(fields)
        sheet.accepted.connect(save)
        fields.setFocus()
        sheet.open()
        return sheet


class _ExceptionFields(QWidget):
    """A calendar, what is open, and whom it would log out."""

    def __init__(self, desk: Desk, week: Week, day: date, spans: Spans | None) -> None:
        super().__init__()
        self._desk = desk
        self._week = week
        self._calendar = QCalendarWidget()
        self._calendar.setAccessibleName("Date")
        self._calendar.setFirstDayOfWeek(Qt.DayOfWeek.Monday)
        self._calendar.setVerticalHeaderFormat(QCalendarWidget.VerticalHeaderFormat.NoVerticalHeader)
        self._calendar.setSelectedDate(QDate(day.year, day.month, day.day))
        self._dress()
        self._closed = CheckBox("Closed all day")
        self._times = QLineEdit(words.spans(spans) if spans else "09:00-18:00")
        self._times.setAccessibleName("Open")
        self._told = label("", "hint", wrap=True)
        self._closed.setChecked(spans == ())
        self._times.setEnabled(not self._closed.isChecked())
        self._closed.toggled.connect(lambda on: self._times.setEnabled(not on))
        for signal in (self._closed.toggled, self._times.textChanged, self._calendar.selectionChanged):
            signal.connect(lambda *_: self._foretell())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self._calendar, self._closed, label("Open, such as 09:00-12:30, 13:30-18:00", "hint")):
            layout.addWidget(widget)
        layout.addWidget(self._times)
        layout.addWidget(self._told)
        self.setFocusProxy(self._calendar)
        self._foretell()

    def _dress(self) -> None:
        """Qt's calendar has colours and arrows of its own."""
        theme = self._desk.look.theme
        self._calendar.setMinimumHeight(theme.px(250))
        weekend = QTextCharFormat()
        weekend.setForeground(theme.color("muted"))
        for weekday in (Qt.DayOfWeek.Saturday, Qt.DayOfWeek.Sunday):
            self._calendar.setWeekdayTextFormat(weekday, weekend)
        for name, glyph in (("qt_calendar_prevmonth", "left"), ("qt_calendar_nextmonth", "right")):
            button = self._calendar.findChild(QToolButton, name)
            if button is not None:
                button.setIcon(icon(glyph, theme.color("text")))

    def day(self) -> date:
        chosen = self._calendar.selectedDate()
        return date(chosen.year(), chosen.month(), chosen.day())

    def spans(self) -> Spans:
        return () if self._closed.isChecked() else read_spans(self._times.text())

    def problem(self) -> str:
        try:
            self.spans()
        except UsageError as error:
            return str(error)
        return ""

    def _foretell(self) -> None:
        if self.problem():
            self._told.setText("")
            return
        after = Week(self._week.days, {**self._week.exceptions, self.day(): self.spans()})
        inside = self._desk.mirror.table("people").rows.values()
        gone = openings.logged_out(after, self._week, inside, self._desk.now(), self._desk.zone() or UTC)
        names = words.names([people.name_of(person) for person in gone], 8)
        self._told.setText(f"Their sessions would end earlier: {names}." if gone else "Nobody is logged out by it.")


class _Dates(QAbstractListModel):
    """The dates, in order."""

    def __init__(self) -> None:
        super().__init__()
        self._dates: list[tuple[date, Spans]] = []

    def show_dates(self, dates: list[tuple[date, Spans]]) -> None:
        if dates != self._dates:
            self.beginResetModel()
            self._dates = dates
            self.endResetModel()

    def place_of(self, day: date) -> int | None:
        return next((place for place, (other, _spans) in enumerate(self._dates) if other == day), None)

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._dates)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        day, spans = self._dates[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{words.day_of(day)}: {words.spans(spans)}"
        return (day, spans) if role == Qt.ItemDataRole.UserRole else None


class _DateDelegate(RowDelegate):
    """The date, its day as bars, and its times in words."""

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        assert painter is not None
        theme = self._look.theme
        day, spans = index.data(Qt.ItemDataRole.UserRole)
        rect = QRectF(option.rect)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, theme.color("select"))
        painter.setPen(QPen(theme.color("line"), 1))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        inner = rect.adjusted(theme.px(16), theme.px(8), -theme.px(16), -theme.px(8))
        painter.setPen(theme.color("text"))
        painter.setFont(theme.font(14, Weight.MEDIUM))
        painter.drawText(QRectF(inner.left(), inner.top(), inner.width(), theme.px(20)), _LEFT, words.day_of(day))
        strip = QRectF(inner.left(), inner.top() + theme.px(26), inner.width(), theme.px(14))
        paint_quarters(painter, strip, spans, theme)
        painter.setPen(theme.color("text"))
        painter.setFont(theme.font(12, Weight.BOLD))
        painter.drawText(
            QRectF(inner.left(), strip.bottom() + 4, inner.width(), theme.px(20)), _LEFT, words.spans(spans)
        )
        painter.restore()

"""One person: where they sit, what is used and left, the last seven days, and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from PyQt6.QtCore import QRectF, QSize, Qt, QTimer
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QPushButton, QSizePolicy, QWidget

from asyncluster.console.desk import Desk
from asyncluster.console.offers import GRANTS, Offer, Offers, show_menu
from asyncluster.console.parts.controls import IconButton, Panel, label, line
from asyncluster.console.parts.delegate import fill_color
from asyncluster.console.state import actions, people, words
from asyncluster.console.state.mirror import Change
from asyncluster.core.qt.bars import paint_bar
from asyncluster.core.qt.theme import Weight
from asyncluster.core.qt.walltime import wall_clock
from asyncluster.core.wire.feed import EventRow, PersonRow

_WIDTH = 300
_MOST_EVENTS = 6
_CENTER = int(Qt.AlignmentFlag.AlignCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class PersonPanel(Panel):
    """The panel.

    Attributes:
        chosen: the people that it is about; of several it shows the names alone.
    """

    def __init__(self, desk: Desk, make: Offers) -> None:
        super().__init__()
        self.chosen: list[PersonRow] = []
        self._desk = desk
        self._make = make
        self._name = label("", "title", wrap=True)
        self._user = label("", "muted")
        self._status = label("", wrap=True)
        self._today = _TimeBar(desk, "Today")
        self._week = _TimeBar(desk, "This week")
        self._days = _Days(desk)
        self._events = QGridLayout()
        self._text = QLineEdit()
        self._text.setMaxLength(1000)
        self._text.setAccessibleName("Message")
        self._text.setPlaceholderText("Room closes at 17:00 today.")
        self._text.returnPressed.connect(self._send)
        self._grants: list[QPushButton] = []
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(200)  # walking through the list with the arrow keys asks once, at its end
        self._soon.timeout.connect(self._ask_days)
        self._asked_for = ""
        self._lay_out()
        desk.mirror.table("people").listen(self._people_changed)
        desk.mirror.table("events").listen(lambda _change: self._show_events())

    def _lay_out(self) -> None:
        self.setMinimumWidth(self._desk.look.theme.px(_WIDTH))
        for widget in (self._name, self._user, self._status, self._today, self._week, self._days):
            self.rows.addWidget(widget)
        self.rows.addSpacing(4)
        self.rows.addWidget(label("Give time today", "strong"))
        row = QHBoxLayout()
        row.setSpacing(8)
        for minutes in GRANTS:
            button = QPushButton(f"+{minutes} min" if minutes % 60 else f"+{minutes // 60} h")
            button.setProperty("role", "tight")
            button.clicked.connect(lambda _checked, minutes=minutes: self._grant(minutes))
            self._grants.append(button)
            row.addWidget(button)
        self.rows.addLayout(row)
        self.rows.addSpacing(4)
        self.rows.addWidget(label("Message", "strong"))
        self.rows.addWidget(self._text)
        sending = QHBoxLayout()
        sending.addStretch()
        self._send_button = IconButton(self._desk.look, "Send", "message", does=self._send)
        sending.addWidget(self._send_button)
        self.rows.addLayout(sending)
        self.rows.addWidget(line())
        self.rows.addWidget(label("Lately", "strong"))
        self.rows.addLayout(self._events)
        self.rows.addStretch()
        last = QHBoxLayout()
        last.setSpacing(8)
        self._more = IconButton(self._desk.look, "More\u2026", "right", does=self._menu)
        self._kick = IconButton(self._desk.look, "Log out\u2026", "logout", "warn", does=self._log_out)
        last.addWidget(self._more)
        last.addWidget(self._kick)
        self.rows.addLayout(last)

    def show_people(self, chosen: Sequence[PersonRow]) -> None:
        """Shows one person, or the names of several."""
        self.chosen = list(chosen)
        self.refresh()
        self._show_events()
        one = chosen[0].name if len(chosen) == 1 else ""
        if one != self._asked_for:
            self._days.show_days({}, None)
            self._soon.start()

    def refresh(self) -> None:
        """Shows the time as it is now."""
        if not self.chosen:
            return
        now, zone = self._desk.now(), self._desk.zone()
        one = self.chosen[0] if len(self.chosen) == 1 else None
        inside = [person for person in self.chosen if person.node]
        for widget in (self._today, self._week, self._days):
            widget.setVisible(one is not None)
        if one is None:
            self._name.setText(words.counted(len(self.chosen), "person", "people"))
            self._user.setText("")
            self._status.setText(words.names([people.name_of(person) for person in self.chosen], 8))
        else:
            self._name.setText(people.name_of(one))
            self._user.setText(one.name)
            self._status.setText(people.status(one, now, zone))
            self._today.show_time(people.used_today(one, now), one.daily, one.granted)
            self._week.show_time(people.used_week(one, now), one.weekly, 0.0)
        self._send_button.setEnabled(bool(inside))
        self._text.setEnabled(bool(inside))
        self._kick.setEnabled(bool(inside))

    # --- from the mirror ---------------------------------------------------------------------------------

    def _people_changed(self, change: Change) -> None:
        if any(person.name in change.changed or person.name in change.gone for person in self.chosen):
            rows = self._desk.mirror.table("people").rows
            self.chosen = [rows[person.name] for person in self.chosen if person.name in rows]
            self.refresh()

    def _show_events(self) -> None:
        while (item := self._events.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        if len(self.chosen) != 1:
            return
        subject = f"user:{self.chosen[0].name}"
        events: list[EventRow] = list(self._desk.mirror.table("events").rows.values())
        about = sorted((event for event in events if event.subject == subject), key=lambda event: -event.id)
        for row, event in enumerate(about[:_MOST_EVENTS]):
            at = words.moment(event.at, self._desk.now(), self._desk.zone())
            self._events.addWidget(label(at, "muted"), row, 0, Qt.AlignmentFlag.AlignTop)
            self._events.addWidget(label(event.text, wrap=True), row, 1)
            self._events.setColumnStretch(1, 1)

    def _ask_days(self) -> None:
        """Asks for the last seven days of the one person who is shown."""
        if len(self.chosen) != 1:
            self._asked_for = ""
            return
        name = self._asked_for = self.chosen[0].name
        today = wall_clock(self._desk.now(), self._desk.zone()).date()
        since = date.fromordinal(today.toordinal() - 6)

        def answered(sessions: list[dict[str, Any]]) -> None:
            if self._asked_for == name:
                days = people.by_day(sessions or [], today, self._desk.now(), self._desk.zone())
                self._days.show_days(days, today)

        self._desk.ask("timesheet list", {"name": name, "since": since.isoformat()}, answered)

    # --- acting ------------------------------------------------------------------------------------------

    def _grant(self, minutes: int) -> None:
        if self.chosen:
            self._desk.perform(actions.grant(self.chosen, minutes))

    def _send(self) -> None:
        inside, text = [person for person in self.chosen if person.node], self._text.text().strip()
        if inside and text:
            self._desk.perform(actions.message(inside, text))
            self._text.clear()

    def _log_out(self) -> None:
        inside = [person for person in self.chosen if person.node]
        if inside:
            self._desk.perform(actions.kick(inside))

    def _menu(self) -> None:
        offers: list[Offer] = self._make.for_people(self.chosen)
        if offers:
            show_menu(offers, self._more.mapToGlobal(self._more.rect().topLeft()), self._desk, self)


class _TimeBar(QWidget):
    """What is used of a quota, in words and as a bar."""

    def __init__(self, desk: Desk, title: str) -> None:
        super().__init__()
        self._desk = desk
        self._title = title
        self._said = ""
        self._share: float | None = None
        self._left: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        desk.look.changed.connect(self.update)

    def show_time(self, used: float, quota: float | None, granted: float) -> None:
        if quota is None:
            self._said, self._share, self._left = f"{words.hours(used)} used, no limit", None, None
        else:
            whole = quota + granted
            self._left = people.left_of(quota, used, granted)
            self._said = f"{words.hours(used)} of {words.hours(whole)}, {words.left(self._left)}"
            self._share = min(1.0, used / whole) if whole else 1.0
        self.setAccessibleName(f"{self._title}: {self._said}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, self._desk.look.theme.px(44))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        theme = self._desk.look.theme
        painter = QPainter(self)
        line_at = QRectF(0, theme.px(4), self.width(), theme.px(20))
        painter.setPen(theme.color("text"))
        painter.setFont(theme.font(14, Weight.MEDIUM))
        painter.drawText(line_at, _LEFT, self._title)
        low = self._left is not None and people.fill(self._left) != "muted"
        painter.setFont(theme.font(14, Weight.BOLD if low else Weight.REGULAR))
        painter.drawText(line_at, _RIGHT, self._said)
        if self._share is not None:
            bar = QRectF(0, theme.px(30), self.width(), theme.px(8))
            paint_bar(painter, bar, self._share, fill_color(people.fill(self._left), theme), theme.color("line"))


class _Days(QWidget):
    """A bar for each of the last seven days."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._days: dict[date, float] = {}
        self._today: date | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        desk.look.changed.connect(self.update)

    def show_days(self, days: dict[date, float], today: date | None) -> None:
        self._days, self._today = days, today
        said = ", ".join(f"{day:%a} {words.hours(seconds)}" for day, seconds in days.items())
        self.setAccessibleName(f"Day by day: {said}")
        self.setToolTip(said)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, self._desk.look.theme.px(96))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        theme = self._desk.look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.color("text"))
        painter.setFont(theme.font(12, Weight.BOLD))
        painter.drawText(QRectF(0, 0, self.width(), theme.px(20)), _LEFT, "Day by day")
        most = max(self._days.values(), default=0.0) or 1.0
        step, bottom = self.width() / 7, self.height() - theme.px(22)
        for place, (day, seconds) in enumerate(self._days.items()):
            height = max(1.0, (bottom - theme.px(24)) * seconds / most) if seconds else 1.0
            today = day == self._today
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("text" if today else "edge"))
            bar = QRectF(place * step + step * 0.15, bottom - height, step * 0.7, height)
            painter.drawRoundedRect(bar, 1, 1)
            painter.setPen(theme.color("text" if today else "muted"))
            painter.setFont(theme.font(12))
            painter.drawText(QRectF(place * step, bottom + 4, step, theme.px(18)), _CENTER, f"{day:%a}")

"""The opening hours: the week to paint, dates that differ, and whom a change would log out.

What is painted stays here until Save week; the master's own week is shown again by Undo.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QHBoxLayout

from asyncluster.console.desk import Desk
from asyncluster.console.offers import Offer
from asyncluster.console.pages.exceptions import ExceptionsPanel
from asyncluster.console.pages.page import Page
from asyncluster.console.parts.controls import Chips, IconButton, Panel, label
from asyncluster.console.parts.weekgrid import WeekGrid
from asyncluster.console.state import openings, people, words
from asyncluster.console.state.mirror import Change
from asyncluster.console.state.openings import Week
from asyncluster.core.qt.walltime import wall_clock


class OpeningsPage(Page):
    """The openings."""

    title = "Openings"
    glyph = "calendar"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._table = desk.mirror.table("openings")
        self._saved = Week()
        self._week = Week()
        self._history: list[Week] = []
        self.subtitle.setText("every week")
        self._brush = Chips(desk.look, [("open", "Open", None), ("closed", "Closed", None)])
        self._brush.chosen.connect(self._choose_brush)
        self.grid = WeekGrid(desk.look)
        self.grid.painted.connect(self.paint)
        self._undo = IconButton(desk.look, "Undo", "undo", does=self.undo)
        self._save = IconButton(desk.look, "Save week", "check", "main", does=self.save_week)
        self._sum = label("", wrap=True)
        self._preview = label("", wrap=True)
        self._exceptions = ExceptionsPanel(desk, lambda: self._saved)
        self._lay_out()
        self._table.listen(self._changed)
        desk.mirror.table("people").listen(lambda _change: self._foretell())
        self._changed(Change(frozenset()))

    def _lay_out(self) -> None:
        self.head.addWidget(self._undo)
        self.head.addWidget(self._save)
        brushes = QHBoxLayout()
        brushes.setSpacing(16)
        brushes.addWidget(self._brush)
        hint = "Drag to paint, one bar is 15 minutes. Arrow keys, Shift and Space do the same."
        brushes.addWidget(label(hint, "muted"), 1)
        self.rows.addLayout(brushes)
        panel = Panel()
        panel.rows.setContentsMargins(0, 0, 0, 0)
        panel.rows.addWidget(self.grid)
        self.body.addWidget(panel, 1)
        below = Panel("If this is saved")
        below.rows.addWidget(self._sum)
        below.rows.addWidget(self._preview)
        self.body.addWidget(below)
        self.add_dock("exceptions", "Exceptions", self._exceptions, Qt.DockWidgetArea.RightDockWidgetArea)
        self.finish()

    # --- for the window ----------------------------------------------------------------------------------

    def offers(self) -> Sequence[Offer]:
        new = Offer("Add an exception\u2026", "plus", "n", self._exceptions.add)
        action = openings.saving(self._saved, self._week)
        return [new] if action is None else [Offer("Save week", "check", "", self.save_week, action), new]

    def take_focus(self) -> None:
        self.grid.setFocus()

    def refresh(self) -> None:
        moment = wall_clock(self.desk.now(), self.desk.zone())
        self.grid.show_now(moment.weekday(), moment.hour * 3600 + moment.minute * 60)

    def show_thing(self, name: str) -> None:
        self._exceptions.choose(name)

    # --- painting ----------------------------------------------------------------------------------------

    def paint(self, day: int, start: int, end: int, is_open: bool) -> None:
        """Makes a stretch of a weekday open or closed, here."""
        painted = self._week.painted(day, start, end, is_open=is_open)
        if painted.days != self._week.days:
            self._history.append(self._week)
            self._week = painted
            self._show()

    def undo(self) -> None:
        """Takes the last stretch back."""
        if self._history:
            self._week = self._history.pop()
            self._show()

    def save_week(self) -> None:
        """Asks the master to make it so."""
        action = openings.saving(self._saved, self._week)
        if action is not None:
            self._history.clear()
            self.desk.perform(action)

    # --- within ------------------------------------------------------------------------------------------

    def _choose_brush(self, key: str) -> None:
        self.grid.brush = key == "open"

    def _changed(self, _change: Change) -> None:
        """The master's week has changed: what was painted stays painted, upon the new one."""
        before, self._saved = self._saved, openings.week_of(self._table.rows.values())
        untouched = self._week.days == before.days
        days = self._saved.days if untouched or self._week.days == self._saved.days else self._week.days
        self._week = Week(days, self._saved.exceptions)
        if days == self._saved.days:
            self._history.clear()
        self._exceptions.show_week(self._saved)
        self._show()

    def _show(self) -> None:
        self.grid.show_week(self._week, self._saved)
        changed = self._week.days != self._saved.days
        self._undo.setEnabled(bool(self._history))
        self._save.setEnabled(changed)
        before, after = (sum(map(openings.open_seconds, week.days)) for week in (self._saved, self._week))
        said = f"Open {words.sum_of_hours(after)} a week"
        self._sum.setText(f"{said}; {words.sum_of_hours(before)} now." if changed else f"{said}. Nothing has changed.")
        self._foretell()

    def _foretell(self) -> None:
        """Whom it would log out."""
        inside = self.desk.mirror.table("people").rows.values()
        zone = self.desk.zone() or UTC
        gone = openings.logged_out(self._week, self._saved, inside, self.desk.now(), zone)
        names = words.names([f"{people.name_of(person)} on {person.node}" for person in gone], 8)
        self._preview.setText(f"Their sessions would end earlier: {names}." if gone else "Nobody is logged out by it.")
        self._preview.setProperty("role", "error" if gone else "muted")
        style = self._preview.style()
        if style is not None:
            style.polish(self._preview)

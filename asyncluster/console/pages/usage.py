"""Who sat where, and for whom the nodes computed: the hours of the week as a map, sums, and the timesheet to export.

The timesheet is asked for when the page is looked at, page by page, again when somebody comes or leaves, and every
minute; nothing of it is kept when another period is chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6 import sip
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFileDialog, QHBoxLayout

from asyncluster.console.desk import Desk
from asyncluster.console.offers import Offer
from asyncluster.console.pages.page import Page
from asyncluster.console.parts.cells import Cell, Tone
from asyncluster.console.parts.controls import Chips, EmptyNote, IconButton, Panel, SearchField
from asyncluster.console.parts.heatmap import HeatMap
from asyncluster.console.parts.ledger import Ledger
from asyncluster.console.parts.rowsmodel import Column, RowsModel
from asyncluster.console.parts.tableview import TableView
from asyncluster.console.state import curves, query, usage, words
from asyncluster.console.state.mirror import Table
from asyncluster.console.state.query import Field
from asyncluster.console.state.usage import PERIODS, Sitting
from asyncluster.core.qt.walltime import wall_clock
from asyncluster.core.wire.verbs.people import PAGE

if TYPE_CHECKING:
    from asyncluster.console.dialogs.sheet import Sheet

_MOST_ROWS = 100_000
_AGAIN_SECONDS = 60


class UsagePage(Page):
    """The usage."""

    title = "Usage"
    glyph = "usage"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._table: Table[Sitting] = Table()
        self._rows: list[dict[str, Any]] = []
        self._ticks = 0
        self._asked = 0  # counts up: answers to earlier questions are dropped
        self._first = self._last = date.today()
        self._period = Chips(desk.look, [(period.key, period.word, None) for period in PERIODS])
        self._period.chosen.connect(lambda _key: self.ask())
        self._fields = fields()
        self._search = SearchField(desk.look, list(self._fields))
        self._search.textChanged.connect(self._filter)
        self._map = HeatMap(desk.look, "people")
        self._people = Ledger(desk.look, ("Person", "Hours"), "Nobody sat there.")
        self._compute = Ledger(desk.look, ("Owner", "Hours"), "Nobody's calls were computed.")
        self.model: RowsModel[Sitting] = RowsModel(self._table, columns(desk.now, desk.zone))
        self.view = TableView(self.model, desk.look, self.title)
        self.view.restore(desk.settings)
        self.view.opened.connect(self._open)
        self._empty = EmptyNote(desk.look, "usage", "Nobody sat there", "Sessions appear here as they begin.")
        self.model.counted.connect(self._tell_empty)
        self._here: frozenset[tuple[str, str]] = frozenset()  # who sat where when the timesheet was asked for
        self._lay_out()
        self._tell_empty()
        desk.mirror.table("people").listen(lambda _change: self._follow())

    def _lay_out(self) -> None:
        self._export = IconButton(self.desk.look, "Export CSV\u2026", "down", does=self._choose_file)
        self.head.addWidget(self._search)
        self.add_button("History\u2026", "usage", "h")
        self.head.addWidget(self._export)
        self.rows.addWidget(self._period)
        across = QHBoxLayout()
        across.setSpacing(16)
        hours = Panel("People in the room", "on average, by day and hour")
        hours.rows.addWidget(self._map)
        sums = Panel("Hours by person")
        sums.rows.addWidget(self._people)
        compute = Panel("Computed for", "core hours")
        compute.rows.addWidget(self._compute)
        across.addWidget(hours, 5)
        across.addWidget(sums, 2)
        across.addWidget(compute, 2)
        self.body.addLayout(across)
        self.body.addWidget(self.view, 1)
        self.body.addWidget(self._empty, 1)
        self.finish()

    # --- for the window ----------------------------------------------------------------------------------

    def offers(self) -> Sequence[Offer]:
        return [Offer("History\u2026", "usage", "h", self.show_past)]

    def take_focus(self) -> None:
        self.focus(self.view)
        self.ask()

    def focus_filter(self) -> None:
        self._search.setFocus()

    def refresh(self) -> None:
        self._ticks += 1
        if self._ticks % _AGAIN_SECONDS == 0:  # sessions that go on grow longer, and calls are computed
            self.ask()

    def show_period(self, key: str) -> None:
        """Shows one of `PERIODS`."""
        self._period.choose(key)

    def show_past(self) -> Sheet:
        """Opens plots of the chosen period, hour by hour."""
        from asyncluster.console.dialogs.usagehistory import UsageHistory  # loads the plotting library

        now = self.desk.now()
        first = usage.midnight(self._first, self.desk.zone())
        sheet = UsageHistory(self, self.desk, curves.of_people(self._table.rows.values(), first, now))
        sheet.show_computing(curves.of_computing((), first, now))

        def answered(answer: Any) -> None:
            if not sip.isdeleted(sheet):  # it may have been closed meanwhile
                sheet.show_computing(curves.of_computing(answer or (), first, now))

        self.desk.ask("timesheet compute", {**self._dates(), "by": "hour"}, answered)
        sheet.open()
        return sheet

    # --- asking ------------------------------------------------------------------------------------------

    def ask(self) -> None:
        """Asks for the timesheet of the chosen period, from its beginning."""
        period = next(period for period in PERIODS if period.key == self._period.key)
        today = wall_clock(self.desk.now(), self.desk.zone()).date()
        self._first, self._last = period.dates(today)
        self._asked += 1
        self._here = self._who_is_here()
        self._ask_page(self._asked, [])
        self._ask_compute(self._asked)

    def _ask_compute(self, asked: int) -> None:
        def answered(answer: Any) -> None:
            if asked == self._asked:
                rows = [(row["owner"], words.hours(3600 * row["hours"])) for row in answer or ()]
                self._compute.show_lines(rows)

        self.desk.ask("timesheet compute", self._dates(), answered)

    def _dates(self) -> dict[str, str]:
        return {"since": self._first.isoformat(), "until": self._last.isoformat()}

    def _follow(self) -> None:
        """Somebody has come or left."""
        if self.isVisible() and self._who_is_here() != self._here:
            self.ask()

    def _who_is_here(self) -> frozenset[tuple[str, str]]:
        people = self.desk.mirror.table("people").rows.values()
        return frozenset((person.name, person.node) for person in people if person.node)

    def _ask_page(self, asked: int, rows: list[dict[str, Any]]) -> None:
        def answered(answer: Any) -> None:
            if asked != self._asked:
                return
            page = list(answer or ())
            rows.extend(page)
            if len(page) == PAGE and len(rows) < _MOST_ROWS:
                self._ask_page(asked, rows)
            else:
                self._show(rows)

        self.desk.ask("timesheet list", {**self._dates(), "skip": len(rows)}, answered)

    def _show(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows
        found = usage.sittings(rows, self.desk.now())
        self._table.receive(found, [], full=True)
        self.subtitle.setText(usage.summary(found))
        zone, now = self.desk.zone(), self.desk.now()
        self._map.show_values(usage.hours_of_week(found, self._first, self._last, zone, now))
        sums = usage.totals(found)
        self._people.show_lines([(name, words.hours(seconds)) for name, seconds in sums])

    # --- within ------------------------------------------------------------------------------------------

    def _filter(self) -> None:
        wanted = query.read(self._search.text(), self._fields)
        self._search.problem(wanted.problem)
        self.model.search(wanted.matches)

    def _tell_empty(self) -> None:
        nothing = self.model.rowCount() == 0
        self._empty.setVisible(nothing)
        self.view.setVisible(not nothing)
        self._export.setEnabled(not nothing)

    def _open(self) -> None:
        sitting = self.view.current()
        if sitting is not None:
            self.desk.opened.emit(f"user:{sitting.name}")

    def _choose_file(self) -> None:
        chooser = QFileDialog(self, "Export the timesheet")
        chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.selectFile(f"timesheet-{self._first}-{self._last}.csv")
        chooser.fileSelected.connect(self.export)
        chooser.open()

    def export(self, path: str) -> None:
        """Writes the rows of the period to a file, those that the filter hides as well."""
        try:
            Path(path).write_text(usage.csv_text(self._rows), encoding="utf-8")
        except OSError as error:
            self.desk.failed.emit(f"{path} cannot be written: {error.strerror}.")
        else:
            self.desk.told.emit(f"{words.counted(len(self._rows), 'session', 'sessions')} went to {path}.", None)


def columns(now: Callable[[], float], zone: Callable[[], tzinfo | None]) -> list[Column[Sitting]]:
    """The columns, for a clock and a time zone."""

    def start(sitting: Sitting) -> Cell:
        return Cell(words.moment(sitting.start, now(), zone()))

    def end(sitting: Sitting) -> Cell:
        return Cell(words.moment(sitting.end, now(), zone())) if sitting.over else Cell("goes on", Tone.MUTED)

    return [
        Column("From", "When the session began", start, lambda sitting: sitting.start, 150, descending=True),
        Column("To", "When it ended", end, lambda sitting: sitting.end, 150),
        Column("Person", "Who", lambda sitting: Cell(sitting.name, Tone.STRONG), lambda sitting: sitting.name, 150),
        Column("Node", "Where", lambda sitting: Cell(sitting.node), lambda sitting: sitting.node, 130),
        Column("Length", "How long", _length, lambda sitting: sitting.seconds, 90, True, True),
        Column("Ended by", "Why it ended", lambda s: Cell(s.why, Tone.MUTED), lambda s: s.why or None, 200),
    ]


def fields() -> dict[str, Field[Sitting]]:
    """What a search can ask about sessions."""
    return {
        "user": Field(lambda sitting: sitting.name),
        "node": Field(lambda sitting: sitting.node),
        "length": Field(lambda sitting: sitting.seconds, seconds=True),
        "ended": Field(lambda sitting: sitting.why),
    }


def _length(sitting: Sitting) -> Cell:
    return Cell(words.hours(sitting.seconds))

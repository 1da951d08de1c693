"""What the pages with a table have in common: chips, a filter, the table, its menu, and a sentence when it is empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PyQt6.QtCore import QPoint

from asyncluster.console.desk import Desk
from asyncluster.console.offers import show_menu
from asyncluster.console.pages.page import Page
from asyncluster.console.parts.controls import Chips, EmptyNote, SearchField
from asyncluster.console.parts.rowsmodel import Column, RowsModel
from asyncluster.console.parts.tableview import TableView
from asyncluster.console.state import query
from asyncluster.console.state.mirror import Change
from asyncluster.console.state.query import Field
from asyncluster.core.qt.tokens import State

_LEAST_HEIGHT = 124  # pixels: the header, two rows, and a scroll bar


class ListPage(Page):
    """A page around one table.

    Args:
        topic: of the feed.
        columns: of the table, and which of them sorts at first.
        fields: what a query can ask.
        chips: key, word, badge and test of each.
        empty: head and text when there is nothing at all.
    """

    def __init__(
        self,
        desk: Desk,
        topic: str,
        columns: Sequence[Column[Any]],
        fields: Mapping[str, Field[Any]],
        chips: Sequence[tuple[str, str, State | None, Callable[[Any], bool]]],
        empty: tuple[str, str],
        *,
        sorted_by: int = 0,
        row_height: int = 36,
    ) -> None:
        super().__init__(desk)
        self._source = desk.mirror.table(topic)
        self._tests = {key: test for key, _word, _state, test in chips}
        self._fields = fields
        self._said_empty = empty
        self.model: RowsModel[Any] = RowsModel(self._source, columns, sorted_by)
        self.search = SearchField(desk.look, list(fields))
        self.search.textChanged.connect(self._filter)
        self.chips = Chips(desk.look, [(key, word, state) for key, word, state, _test in chips])
        self.chips.chosen.connect(lambda _key: self._filter())
        self.view = TableView(self.model, desk.look, self.title, row_height=row_height)
        self.view.setMinimumHeight(desk.look.theme.px(_LEAST_HEIGHT))
        self.view.restore(desk.settings)
        self.view.menu_wanted.connect(self._menu)
        self.empty = EmptyNote(desk.look, self.glyph, *empty)
        self.head.addWidget(self.search)
        self.rows.addWidget(self.chips)
        self.body.addWidget(self.view, 1)
        self.body.addWidget(self.empty, 1)
        self.finish()
        self._source.listen(self._count)
        self.model.counted.connect(self._tell_empty)
        self._count(Change(frozenset()))
        self._tell_empty()

    # --- for the window ----------------------------------------------------------------------------------

    def take_focus(self) -> None:
        self.focus(self.view)

    def refresh(self) -> None:
        self.model.refresh()

    def focus_filter(self) -> None:
        self.search.setFocus()

    def show_thing(self, name: str) -> None:
        key: Any = int(name) if name.isdigit() and not isinstance(next(iter(self._source.rows), ""), str) else name
        if not self.view.select(key):
            self.search.clear()
            self.chips.choose("all")
            self.view.select(key)
        self.view.setFocus()

    # --- for pages ---------------------------------------------------------------------------------------

    def count(self, rows: Sequence[Any]) -> None:
        """Other rows are there; a page may say so in its subtitle."""

    # --- within ------------------------------------------------------------------------------------------

    def _filter(self) -> None:
        wanted = query.read(self.search.text(), self._fields)
        self.search.problem(wanted.problem)
        test, matches = self._tests[self.chips.key], wanted.matches
        self.model.search(lambda row: test(row) and matches(row))

    def _count(self, _change: Change) -> None:
        rows = list(self._source.rows.values())
        for key, test in self._tests.items():
            self.chips.count(key, sum(map(test, rows)))
        self.count(rows)

    def _tell_empty(self) -> None:
        nothing = self.model.rowCount() == 0
        filtered = nothing and bool(self._source.rows)
        self.empty.say(*(("Nothing fits the filter", "Clear the filter to see all.") if filtered else self._said_empty))
        self.empty.setVisible(nothing)
        self.view.setVisible(not nothing)

    def _menu(self, point: QPoint) -> None:
        offers = self.offers()
        if offers:
            show_menu(offers, point, self.desk, self)

"""The room: every node at a glance, what the cores do, and whoever sits at the selected node."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from asyncluster.console.desk import Desk
from asyncluster.console.offers import Offer, show_menu
from asyncluster.console.pages.daskpanel import DaskNow
from asyncluster.console.pages.glance import ComputingHere, CoresNow
from asyncluster.console.pages.page import Page, scrolling
from asyncluster.console.pages.selected import Selected
from asyncluster.console.parts.controls import Chips, EmptyNote, IconButton, SearchField
from asyncluster.console.parts.roomview import RoomView
from asyncluster.console.state import nodes, places, query, words
from asyncluster.console.state.floor import Level
from asyncluster.console.state.mirror import Change
from asyncluster.console.state.places import Cell
from asyncluster.core.qt.tokens import State
from asyncluster.core.wire.feed import NodeRow, Options

_SIDE_WIDTH = 256
_PLACES = "room/places"
_LEVELS = [("auto", "Fit", None), *((level.name, level.value, None) for level in Level)]


class RoomPage(Page):
    """One picture of all nodes."""

    title = "Room"
    glyph = "room"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._table = desk.mirror.table("nodes")
        self._state = "all"
        self._fields = nodes.fields(desk.now)
        self._search = SearchField(desk.look, list(self._fields))
        self._search.textChanged.connect(self._filter)
        states = [(state, word, State(state)) for state, word in words.STATE_WORDS.items()]
        self._chips = Chips(desk.look, [("all", "All", None), *states])
        self._chips.chosen.connect(self._choose_state)
        self._levels = Chips(desk.look, _LEVELS)
        self._levels.chosen.connect(self._choose_level)
        self.view = RoomView(self._table, desk.mirror.table("cores"), desk.look, desk.now, desk.zone)
        self.view.chosen.connect(self._show_selected)
        self.view.opened.connect(self._open)
        self.view.menu_wanted.connect(self._menu)
        self.view.scrolled.connect(self.topics_changed)
        self.view.moved.connect(self._stand)
        self._places = places.read(_stored(desk.settings.value(_PLACES)))
        self.view.stand(self._places)
        self._empty = EmptyNote(desk.look, "node", "No nodes yet", "On each PC, run: asyncluster node run")
        self._lay_out()
        self._table.listen(self._changed)
        self._changed(Change(frozenset()))

    def _lay_out(self) -> None:
        self.head.addWidget(self._search)
        self._drain = self.add_button("Drain", "drain", "d")
        self.head.addWidget(IconButton(self.desk.look, "Message room\u2026", "message", does=self._message_room))
        filters = QHBoxLayout()
        filters.setSpacing(16)
        filters.addWidget(self._chips, 1)
        filters.addWidget(self._levels)
        self.rows.addLayout(filters)
        self.body.addWidget(self.view, 1)
        self.body.addWidget(self._empty, 1)
        side = QWidget()
        side.setMinimumWidth(self.desk.look.theme.px(_SIDE_WIDTH))
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(16)
        self._cores = CoresNow(self.desk)
        self._jobs = ComputingHere(self.desk)
        self._dask = DaskNow(self.desk)
        self._selected = Selected(self.desk, self.make, self._open)
        above = QWidget()
        panels = QVBoxLayout(above)
        panels.setContentsMargins(0, 0, 0, 0)
        panels.setSpacing(16)
        panels.addWidget(self._cores)
        panels.addWidget(self._jobs)
        panels.addWidget(self._dask)
        panels.addStretch()
        column.addWidget(scrolling(above), 1)
        column.addWidget(self._selected)
        self.add_dock("roomSide", "At a glance", side, Qt.DockWidgetArea.RightDockWidgetArea)
        self.finish()

    # --- for the window ----------------------------------------------------------------------------------

    def topics(self) -> dict[str, Options]:
        names = self.view.visible_ids()
        return {"cores": Options(names)} if names else {}

    def offers(self) -> Sequence[Offer]:
        offers = self.make.for_nodes(self.view.selected())
        if self._places:
            offers.append(Offer("Stand in the order of names", "room", "", lambda: self._stand({})))
        return offers

    def take_focus(self) -> None:
        self.view.setFocus()

    def refresh(self) -> None:
        self.view.refresh()
        self._selected.show_nodes(self.view.selected())

    def focus_filter(self) -> None:
        self._search.setFocus()

    def show_thing(self, name: str) -> None:
        self._search.clear()
        self._chips.choose("all")
        self.view.select([name])
        self.view.setFocus()

    def show_level(self, name: str) -> None:
        """Shows nodes as "TILE", "BRICK" or "STRIP", or with "auto" as fits their number."""
        self._levels.choose(name)

    # --- filters -----------------------------------------------------------------------------------------

    def _choose_state(self, state: str) -> None:
        self._state = state
        self._filter()

    def _choose_level(self, level: str) -> None:
        self.view.show_level(None if level == "auto" else Level[level])

    def _filter(self) -> None:
        wanted = query.read(self._search.text(), self._fields)
        self._search.problem(wanted.problem)
        state, matches = self._state, wanted.matches

        def fits(node: NodeRow) -> bool:
            return (state == "all" or node.state == state) and matches(node)

        self.view.search(fits)
        self._tell_empty()

    # --- what is shown -----------------------------------------------------------------------------------

    def _changed(self, _change: Change) -> None:
        rows = list(self._table.rows.values())
        found = dict.fromkeys(words.STATE_WORDS, 0)
        for node in rows:
            found[node.state] += 1
        self._chips.count("all", len(rows))
        for state, count in found.items():
            self._chips.count(state, count)
        self.subtitle.setText(words.counted(len(rows), "PC", "PCs"))
        self._tell_empty()

    def _tell_empty(self) -> None:
        nothing = not self.view.shown()
        if nothing and self._table.rows:
            self._empty.say("No node fits the filter", "Clear the filter to see all of them.")
        self._empty.setVisible(nothing)
        self.view.setVisible(not nothing)

    def _show_selected(self) -> None:
        chosen = self.view.selected()
        self._selected.show_nodes(chosen)
        self._drain.setEnabled(any(offer.key == "d" for offer in self.offers()))

    def _stand(self, where: dict[str, Cell]) -> None:
        """Tiles were dragged to where the PCs stand; remembered."""
        self._places = where
        self.desk.settings.setValue(_PLACES, json.dumps(where))
        self.view.stand(where)

    # --- acting ------------------------------------------------------------------------------------------

    def _open(self) -> None:
        chosen = self.view.selected()
        if chosen:
            self.desk.opened.emit(f"node:{chosen[0].name}")

    def _menu(self, point: QPoint) -> None:
        show_menu(self.offers(), point, self.desk, self)

    def _message_room(self) -> None:
        people = self.make.people_at(list(self._table.rows.values()))
        for offer in self.make.for_sessions(people) if people else ():
            if offer.key == "m":
                offer.run()


def _stored(text: Any) -> Any:
    """What was written down; None if it makes no sense, since the file may be anybody's work."""
    try:
        return json.loads(text or "{}")
    except (TypeError, ValueError, RecursionError):
        return None

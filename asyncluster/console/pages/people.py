"""The people: who is logged in where, what they have used and have left; the selected one at the side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import Qt

from asyncluster.console.desk import Desk
from asyncluster.console.dialogs import forms
from asyncluster.console.offers import Offer
from asyncluster.console.pages.listpage import ListPage
from asyncluster.console.pages.page import scrolling
from asyncluster.console.pages.persondetail import PersonPanel
from asyncluster.console.parts.cells import EMPTY, Bar, Cell, Tone
from asyncluster.console.parts.controls import IconButton
from asyncluster.console.parts.rowsmodel import Column
from asyncluster.console.state import actions, people, words
from asyncluster.console.state.nodes import SOON
from asyncluster.core.qt.tokens import State
from asyncluster.core.wire.feed import PersonRow


class PeoplePage(ListPage):
    """The people."""

    title = "People"
    glyph = "people"

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk,
            "people",
            columns(desk.now),
            people.fields(desk.now),
            [
                ("all", "All", None, lambda _person: True),
                ("inside", "Logged in", State.IN_USE, lambda person: bool(person.node)),
                ("recent", "Recent", None, people.is_recent),
                ("low", "Low on time", State.DRAINING, lambda person: people.is_low(person, desk.now())),
                ("disabled", "Disabled", State.OFFLINE, lambda person: not person.enabled),
            ],
            ("Nobody has an account yet", "Add a person, or run: asyncluster user add NAME"),
            sorted_by=2,
            row_height=40,
        )
        self.head.addWidget(IconButton(desk.look, "Add a person\u2026", "plus", "main", does=self._add))
        self._panel = PersonPanel(desk, self.make)
        dock = self.add_dock("person", "Person", scrolling(self._panel), Qt.DockWidgetArea.RightDockWidgetArea)
        dock.hide()
        self._dock = dock
        self.view.chosen.connect(self._choose)
        self.view.opened.connect(dock.show)

    def offers(self) -> Sequence[Offer]:
        new = Offer("Add a person\u2026", "plus", "n", self._add)
        return [*self.make.for_people(self.view.selected()), new]

    def count(self, rows: Sequence[PersonRow]) -> None:
        inside = sum(bool(person.node) for person in rows)
        self.subtitle.setText(f"{words.thousands(inside)} logged in")

    def refresh(self) -> None:
        super().refresh()
        self._panel.refresh()

    def _choose(self) -> None:
        chosen = self.view.selected()
        if not chosen:
            return
        first = not self._panel.chosen
        self._panel.show_people(chosen)
        if first:
            self._dock.show()

    def _add(self) -> None:
        def add(name: str, password: str, daily: float | None, weekly: float | None, restricted: bool) -> None:
            self.desk.perform(actions.add_person(name, password, daily, weekly, restricted=restricted))

        forms.ask_person(self, add)


def columns(now: Callable[[], float]) -> list[Column[PersonRow]]:
    """The columns, for a clock."""

    def today(person: PersonRow) -> Cell:
        return _used(people.used_today(person, now()), person.daily, person.granted)

    def week(person: PersonRow) -> Cell:
        return _used(people.used_week(person, now()), person.weekly, 0.0)

    def left(person: PersonRow) -> Cell:
        seconds = people.left(person, now())
        low = seconds is not None and seconds < SOON
        return Cell(words.left(seconds), Tone.STRONG if low else Tone.MUTED)

    return [
        Column("Name", "Full name, if it is known", _name, lambda person: people.name_of(person).casefold(), 150),
        Column("User ID", "What they log in with", _user, lambda person: person.name, 110),
        Column("Logged in", "Where they sit", _node, lambda person: person.node or None, 110),
        Column(
            "Today", "Used of the hours a day", today, lambda person: people.used_today(person, now()), 160, False, True
        ),
        Column("Left", "Until the session has to end", left, lambda person: people.left(person, now()), 100, True),
        Column(
            "This week", "Used since Monday", week, lambda person: people.used_week(person, now()), 160, False, True
        ),
        Column("May log in", "Why they cannot log in now", _may, lambda person: person.refused or None, 180),
    ]


def _name(person: PersonRow) -> Cell:
    return Cell(people.name_of(person), Tone.STRONG if person.enabled else Tone.MUTED)


def _user(person: PersonRow) -> Cell:
    return Cell(person.name, Tone.MUTED)


def _node(person: PersonRow) -> Cell:
    return Cell(person.node, badge=State.IN_USE) if person.node else EMPTY


def _used(seconds: float, quota: float | None, granted: float) -> Cell:
    if quota is None:
        return Cell(f"{words.hours(seconds)}, no limit", Tone.MUTED)
    left = people.left_of(quota, seconds, granted) or 0.0
    share = seconds / (quota + granted) if quota + granted else 1.0
    return Cell(words.hours(seconds), bar=Bar(min(1.0, share), people.fill(left)), bar_width=80)


def _may(person: PersonRow) -> Cell:
    if not person.enabled:
        return Cell("Disabled", Tone.MUTED, badge=State.OFFLINE)
    return Cell(person.refused, Tone.MUTED) if person.refused else Cell("Yes", Tone.MUTED)

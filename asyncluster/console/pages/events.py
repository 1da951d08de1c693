"""What happened: who did what to whom, newest first; and what needs a look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo

from asyncluster.console.desk import Desk
from asyncluster.console.pages.listpage import ListPage
from asyncluster.console.parts.cells import Cell, Tone
from asyncluster.console.parts.rowsmodel import Column
from asyncluster.console.state import words
from asyncluster.console.state.query import Field
from asyncluster.core.qt.tokens import State
from asyncluster.core.wire.feed import EventRow

_BADGES: dict[str, State | str] = {"info": "check", "warning": "warning", "error": State.ERROR}
_WORDS = {"info": "Done", "warning": "Warning", "error": "Error"}
_ORDER = ("error", "warning", "info")


class EventsPage(ListPage):
    """The events."""

    title = "Events"
    glyph = "events"

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk,
            "events",
            columns(desk.now, desk.zone),
            fields(desk.now),
            [
                ("all", "All", None, lambda _event: True),
                ("error", "Errors", State.ERROR, lambda event: event.severity == "error"),
                ("warning", "Warnings", State.DRAINING, lambda event: event.severity == "warning"),
                ("people", "People", State.IN_USE, lambda event: event.subject.startswith("user:")),
                ("nodes", "Nodes", None, lambda event: event.subject.startswith("node:")),
                ("jobs", "Jobs", None, lambda event: event.subject.startswith("job:")),
            ],
            ("Nothing has happened yet", "What people, nodes and operators do is written here."),
        )
        self.view.opened.connect(self._open)

    def count(self, rows: Sequence[EventRow]) -> None:
        self.subtitle.setText(words.counted(len(rows), "event", "events") + " since the master started")

    def _open(self) -> None:
        event = self.view.current()
        if event is not None and event.subject:
            self.desk.opened.emit(event.subject)


def columns(now: Callable[[], float], zone: Callable[[], tzinfo | None]) -> list[Column[EventRow]]:
    """The columns, for a clock and a time zone."""

    def at(event: EventRow) -> Cell:
        return Cell(words.moment(event.at, now(), zone()), Tone.MUTED)

    return [
        Column("Time", "When it happened", at, lambda event: event.id, 140, descending=True),
        Column("Kind", "How much it matters", _kind, lambda event: _ORDER.index(event.severity), 120),
        Column("Who", "Who did it", lambda event: Cell(event.actor), lambda event: event.actor, 120),
        Column("About", "What it is about; Enter opens it", _about, lambda event: event.subject or None, 160),
        Column("What", "What happened", lambda event: Cell(event.text), lambda event: event.text, 480),
    ]


def fields(now: Callable[[], float]) -> dict[str, Field[EventRow]]:
    """What a search can ask about events."""
    return {
        "text": Field(lambda event: event.text),
        "who": Field(lambda event: event.actor),
        "about": Field(lambda event: event.subject),
        "kind": Field(lambda event: event.severity),
        "age": Field(lambda event: now() - event.at, seconds=True),
    }


def _kind(event: EventRow) -> Cell:
    return Cell(
        _WORDS[event.severity], Tone.MUTED if event.severity == "info" else Tone.NORMAL, _BADGES[event.severity]
    )


def _about(event: EventRow) -> Cell:
    kind, _, name = event.subject.partition(":")
    if not name:
        return Cell()
    return Cell(f"job {name}" if kind == "job" else name)

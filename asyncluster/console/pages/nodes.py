"""All nodes as a table: who sits there, what they compute, how they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo

from asyncluster.console.desk import Desk
from asyncluster.console.offers import Offer
from asyncluster.console.pages.listpage import ListPage
from asyncluster.console.parts.cells import EMPTY, Bar, Cell, Chip, Tone
from asyncluster.console.parts.rowsmodel import Column
from asyncluster.console.state import curves, nodes, words
from asyncluster.console.state.order import natural
from asyncluster.core.qt.tokens import State
from asyncluster.core.wire.feed import NODE, NodeRow

_STATES = list(words.STATE_WORDS)


class NodesPage(ListPage):
    """The nodes."""

    title = "Nodes"
    glyph = "node"

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk,
            "nodes",
            columns(desk.now, desk.zone),
            nodes.fields(desk.now),
            [
                ("all", "All", None, lambda _node: True),
                ("person", "With a person", State.IN_USE, lambda node: bool(node.person)),
                ("computing", "Computing", State.COMPUTING, lambda node: bool(node.running)),
                ("trouble", "Trouble", State.ERROR, lambda node: bool(node.trouble) or node.state == "offline"),
            ],
            ("No nodes yet", "On each PC, run: asyncluster node run"),
        )
        self.add_button("Drain", "drain", "d")
        self.add_button("Resume", "play", "r")
        self.add_button("History\u2026", "usage", "h")
        self.view.opened.connect(self._open)

    def offers(self) -> Sequence[Offer]:
        chosen = self.view.selected()
        offers = self.make.for_nodes(chosen)
        if len(chosen) == 1:
            topic = f"{NODE}{chosen[0].name}"
            offers.append(Offer("History\u2026", "usage", "h", lambda: self.show_history(topic, curves.of_node)))
        return offers

    def count(self, rows: Sequence[NodeRow]) -> None:
        answering = [node for node in rows if node.state != "offline"]
        cores = sum(node.cores for node in answering)
        self.subtitle.setText(f"{words.counted(len(rows), 'node', 'nodes')}, {words.thousands(cores)} cores")

    def _open(self) -> None:
        node = self.view.current()
        if node is not None:
            self.desk.opened.emit(f"room:{node.name}")


def columns(now: Callable[[], float], zone: Callable[[], tzinfo | None]) -> list[Column[NodeRow]]:
    """The columns, for a clock and a time zone."""

    def since(node: NodeRow) -> Cell:
        return Cell(words.moment(node.since, now(), zone()), Tone.MUTED)

    def left(node: NodeRow) -> Cell:
        if not node.person:
            return EMPTY
        seconds = nodes.seconds_left(node, now())
        if seconds is None:
            return Cell("No limit", Tone.MUTED)
        bar = Bar(nodes.share_left(node, now()) or 0.0, nodes.urgency(seconds))
        return Cell(words.hours(seconds), Tone.STRONG if seconds < nodes.SOON else Tone.NORMAL, bar=bar, bar_width=48)

    return [
        Column("Node", "Its name", lambda node: Cell(node.name, Tone.STRONG), lambda node: natural(node.name), 100),
        Column(
            "State",
            "What it is about",
            lambda node: Cell(words.STATE_WORDS[node.state], badge=nodes.state_of(node)),
            lambda node: _STATES.index(node.state),
            130,
        ),
        Column("Since", "How long it has been in this state", since, lambda node: node.since, 90),
        Column("Person", "Who is logged in", _person, lambda node: nodes.person_of(node).casefold() or None, 140),
        Column("Left", "Time that the person has left", left, lambda node: node.until, 120),
        Column("Jobs", "Jobs that compute on it", _jobs, lambda node: len(node.running), 130, descending=True),
        Column("Running", "Calls that run, of its workers", _running, _count_running, 88, True, True),
        Column("Waiting", "Calls that wait on it", _queued, lambda node: node.queued, 80, True, True),
        Column("Rate", "Calls that it finished in the last minute", _rate, lambda node: node.rate, 88, True, True),
        Column("Load", "Processes that want to run, on average of a minute", _load, lambda n: n.load, 64, True, True),
        Column("Memory", "Memory in use, of what it has", _memory, _memory_share, 136, True, True),
        Column("Trouble", "What needs a look", _trouble, lambda node: node.trouble or None, 220),
    ]


def _person(node: NodeRow) -> Cell:
    return Cell(nodes.person_of(node)) if node.person else EMPTY


def _jobs(node: NodeRow) -> Cell:
    return Cell(chips=tuple(Chip(number) for number in sorted(node.running))) if node.running else EMPTY


def _count_running(node: NodeRow) -> int:
    return sum(node.running.values())


def _running(node: NodeRow) -> Cell:
    running = _count_running(node)
    return Cell(f"{running} / {node.workers}", Tone.NORMAL if running else Tone.MUTED)


def _queued(node: NodeRow) -> Cell:
    return Cell(words.thousands(node.queued), Tone.NORMAL if node.queued else Tone.MUTED)


def _rate(node: NodeRow) -> Cell:
    return Cell(words.per_minute(node.rate), Tone.NORMAL if node.rate else Tone.MUTED)


def _load(node: NodeRow) -> Cell:
    return EMPTY if node.state == "offline" else Cell(f"{node.load:.1f}", Tone.NORMAL if node.load else Tone.MUTED)


def _memory_share(node: NodeRow) -> float | None:
    return node.memory_used / node.memory if node.memory else None


def _memory(node: NodeRow) -> Cell:
    share = _memory_share(node)
    if share is None or node.state == "offline":
        return EMPTY
    return Cell(f"{words.percent(share)} of {words.size(node.memory)}", Tone.STRONG if share > 0.9 else Tone.NORMAL)


def _trouble(node: NodeRow) -> Cell:
    return Cell(node.trouble, Tone.ERROR) if node.trouble else Cell(node.note, Tone.MUTED)

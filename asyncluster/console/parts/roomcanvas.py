"""The picture of the room: every node at one of three levels of detail, painted by one widget.

It knows where each node stands and what it looks like; `RoomView` adds what hands do.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from PyQt6.QtCore import QPointF, QRect, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QAbstractScrollArea, QWidget

from asyncluster.console.parts.roompictures import Pictures
from asyncluster.console.parts.roomselection import Selection
from asyncluster.console.parts.tiles import TilePainter
from asyncluster.console.state import floor, nodes, places, words
from asyncluster.console.state.floor import Box, Level, Plan
from asyncluster.console.state.mirror import Change, Table
from asyncluster.console.state.order import arranged
from asyncluster.console.state.places import Cell, Places
from asyncluster.console.state.query import everything
from asyncluster.core.qt.theme import Look
from asyncluster.core.wire.feed import CoresRow, NodeRow, RowId

_MARGIN = 4  # room for the ring of a selected tile


class RoomCanvas(QAbstractScrollArea):
    """The picture.

    Signals:
        scrolled: other nodes can be seen.

    Args:
        table: the nodes.
        cores: what their cores do; only of those that can be seen.
        now: the master's clock.
        zone: the master's time zone.
    """

    scrolled = pyqtSignal()

    def __init__(
        self,
        table: Table[NodeRow],
        cores: Table[CoresRow],
        look: Look,
        now: Callable[[], float],
        zone: Callable[[], tzinfo | None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.selection = Selection()
        self._table = table
        self._cores = cores
        self._look = look
        self._now = now
        self._zone = zone
        self._matches: Callable[[NodeRow], bool] = everything
        self._level: Level | None = None  # chosen by hand
        self._places: Places = {}
        self._names: list[RowId] = []
        self._plan: Plan = floor.plan((), 100, Level.TILE)
        self._pictures = Pictures()
        self.frame: QRect | None = None  # drawn around some nodes
        self.target: Cell | None = None  # where a tile would be dropped
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._bar().valueChanged.connect(self.scrolled)
        table.listen(self._nodes_changed)
        cores.listen(self._cores_changed)
        look.changed.connect(self._dress)
        self._arrange()

    # --- for the page ------------------------------------------------------------------------------------

    @property
    def level(self) -> Level:
        """The level that is shown."""
        return self._level or floor.fitting(len(self._names))

    def show_level(self, level: Level | None) -> None:
        """Shows this level; None: the one that fits the number of nodes."""
        self._level = level
        self._lay_out()

    def stand(self, where: Places) -> None:
        """Tiles stand at these places while all nodes are shown; none: in the order of their names."""
        self._places = where
        self._lay_out()

    def search(self, matches: Callable[[NodeRow], bool]) -> None:
        """Shows only nodes that match."""
        self._matches = matches
        self._arrange()

    def shown(self) -> int:
        """How many nodes are shown."""
        return len(self._names)

    def visible_ids(self) -> list[RowId]:
        """Nodes that can be seen with their cores: none at the levels that do not show these."""
        if self.level is not Level.TILE:
            return []
        return [self.name_at(place) for place in self._plan.within(self._seen())]

    def spoken_places(self) -> list[tuple[str, QRect]]:
        """What is said of each node that can be seen, and where it stands in the viewport."""
        found = []
        for place in self._plan.within(self._seen()):
            node = self._table.rows.get(self.name_at(place))
            if node is not None:
                found.append((self.spoken(node), self._on_screen(self._plan.boxes[place]).toAlignedRect()))
        return found

    def spoken(self, node: NodeRow) -> str:
        """All that its tile says, in a sentence."""
        return nodes.spoken(node, self._now(), self._zone())

    def refresh(self) -> None:
        """A minute has passed: words that depend on the time are other ones now."""
        self.surface().update()

    # --- for the hands -----------------------------------------------------------------------------------

    @property
    def plan(self) -> Plan:
        """Where everything stands."""
        return self._plan

    def order(self) -> list[RowId]:
        """The nodes in the order in which they stand."""
        return [self._names[index] for index in self._plan.order]

    def name_at(self, place: int) -> RowId:
        """The node at a place of the plan."""
        return self._names[self._plan.order[place]]

    def node_at(self, point: QPointF) -> RowId | None:
        """The node at a point of the viewport."""
        box = self.from_screen(QRectF(point.x(), point.y(), 0, 0))
        place = self._plan.at(box.x, box.y)
        return None if place is None else self.name_at(place)

    def from_screen(self, rect: QRectF) -> Box:
        """A rectangle of the viewport in the picture's own coordinates."""
        scale = self._look.theme.scale
        top = rect.top() + self._bar().value() - _MARGIN
        return Box((rect.left() - _MARGIN) / scale, top / scale, rect.width() / scale, rect.height() / scale)

    def scroll_to(self, name: RowId) -> None:
        """Brings a node into sight."""
        order = self.order()
        if name not in order:
            return
        rect = self._on_screen(self._plan.boxes[order.index(name)])
        bar = self._bar()
        if rect.top() < _MARGIN:
            bar.setValue(round(bar.value() + rect.top()) - _MARGIN)
        elif rect.bottom() > self.surface().height():
            bar.setValue(round(bar.value() + rect.bottom() - self.surface().height()) + _MARGIN)

    def surface(self) -> QWidget:
        """The viewport."""
        viewport = self.viewport()
        assert viewport is not None
        return viewport

    # --- from the mirror ---------------------------------------------------------------------------------

    def _nodes_changed(self, change: Change) -> None:
        self._arrange()
        self._pictures.forget(change.gone)

    def _cores_changed(self, change: Change) -> None:
        for place in self._plan.within(self._seen()):
            if self.name_at(place) in change.changed:
                self.surface().update(self._on_screen(self._plan.boxes[place]).toAlignedRect())

    def _arrange(self) -> None:
        names = arranged(self._table.rows.items(), self._matches, lambda _row: 0, descending=False)
        if names != self._names:
            self._names = names
            self._lay_out()
        self.surface().update()

    def _lay_out(self) -> None:
        scale = self._look.theme.scale
        width = (self.surface().width() - 2 * _MARGIN) / scale
        names = [str(name) for name in self._names]
        if self._places and self.level is Level.TILE and len(names) == len(self._table.rows):
            self._plan = places.plan_of(names, self._places, width)
        else:
            self._plan = floor.plan(names, width, self.level)
        page = self.surface().height()
        self._bar().setRange(0, max(0, round(self._plan.height * scale) + 2 * _MARGIN - page))
        self._bar().setPageStep(page)
        self._bar().setSingleStep(40)
        self.surface().update()
        self.scrolled.emit()

    def _dress(self) -> None:
        self._pictures.forget()
        self._lay_out()

    # --- painting ----------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent | None) -> None:
        assert event is not None
        painter = QPainter(self.surface())
        theme = self._look.theme
        now, zone = self._now(), self._zone()
        brush = TilePainter(painter, theme, now, zone)
        area = QRectF(event.rect())
        for heading in self._plan.headings:
            rect = self._on_screen(Box(heading.x, heading.y, heading.width, 24))
            if rect.intersects(area):
                brush.heading(rect, heading.name, self._summary(heading.first, heading.count))
        level, ratio, rows = self._plan.level, self.devicePixelRatioF(), self._table.rows
        for place in self._plan.within(self.from_screen(area.adjusted(-4, -4, 4, 4))):
            name = self.name_at(place)
            node = rows.get(name)
            if node is None:
                continue
            rect = self._on_screen(self._plan.boxes[place])
            cores = self._cores.rows.get(name)
            painter.drawPixmap(
                rect.topLeft(), self._pictures.of(node, cores, level, rect.size(), ratio, theme, now, zone)
            )
            if name in self.selection.names:
                brush.ring(rect)
            elif name == self.selection.current and self.hasFocus():
                brush.focus(rect)
        if self.target is not None:
            brush.focus(self._on_screen(places.box_of(self.target)))
        if self.frame is not None:
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.drawRect(self.frame)

    def _summary(self, first: int, count: int) -> str:
        found: dict[str, int] = {}
        for place in range(first, first + count):
            node = self._table.rows.get(self.name_at(place))
            if node is not None:
                found[node.state] = found.get(node.state, 0) + 1
        parts = [f"{found[state]} {word.lower()}" for state, word in words.STATE_WORDS.items() if state in found]
        return f"{count} PCs: {', '.join(parts)}"

    # --- within ------------------------------------------------------------------------------------------

    def _on_screen(self, box: Box) -> QRectF:
        scale = self._look.theme.scale
        top = round(box.y * scale) + _MARGIN - self._bar().value()
        return QRectF(round(box.x * scale) + _MARGIN, top, round(box.width * scale), round(box.height * scale))

    def _seen(self) -> Box:
        return self.from_screen(QRectF(self.surface().rect()))

    def resizeEvent(self, event: Any) -> None:
        self._lay_out()

    def sizeHint(self) -> QSize:
        return QSize(944, 660)

    def _bar(self) -> Any:
        return self.verticalScrollBar()

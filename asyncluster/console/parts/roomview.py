"""The picture of the room: every node at one of three levels of detail, painted by one widget.

A picture of each node is kept and drawn again only when what it shows has changed, so that scrolling moves pixels.
Nodes can be selected as in a file manager: click, Ctrl, Shift, a frame drawn around some, arrow keys and Space.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any

from PyQt6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QContextMenuEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PyQt6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from asyncluster.console.parts.tiles import Pose, TilePainter
from asyncluster.console.state import floor, nodes, words
from asyncluster.console.state.floor import Box, Level, Plan
from asyncluster.console.state.mirror import Change, Table
from asyncluster.console.state.order import arranged
from asyncluster.console.state.query import everything
from asyncluster.core.qt.theme import Look
from asyncluster.core.wire.feed import CoresRow, NodeRow, RowId

_MARGIN = 4  # room for the ring of a selected tile
_MOST_PICTURES = 1500
_STRIP_POSES = {state: Pose(NodeRow("", state, 0.0, 1), None, 0) for state in words.STATE_WORDS}


class RoomView(QAbstractScrollArea):
    """The room.

    Signals:
        chosen: other nodes are selected.
        opened: a node was double-clicked, or Enter was pressed on it.
        menu_wanted: a menu for the selection is wanted at this point of the screen.
        scrolled: other nodes can be seen.

    Args:
        table: the nodes.
        cores: what their cores do; only of those that can be seen.
        now: the master's clock.
        zone: the master's time zone.
    """

    chosen = pyqtSignal()
    opened = pyqtSignal()
    menu_wanted = pyqtSignal(QPoint)
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
        self._table = table
        self._cores = cores
        self._look = look
        self._now = now
        self._zone = zone
        self._matches: Callable[[NodeRow], bool] = everything
        self._level: Level | None = None  # chosen by hand
        self._names: list[RowId] = []
        self._plan: Plan = floor.plan((), 100, Level.TILE)
        self._selected: set[RowId] = set()
        self._current: RowId | None = None
        self._anchor: RowId | None = None
        self._pressed: QPoint | None = None
        self._frame: QRect | None = None
        self._pictures: dict[RowId, tuple[Pose, QPixmap]] = {}
        self.setAccessibleName("Room")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._viewport().setMouseTracking(True)
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

    def search(self, matches: Callable[[NodeRow], bool]) -> None:
        """Shows only nodes that match."""
        self._matches = matches
        self._arrange()

    def shown(self) -> int:
        """How many nodes are shown."""
        return len(self._names)

    def selected(self) -> list[NodeRow]:
        """The selected nodes, in order."""
        return [self._table.rows[name] for name in self._names if name in self._selected and name in self._table.rows]

    def select(self, names: Sequence[RowId]) -> None:
        """Selects these nodes, and shows the first of them."""
        self._selected = set(names) & set(self._names)
        if names and names[0] in self._selected:
            self._current = self._anchor = names[0]
            self._scroll_to(names[0])
        self._changed_selection()

    def visible_ids(self) -> list[RowId]:
        """Nodes that can be seen with their cores: none at the levels that do not show these."""
        if self.level is not Level.TILE:
            return []
        return [self._name_at(place) for place in self._plan.within(self._seen())]

    def refresh(self) -> None:
        """A minute has passed: words that depend on the time are other ones now."""
        self._viewport().update()

    # --- from the mirror ---------------------------------------------------------------------------------

    def _nodes_changed(self, change: Change) -> None:
        self._arrange()
        for row_id in change.gone:
            self._pictures.pop(row_id, None)
        if change.gone & self._selected:
            self._selected -= change.gone
            self._changed_selection()
        elif change.changed & self._selected:
            self.chosen.emit()

    def _cores_changed(self, change: Change) -> None:
        for place in self._plan.within(self._seen()):
            if self._name_at(place) in change.changed:
                self._viewport().update(self._on_screen(self._plan.boxes[place]).toAlignedRect())

    def _arrange(self) -> None:
        names = arranged(self._table.rows.items(), self._matches, lambda _row: 0, descending=False)
        if names != self._names:
            self._names = names
            self._lay_out()
        self._viewport().update()

    def _lay_out(self) -> None:
        scale = self._look.theme.scale
        width = (self._viewport().width() - 2 * _MARGIN) / scale
        self._plan = floor.plan([str(name) for name in self._names], width, self.level)
        page = self._viewport().height()
        self._bar().setRange(0, max(0, round(self._plan.height * scale) + 2 * _MARGIN - page))
        self._bar().setPageStep(page)
        self._bar().setSingleStep(40)
        self._viewport().update()
        self.scrolled.emit()

    def _dress(self) -> None:
        self._pictures.clear()
        self._lay_out()

    # --- painting ----------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent | None) -> None:
        assert event is not None
        painter = QPainter(self._viewport())
        theme = self._look.theme
        now, zone = self._now(), self._zone()
        brush = TilePainter(painter, theme, now, zone)
        area = QRectF(event.rect())
        for heading in self._plan.headings:
            rect = self._on_screen(Box(heading.x, heading.y, heading.width, 24))
            if rect.intersects(area):
                brush.heading(rect, heading.name, self._summary(heading.first, heading.count))
        for place in self._plan.within(self._from_screen(area.adjusted(-4, -4, 4, 4))):
            name = self._name_at(place)
            node = self._table.rows.get(name)
            if node is None:
                continue
            rect = self._on_screen(self._plan.boxes[place])
            painter.drawPixmap(rect.topLeft(), self._picture(name, node, rect, now, zone))
            if name in self._selected:
                brush.ring(rect)
            elif name == self._current and self.hasFocus():
                brush.focus(rect)
        if self._frame is not None:
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.drawRect(self._frame)

    def _picture(self, name: RowId, node: NodeRow, rect: QRectF, now: float, zone: tzinfo | None) -> QPixmap:
        """The node as it was drawn last, if nothing has changed since; in strips, nodes of a state look the same."""
        level = self._plan.level
        if level is Level.STRIP:
            name, pose = node.state, _STRIP_POSES[node.state]
        else:
            row = self._cores.rows.get(name) if level is Level.TILE else None
            cores = None if row is None else tuple(nodes.cores_of(row, person=bool(node.person)))
            pose = Pose(node, cores, int(now // 60))
        kept = self._pictures.get(name)
        if kept is not None and kept[0] == pose and kept[1].deviceIndependentSize() == rect.size():
            return kept[1]
        picture = self._draw(pose, rect, now, zone)
        if len(self._pictures) >= _MOST_PICTURES:
            self._pictures.clear()
        self._pictures[name] = pose, picture
        return picture

    def _draw(self, pose: Pose, rect: QRectF, now: float, zone: tzinfo | None) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(round(rect.width() * ratio), round(rect.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        brush = TilePainter(painter, self._look.theme, now, zone)
        draw = {Level.TILE: brush.tile, Level.BRICK: brush.brick, Level.STRIP: brush.strip}[self._plan.level]
        draw(QRectF(0, 0, rect.width(), rect.height()), pose)
        painter.end()
        return picture

    def _summary(self, first: int, count: int) -> str:
        found: dict[str, int] = {}
        for place in range(first, first + count):
            node = self._table.rows.get(self._name_at(place))
            if node is not None:
                found[node.state] = found.get(node.state, 0) + 1
        parts = [f"{found[state]} {word.lower()}" for state, word in words.STATE_WORDS.items() if state in found]
        return f"{count} PCs: {', '.join(parts)}"

    # --- places ------------------------------------------------------------------------------------------

    def _name_at(self, place: int) -> RowId:
        return self._names[self._plan.order[place]]

    def _place_of(self, name: RowId) -> int | None:
        return next((place for place in range(len(self._names)) if self._name_at(place) == name), None)

    def _on_screen(self, box: Box) -> QRectF:
        scale = self._look.theme.scale
        top = round(box.y * scale) + _MARGIN - self._bar().value()
        return QRectF(round(box.x * scale) + _MARGIN, top, round(box.width * scale), round(box.height * scale))

    def _from_screen(self, rect: QRectF) -> Box:
        scale = self._look.theme.scale
        top = rect.top() + self._bar().value() - _MARGIN
        return Box((rect.left() - _MARGIN) / scale, top / scale, rect.width() / scale, rect.height() / scale)

    def _seen(self) -> Box:
        return self._from_screen(QRectF(self._viewport().rect()))

    def _at(self, point: QPointF) -> RowId | None:
        box = self._from_screen(QRectF(point.x(), point.y(), 0, 0))
        place = self._plan.at(box.x, box.y)
        return None if place is None else self._name_at(place)

    def _scroll_to(self, name: RowId) -> None:
        place = self._place_of(name)
        if place is None:
            return
        rect = self._on_screen(self._plan.boxes[place])
        bar = self._bar()
        if rect.top() < _MARGIN:
            bar.setValue(round(bar.value() + rect.top()) - _MARGIN)
        elif rect.bottom() > self._viewport().height():
            bar.setValue(round(bar.value() + rect.bottom() - self._viewport().height()) + _MARGIN)

    # --- keyboard and mouse ------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        arrows = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        key = Qt.Key(event.key())
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if key in arrows and self._names:
            self._go(*arrows[key], extend=shift, keep=control)
        elif key == Qt.Key.Key_Space and self._current is not None:
            self._selected ^= {self._current}
            self._changed_selection()
        elif key == Qt.Key.Key_A and control:
            self._selected = set(self._names)
            self._changed_selection()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        elif key == Qt.Key.Key_Escape and self._selected:
            self._selected = set()
            self._changed_selection()
        else:
            super().keyPressEvent(event)

    def _go(self, across: int, down: int, *, extend: bool, keep: bool) -> None:
        place = None if self._current is None else self._place_of(self._current)
        place = 0 if place is None else self._plan.beside(place, across, down)
        self._current = self._name_at(place)
        self._scroll_to(self._current)
        if extend:
            self._select_to(self._current)
        elif not keep:
            self._selected = {self._current}
            self._anchor = self._current
        self._changed_selection()

    def _select_to(self, name: RowId) -> None:
        ends = [self._place_of(end) for end in (self._anchor if self._anchor is not None else name, name)]
        known = sorted(place for place in ends if place is not None)
        self._selected = {self._name_at(place) for place in range(known[0], known[-1] + 1)} if known else set()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        name = self._at(event.position())
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.button() == Qt.MouseButton.RightButton:
            if name is not None and name not in self._selected:
                self._pick(name)
            return
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if name is None:
            self._pressed = event.position().toPoint()
            if not control and self._selected:
                self._selected = set()
                self._changed_selection()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._current = name
            self._select_to(name)
            self._changed_selection()
        elif control:
            self._current = self._anchor = name
            self._selected ^= {name}
            self._changed_selection()
        else:
            self._pick(name)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self._pressed is not None:
            self._frame = QRect(self._pressed, event.position().toPoint()).normalized()
            places = self._plan.within(self._from_screen(QRectF(self._frame)))
            self._selected = {self._name_at(place) for place in places}
            self._changed_selection()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        self._pressed = self._frame = None
        self._viewport().update()

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self._at(event.position()) is not None:
            self.opened.emit()

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:
        assert event is not None
        if self._selected:
            self.menu_wanted.emit(event.globalPos())

    def _pick(self, name: RowId) -> None:
        self._current = self._anchor = name
        self._selected = {name}
        self._changed_selection()

    def _changed_selection(self) -> None:
        chosen = self.selected()
        said = ", ".join(node.name for node in chosen[:5]) if chosen else "nothing selected"
        self.setAccessibleDescription(self._spoken(chosen[0]) if len(chosen) == 1 else said)
        self._viewport().update()
        self.chosen.emit()

    def _spoken(self, node: NodeRow) -> str:
        return nodes.spoken(node, self._now(), self._zone())

    # --- Qt ----------------------------------------------------------------------------------------------

    def viewportEvent(self, event: Any) -> bool:
        if isinstance(event, QHelpEvent):
            name = self._at(QPointF(event.pos()))
            node = None if name is None else self._table.rows.get(name)
            QToolTip.showText(event.globalPos(), "" if node is None else self._spoken(node), self)
            return True
        return bool(super().viewportEvent(event))

    def resizeEvent(self, event: Any) -> None:
        self._lay_out()

    def focusInEvent(self, event: Any) -> None:
        if self._current is None and self._names:
            self._current = self._name_at(0)
        self._viewport().update()

    def focusOutEvent(self, event: Any) -> None:
        self._viewport().update()

    def sizeHint(self) -> QSize:
        return QSize(944, 660)

    def _bar(self) -> Any:
        return self.verticalScrollBar()

    def _viewport(self) -> QWidget:
        viewport = self.viewport()
        assert viewport is not None
        return viewport

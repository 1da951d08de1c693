"""The room under mouse and keyboard.

Nodes can be selected as in a file manager: click, Ctrl, Shift, a frame drawn around some, arrow keys and Space. A tile
that is dragged goes to where its PC stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt6.QtCore import QPoint, QPointF, QRect, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QContextMenuEvent, QHelpEvent, QKeyEvent, QMouseEvent
from PyQt6.QtWidgets import QApplication, QToolTip

from asyncluster.console.parts.roomcanvas import RoomCanvas
from asyncluster.console.state import places
from asyncluster.console.state.floor import Level
from asyncluster.console.state.mirror import Change
from asyncluster.core.wire.feed import NodeRow, RowId

_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class RoomView(RoomCanvas):
    """The room.

    Signals:
        chosen: other nodes are selected.
        opened: a node was double-clicked, or Enter was pressed on it.
        menu_wanted: a menu for the selection is wanted at this point of the screen.
        moved: a tile was dragged; the new places of all of them.
    """

    chosen = pyqtSignal()
    opened = pyqtSignal()
    menu_wanted = pyqtSignal(QPoint)
    moved = pyqtSignal(dict)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._pressed: QPoint | None = None  # where a frame begins
        self._held: tuple[RowId, QPoint] | None = None  # a tile that may be dragged, and where it was taken
        self.setAccessibleName("Room")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.surface().setMouseTracking(True)

    def selected(self) -> list[NodeRow]:
        """The selected nodes, in the order in which they stand."""
        rows = self._table.rows
        return [rows[name] for name in self.order() if name in self.selection.names and name in rows]

    def select(self, names: Sequence[RowId]) -> None:
        """Selects these nodes, and shows the first of them."""
        if self.selection.choose(names, self._names):
            self.scroll_to(names[0])
        self._changed_selection()

    # --- from the mirror ---------------------------------------------------------------------------------

    def _nodes_changed(self, change: Change) -> None:
        super()._nodes_changed(change)
        if self.selection.lose(change.gone):
            self._changed_selection()
        elif change.changed & self.selection.names:
            self.chosen.emit()

    # --- keyboard ----------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        key = Qt.Key(event.key())
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if key in _ARROWS and self._names:
            self._go(*_ARROWS[key], extend=shift, keep=control)
        elif key == Qt.Key.Key_Space and self.selection.current is not None:
            self.selection.toggle(self.selection.current)
        elif key == Qt.Key.Key_A and control:
            self.selection.all(self._names)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
            return
        elif key == Qt.Key.Key_Escape and self._held is not None:
            self._let_go()
        elif key == Qt.Key.Key_Escape and self.selection.names:
            self.selection.clear()
        else:
            super().keyPressEvent(event)
            return
        self._changed_selection()

    def _go(self, across: int, down: int, *, extend: bool, keep: bool) -> None:
        order, current = self.order(), self.selection.current
        place = self.plan.beside(order.index(current), across, down) if current in order else 0
        self.selection.go(order[place], order, extend=extend, keep=keep)
        self.scroll_to(order[place])

    # --- mouse -------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        name = self.node_at(event.position())
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.button() == Qt.MouseButton.RightButton:
            if name is not None and name not in self.selection.names:
                self.selection.pick(name)
        elif event.button() != Qt.MouseButton.LeftButton:
            return
        elif name is None:
            self._pressed = event.position().toPoint()
            if not control:
                self.selection.clear()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.selection.extend(name, self.order())
        elif control:
            self.selection.toggle(name)
        else:
            self.selection.pick(name)
            self._held = name, event.position().toPoint()
        self._changed_selection()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        point = event.position().toPoint()
        if self._pressed is not None:
            self.frame = QRect(self._pressed, point).normalized()
            self.selection.all(
                [self.name_at(place) for place in self.plan.within(self.from_screen(QRectF(self.frame)))]
            )
            self._changed_selection()
        elif self._held is not None and self._can_be_dragged():
            far = (point - self._held[1]).manhattanLength() >= QApplication.startDragDistance()
            if far or self.target is not None:
                where = self.from_screen(QRectF(event.position().x(), event.position().y(), 0, 0))
                self.target = places.cell_at(where.x, where.y, self.plan.columns)
                self.surface().update()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        if self._held is not None and self.target is not None:
            names = [str(name) for name in self._names]
            self.moved.emit(places.moved(names, self.plan, str(self._held[0]), self.target))
        self._pressed = self.frame = None
        self._let_go()

    def _can_be_dragged(self) -> bool:
        """Only whole rooms have places, and only tiles are as large as PCs."""
        return self.plan.level is Level.TILE and len(self._names) == len(self._table.rows)

    def _let_go(self) -> None:
        self._held = self.target = None
        self.surface().update()

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self.node_at(event.position()) is not None:
            self.opened.emit()

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:
        assert event is not None
        if self.selection.names:
            self.menu_wanted.emit(event.globalPos())

    def _changed_selection(self) -> None:
        chosen = self.selected()
        said = ", ".join(node.name for node in chosen[:5]) if chosen else "nothing selected"
        self.setAccessibleDescription(self.spoken(chosen[0]) if len(chosen) == 1 else said)
        self.surface().update()
        self.chosen.emit()

    # --- Qt ----------------------------------------------------------------------------------------------

    def viewportEvent(self, event: Any) -> bool:
        if isinstance(event, QHelpEvent):
            name = self.node_at(QPointF(event.pos()))
            node = None if name is None else self._table.rows.get(name)
            QToolTip.showText(event.globalPos(), "" if node is None else self.spoken(node), self)
            return True
        return bool(super().viewportEvent(event))

    def focusInEvent(self, event: Any) -> None:
        if self.selection.current is None and self._names:
            self.selection.current = self.order()[0]
        self.surface().update()

    def focusOutEvent(self, event: Any) -> None:
        self.surface().update()

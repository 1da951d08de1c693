"""Paints all cells of all tables: badges, bars, segments, chips and words, in that order from the left.

Nothing is made for a cell that is not on the screen, and no cell has a widget.
"""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QModelIndex, QPointF, QRect, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter
from PyQt6.QtWidgets import QStyle, QStyleOptionViewItem, QTableView

from asyncluster.console.parts import stamps
from asyncluster.console.parts.cells import Bar, Cell, Chip, Tone
from asyncluster.console.parts.faces import face, ink
from asyncluster.console.parts.rowdelegate import RowDelegate
from asyncluster.console.parts.rowsmodel import RowsModel
from asyncluster.core.qt.bars import paint_bar, paint_segments
from asyncluster.core.qt.icons import paint_icon
from asyncluster.core.qt.theme import Look, Theme, Weight
from asyncluster.core.qt.tokens import State

PADDING = 12
_BADGE = 20
_GAP = 8
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

_SELECTED = QStyle.StateFlag.State_Selected.value  # numbers are compared ten times as fast as flags


class CellDelegate(RowDelegate):
    """The one delegate.

    Args:
        model: whose cells it paints; it is asked without the detour through roles, of which a frame takes hundreds.
        look: whose theme it wears.
        row_height: pixels at a scale of 1.

    Attributes:
        focus_row: the row that the keyboard is on, -1 for none: said by the view before each frame.
    """

    def __init__(self, model: RowsModel[Any], look: Look, row_height: int = 36) -> None:
        super().__init__(look, row_height)
        self._model = model
        self.focus_row = -1

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        assert painter is not None
        theme, box = self._look.theme, option.rect
        if option.state.value & _SELECTED:
            painter.fillRect(box, theme.color("select"))
        painter.fillRect(box.left(), box.bottom(), box.width(), 1, ink(theme, "line"))
        place = index.row()
        column, row = self._model.columns[index.column()], self._model.row_at(place)
        if row is not None:
            pad = theme.px(PADDING)
            inner = QRectF(box.left() + pad, box.top(), box.width() - 2 * pad, box.height())
            _CellPainter(painter, theme).paint(inner, column.cell(row), right=column.right)
        if place == self.focus_row and isinstance(option.widget, QTableView):
            self._paint_focus(painter, box, option.widget, index)

    def _paint_focus(self, painter: QPainter, rect: QRect, view: QTableView, index: QModelIndex) -> None:
        """The ring goes around the whole row, whose parts are painted cell by cell."""
        header = view.horizontalHeader()
        assert header is not None
        place = header.visualIndex(index.column())
        color, width = self._look.theme.color("accent"), 2
        painter.fillRect(QRect(rect.left(), rect.top(), rect.width(), width), color)
        painter.fillRect(QRect(rect.left(), rect.bottom() + 1 - width, rect.width(), width), color)
        if place == 0:
            painter.fillRect(QRect(rect.left(), rect.top(), width, rect.height()), color)
        if place == header.count() - 1:
            painter.fillRect(QRect(rect.right() + 1 - width, rect.top(), width, rect.height()), color)


class _CellPainter:
    """Paints one cell from left to right."""

    def __init__(self, painter: QPainter, theme: Theme) -> None:
        self._painter = painter
        self._theme = theme

    def paint(self, rect: QRectF, cell: Cell, *, right: bool) -> None:
        if cell.progress is not None:
            height = self._theme.px(10)
            bar = QRectF(rect.left(), rect.center().y() - height / 2, rect.width(), height)
            paint_segments(self._painter, bar, cell.progress, self._theme)
            return
        if cell.badge is not None:
            rect.setLeft(self._badge(rect, cell.badge))
        if cell.bar is not None:
            rect.setLeft(self._bar(rect, cell.bar, cell.bar_width))
        for chip in cell.chips:
            left = paint_chip(self._painter, rect.topLeft(), rect.height(), chip, self._theme)
            if left > rect.right():
                return
            rect.setLeft(left)
        if cell.lead:
            rect.setLeft(self._words(rect, cell.lead, Tone.MUTED, right=False) + self._theme.px(12))
        if cell.text:
            self._words(rect, cell.text, cell.tone, right=right)

    def _badge(self, rect: QRectF, badge: State | str) -> float:
        size = self._theme.px(_BADGE)
        place = QRectF(rect.left(), round(rect.center().y() - size / 2), size, size)
        if isinstance(badge, State):
            self._painter.drawPixmap(place.topLeft(), stamps.badge(self._theme, badge, size, _ratio(self._painter)))
        else:
            paint_icon(self._painter, place.adjusted(2, 2, -2, -2), badge, self._theme.color("text"))
        return place.right() + self._theme.px(_GAP)

    def _bar(self, rect: QRectF, bar: Bar, width: int) -> float:
        height = self._theme.px(8)
        place = QRectF(rect.left(), round(rect.center().y() - height / 2), self._theme.px(width), height)
        paint_bar(self._painter, place, bar.share, fill_color(bar.fill, self._theme), self._theme.color("line"))
        return place.right() + self._theme.px(12)

    def _words(self, rect: QRectF, text: str, tone: Tone, *, right: bool) -> float:
        theme = self._theme
        strong = tone in (Tone.STRONG, Tone.ERROR)
        type_ = face(theme, 14, Weight.BOLD if strong else Weight.REGULAR)
        self._painter.setPen(ink(theme, "text" if tone is Tone.STRONG else tone.value))
        type_.draw(self._painter, rect, text, right=right)
        return rect.left() + type_.width(text)


def fill_color(fill: str | State, theme: Theme) -> QColor:
    """The colour of a token or of a state."""
    return theme.state(fill) if isinstance(fill, State) else theme.color(fill)


def paint_chip(painter: QPainter, corner: QPointF, height: float, chip: Chip, theme: Theme) -> float:
    """Draws a job's chip, centred in `height`; returns where the next one begins."""
    picture = stamps.chip(theme, chip.number, _ratio(painter))
    size = picture.deviceIndependentSize()
    painter.drawPixmap(QPointF(corner.x(), round(corner.y() + (height - size.height()) / 2)), picture)
    return corner.x() + size.width() + theme.px(4)


def _ratio(painter: QPainter) -> float:
    device = painter.device()
    return 1.0 if device is None else device.devicePixelRatioF()

"""A plot over time that can be looked into: dragged, zoomed by the wheel, read under the mouse.

pyqtgraph draws it. Loading that takes a third of a second, so nobody may load this module before an operator asks for
such a plot; what pages show all the time is painted by `bars`.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any

import numpy
import pyqtgraph
from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from asyncluster.console.parts.controls import label
from asyncluster.console.state.curves import Curves
from asyncluster.core.qt.theme import Look
from asyncluster.core.qt.tokens import State


class TimePlot(QWidget):
    """Areas that stand on each other, from the past to now."""

    def __init__(self, look: Look, zone: tzinfo | None) -> None:
        super().__init__()
        self._look = look
        self._zone = zone
        self._curves = Curves("", "", 1.0, 0.0, ())
        self._layers: list[Any] = []
        self._plot = pyqtgraph.PlotWidget(axisItems={"bottom": pyqtgraph.DateAxisItem(utcOffset=self._offset())})
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setMouseEnabled(x=True, y=False)
        self._plot.showGrid(y=True, alpha=0.15)
        self._line = pyqtgraph.InfiniteLine(angle=90, pen=pyqtgraph.mkPen(look.theme.color("muted"), width=1))
        self._plot.addItem(self._line, ignoreBounds=True)
        self._line.hide()
        self._said = label(self._curves.words(-1, zone), "hint")
        self._said.setAlignment(Qt.AlignmentFlag.AlignRight)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        self._key = _Key(look)
        rows.addWidget(self._plot, 1)
        below = QHBoxLayout()
        below.addWidget(self._key, 1)
        below.addWidget(self._said)
        rows.addLayout(below)
        self._plot.scene().sigMouseMoved.connect(self._point)
        self._dress()
        look.changed.connect(self._dress)

    @property
    def said(self) -> QLabel:
        """What is under the mouse, in words."""
        return self._said

    def move_with(self, other: TimePlot) -> None:
        """Shows the same part of the time as another plot, and one under the other."""
        for plot in (self._plot, other._plot):
            plot.getAxis("left").setWidth(self._look.theme.px(40))
        self._plot.setXLink(other._plot)

    def show_curves(self, curves: Curves) -> None:
        """Shows these instead; the part of the time that was chosen stays chosen."""
        self._curves = curves
        self.setAccessibleName(curves.title)
        self.setAccessibleDescription(curves.words(-1, self._zone))
        if [name for name, _state, _values in curves.areas] != [layer.name() for layer in self._layers]:
            self._begin()
        x = numpy.asarray(curves.instants())
        below = numpy.zeros(len(x))
        for layer, (_name, _state, values) in zip(self._layers, curves.areas, strict=True):
            below = below + numpy.asarray(values, dtype=float)
            layer.setData(x, below)
        self._plot.setLimits(yMin=0, xMin=x[0] if len(x) else None, xMax=curves.end)
        self._plot.setYRange(0, curves.most or max(1.0, float(below.max()) * 1.1 if len(x) else 1.0), padding=0)
        self._said.setText(curves.words(-1, self._zone))

    # --- within ------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        for layer in self._layers:
            self._plot.removeItem(layer)
        self._layers = []
        for place, (name, state, _values) in enumerate(self._curves.areas):
            shade = self._look.theme.state(state)
            layer = pyqtgraph.PlotDataItem(pen=shade, fillLevel=0, brush=shade, name=name)
            layer.setZValue(-place)  # each covers the foot of the one that stands on it
            self._plot.addItem(layer)
            self._layers.append(layer)
        self._key.show_names([(name, state) for name, state, _values in self._curves.areas])

    def _point(self, where: Any) -> None:
        """Says what is under the mouse."""
        at = self._plot.getPlotItem().vb.mapSceneToView(where).x()
        place = self._curves.place_of(at)
        self._line.setVisible(place is not None)
        if place is not None:
            self._line.setPos(self._curves.instants()[place])
            self._said.setText(self._curves.words(place, self._zone))

    def _offset(self) -> float:
        offset = datetime.now(self._zone).astimezone(self._zone).utcoffset()
        return -offset.total_seconds() if offset is not None else 0.0

    def _dress(self) -> None:
        theme = self._look.theme
        self._plot.setBackground(theme.color("surface"))
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(theme.color("line"))
            axis.setTextPen(theme.color("muted"))
            axis.setTickFont(theme.font(12))


class _Key(QWidget):
    """What the areas are, where there is more than one."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._names: list[tuple[str, State]] = []
        look.changed.connect(self.update)

    def show_names(self, names: list[tuple[str, State]]) -> None:
        self._names = names if len(names) > 1 else []
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._look.theme.px(160), self._look.theme.px(20))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setFont(theme.font(12))
        painter.setPen(theme.color("text"))
        left, side = 0.0, theme.px(12)
        for name, state in self._names:
            painter.fillRect(QRectF(left, (self.height() - side) / 2, side, side), theme.state(state))
            left += side + theme.px(6)
            painter.drawText(QRectF(left, 0, self.width(), self.height()), int(Qt.AlignmentFlag.AlignVCenter), name)
            left += QFontMetricsF(painter.font()).horizontalAdvance(name) + theme.px(16)

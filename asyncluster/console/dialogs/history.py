"""The past of a node or of a job as a plot that can be looked into; it goes on while it is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt6.QtWidgets import QWidget

from asyncluster.console.desk import Desk
from asyncluster.console.dialogs.sheet import Sheet
from asyncluster.console.parts.controls import label
from asyncluster.console.parts.timeplot import TimePlot
from asyncluster.console.state.curves import Curves

_SIZE = (840, 480)


class History(Sheet):
    """One plot.

    Args:
        topic: of the details, which the page watches while this is open.
        curves_of: what to show of them; gets the row and the time.
    """

    def __init__(self, parent: QWidget, desk: Desk, topic: str, curves_of: Callable[[Any, float], Curves]) -> None:
        kind, _, name = topic.partition(":")
        super().__init__(parent, f"History of {name if kind == 'node' else topic.replace(':', ' ')}", "")
        self._desk = desk
        self._curves_of = curves_of
        self._table = desk.mirror.table(topic)
        self._title = label("", "hint")
        self.plot = TimePlot(desk.look, desk.zone())
        self.rows.addWidget(self._title)
        self.rows.addWidget(self.plot, 1)
        self.rows.addWidget(label("Drag to move in time, turn the wheel to look closer.", "muted"))
        scale = desk.look.theme.px
        self.grow(scale(_SIZE[0]), scale(_SIZE[1]))
        self._show = lambda _change: self._refresh()
        self._table.listen(self._show)
        self.finished.connect(lambda _result: self._table.forget(self._show))
        self._refresh()

    def _refresh(self) -> None:
        for row in self._table.rows.values():
            curves = self._curves_of(row, self._desk.now())
            self._title.setText(curves.title)
            self.plot.show_curves(curves)

"""People and computing, one above the other, hour by hour: whether jobs run when nobody needs the computers."""

from __future__ import annotations

from PyQt6.QtWidgets import QWidget

from asyncluster.console.desk import Desk
from asyncluster.console.dialogs.sheet import Sheet
from asyncluster.console.parts.controls import label
from asyncluster.console.parts.timeplot import TimePlot
from asyncluster.console.state.curves import Curves

_SIZE = (960, 560)


class UsageHistory(Sheet):
    """Two plots that move together.

    Args:
        people: what the upper one shows; the lower one shows what comes by `show_computing`.
    """

    def __init__(self, parent: QWidget, desk: Desk, people: Curves) -> None:
        super().__init__(parent, "History of the room", "")
        self.people, self.computing = (TimePlot(desk.look, desk.zone()) for _ in range(2))
        self._computing_title = label("", "hint")
        for title, plot in ((label(people.title, "hint"), self.people), (self._computing_title, self.computing)):
            self.rows.addWidget(title)
            self.rows.addWidget(plot, 1)
        self.rows.addWidget(label("Drag to move in time, turn the wheel to look closer.", "muted"))
        self.people.show_curves(people)
        self.computing.move_with(self.people)
        scale = desk.look.theme.px
        self.grow(scale(_SIZE[0]), scale(_SIZE[1]))

    def show_computing(self, curves: Curves) -> None:
        """Shows these below."""
        self._computing_title.setText(curves.title)
        self.computing.show_curves(curves)

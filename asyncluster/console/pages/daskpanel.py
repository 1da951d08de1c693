"""The panel beside the room that shows Dask; where the cluster has none there is no panel."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, QSize
from PyQt6.QtGui import QPainter, QPaintEvent

from asyncluster.console.desk import Desk
from asyncluster.console.parts.controls import Panel, label
from asyncluster.console.parts.painted import RIGHT, Painted
from asyncluster.console.state import dask
from asyncluster.console.state.mirror import Change
from asyncluster.core.qt.theme import Weight


class DaskNow(Panel):
    """How the second engine is: its workers, tasks and results, or what is wrong with it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Dask")
        self._facts = _FactsPicture(desk)
        self._trouble = label("", wrap=True)
        self.rows.addWidget(self._facts)
        self.rows.addWidget(self._trouble)
        self._table = desk.mirror.table("dask")
        self._table.listen(self._changed)
        self._changed(Change(frozenset()))

    def _changed(self, _change: Change) -> None:
        row = next(iter(self._table.rows.values()), None)
        self.setVisible(row is not None)
        if row is None:
            return
        self.aside.setText("" if row.ready else "not ready")
        self._trouble.setText(row.trouble)
        self._trouble.setVisible(not row.ready)
        self._facts.setVisible(row.ready)
        self._facts.show_facts(dask.facts(row))


class _FactsPicture(Painted):
    """Names on the left, values on the right."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._facts: list[tuple[str, str]] = []

    def show_facts(self, facts: list[tuple[str, str]]) -> None:
        if facts == self._facts:
            return
        self._facts = facts
        self.setAccessibleName(", ".join(f"{name}: {value}" for name, value in facts))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(100, self.desk.look.theme.px(24) * len(self._facts))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        height = self.desk.look.theme.px(24)
        painter = QPainter(self)
        for place, (name, value) in enumerate(self._facts):
            rect = QRectF(0, place * height, self.width(), height)
            self.words(painter, rect, name, color="muted")
            self.words(painter, rect, value, RIGHT, weight=Weight.MEDIUM)

"""The panel beside the room that shows the selected node, who sits there, and what is done most often."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QRectF, QSize
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout

from asyncluster.console.desk import Desk
from asyncluster.console.offers import Offers
from asyncluster.console.parts.controls import Panel, label
from asyncluster.console.parts.painted import RIGHT, Painted
from asyncluster.console.state import dask, nodes, words
from asyncluster.core.qt.badges import paint_badge
from asyncluster.core.qt.theme import Weight
from asyncluster.core.wire.feed import NodeRow


class Selected(Panel):
    """The selected node, who sits there, and the two things that are done most often."""

    def __init__(self, desk: Desk, make: Offers, opens: Callable[[], None]) -> None:
        super().__init__()
        self._desk = desk
        self._make = make
        self._head = _SelectedHead(desk)
        self._text = label("", wrap=True)
        self._more = label("", "hint", wrap=True)
        self.rows.addWidget(self._head)
        self.rows.addWidget(self._text)
        self.rows.addWidget(self._more)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        self._keys: dict[str, QPushButton] = {}
        for key, word in (("g", "+15 min"), ("m", "Message\u2026")):
            button = self._keys[key] = QPushButton(word)
            button.setProperty("role", "tight")
            button.clicked.connect(lambda _checked, key=key: self._run(key))
            buttons.addWidget(button)
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addLayout(buttons)
        self._open = QPushButton("Open")
        self._open.clicked.connect(lambda _checked: opens())
        column.addWidget(self._open)
        self.rows.addLayout(column)
        self._chosen: list[NodeRow] = []
        self.hide()

    def show_nodes(self, chosen: Sequence[NodeRow]) -> None:
        """Shows what is selected now; nothing hides the panel."""
        self._chosen = list(chosen)
        self.setVisible(bool(chosen))
        if not chosen:
            return
        now, zone = self._desk.now(), self._desk.zone()
        people = [node for node in chosen if node.person]
        self._head.show_nodes(chosen)
        if len(chosen) == 1:
            node = chosen[0]
            lines = nodes.lines(node, now, zone)
            left = words.left(nodes.seconds_left(node, now))
            self._text.setText(f"{nodes.person_of(node)}, {left}" if node.person else lines[0])
            since = f"{words.STATE_WORDS[node.state]} since {words.moment(node.since, now, zone)}"
            engine = dask.on_node(next(iter(self._desk.mirror.table("dask").rows.values()), None), node.name)
            self._more.setText(node.trouble or ", ".join(filter(None, [since, engine])))
        else:
            self._text.setText(words.names([node.name for node in chosen], 4))
            self._more.setText(words.counted(len(people), "person", "people"))
        for button in self._keys.values():
            button.setEnabled(bool(people))
        self._open.setVisible(len(chosen) == 1)

    def _run(self, key: str) -> None:
        for offer in self._make.for_nodes(self._chosen):
            if offer.key == key:
                offer.run()


class _SelectedHead(Painted):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._chosen: list[NodeRow] = []

    def show_nodes(self, chosen: Sequence[NodeRow]) -> None:
        self._chosen = list(chosen)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(100, self.desk.look.theme.px(24))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        if not self._chosen:
            return
        theme = self.desk.look.theme
        painter = QPainter(self)
        rect = QRectF(self.rect())
        if len(self._chosen) == 1:
            size = theme.px(20)
            badge = QRectF(0, (self.height() - size) / 2, size, size)
            paint_badge(painter, badge, nodes.state_of(self._chosen[0]), theme.tokens)
            rect.setLeft(badge.right() + theme.px(8))
            self.words(painter, rect, self._chosen[0].name, weight=Weight.BOLD)
        else:
            self.words(painter, rect, f"{len(self._chosen)} nodes", weight=Weight.BOLD)
        painter.setFont(theme.font(12))
        painter.setPen(theme.color("muted"))
        painter.drawText(QRectF(self.rect()), RIGHT, "selected")

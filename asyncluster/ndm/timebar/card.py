"""A message of an operator: a card under the bar that stays until OK. It takes the keyboard from nobody."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QGridLayout, QLabel, QPushButton, QScrollArea, QWidget

from asyncluster.core.qt.icons import pixmap
from asyncluster.core.qt.theme import Look
from asyncluster.core.wire.timebar import Notice
from asyncluster.ndm.timebar.words import time_of_day, translate

_MOST_TEXT = 240  # pixels of height; longer messages scroll


class Card(QWidget):
    """Shows one `Notice`.

    Signals:
        acknowledged: OK was pressed.
    """

    acknowledged = pyqtSignal()

    def __init__(self, parent: QWidget, look: Look) -> None:
        super().__init__(parent)
        self._look = look
        self._icon = QLabel()
        self._head, self._sent, self._text, self._sender = (
            self._plain(name) for name in ("head", "sent", "text", "sender")
        )
        self._head.setText(translate("TimeBar", "From the operator"))
        self._text.setWordWrap(True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._ok = QPushButton(translate("TimeBar", "OK"))
        self._ok.setProperty("role", "main")
        self._ok.setAutoDefault(True)
        self._ok.clicked.connect(self.acknowledged)
        self._scroll = QScrollArea()
        self._scroll.setWidget(self._text)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setStyleSheet("background: transparent;")
        self._lay_out()

    @staticmethod
    def _plain(name: str) -> QLabel:
        label = QLabel()
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(16, 14, 16, 14)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(12)
        grid.addWidget(self._icon, 0, 0)
        grid.addWidget(self._head, 0, 1)
        grid.addWidget(self._sent, 0, 2, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self._scroll, 1, 0, 1, 3)
        grid.addWidget(self._sender, 2, 0, 1, 2)
        grid.addWidget(self._ok, 2, 2, Qt.AlignmentFlag.AlignRight)
        grid.setColumnStretch(1, 1)

    def show_notice(self, notice: Notice, waiting: int, zone: str) -> None:
        """Shows `notice`; `waiting` counts it and those that come after it."""
        theme = self._look.theme
        size = theme.px(20)
        self._icon.setPixmap(pixmap("message", theme.color("text"), size, self.devicePixelRatioF()))
        self._sent.setText(time_of_day(notice.sent, zone))
        self._text.setText(notice.text)
        more = translate("TimeBar", "{0} more").format(waiting - 1) if waiting > 1 else ""
        self._sender.setText(", ".join(part for part in (notice.sender, more) if part))
        self._ok.setMinimumWidth(theme.px(88))
        self.setAccessibleName(f"{self._head.text()}: {notice.text}")
        self._ok.setAccessibleDescription(notice.text)

    def wanted_height(self, width: int) -> int:
        """Height in pixels at this width."""
        inner = width - 32 - self._scroll.verticalScrollBar().sizeHint().width()  # type: ignore[union-attr]
        text = min(_MOST_TEXT, self._text.heightForWidth(inner))
        self._scroll.setFixedHeight(text)
        return self.sizeHint().height()

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("edge"), 1))
        painter.setBrush(theme.color("surface"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)

"""Small controls in the window's own look."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QEvent, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFontMetricsF, QIcon, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from asyncluster.console.parts.flow import Flow
from asyncluster.core.qt.badges import paint_badge
from asyncluster.core.qt.icons import icon
from asyncluster.core.qt.theme import Look, Weight
from asyncluster.core.qt.tokens import State

_VCENTER_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


def label(text: str = "", role: str = "", *, wrap: bool = False, selectable: bool = False) -> QLabel:
    """A label in one of the roles of the style sheet."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)  # names and messages are anybody's
    made.setWordWrap(wrap)
    if role:
        made.setProperty("role", role)
    if selectable:
        made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


class IconButton(QPushButton):
    """A button with one of our icons, in the colour of its words whatever the theme."""

    def __init__(self, look: Look, text: str, name: str = "", role: str = "", *, does: Callable[[], object]) -> None:
        super().__init__(f" {text}" if text and name else text)  # Qt puts them too close together
        self._look = look
        self._name = name
        self._role = role
        if role:
            self.setProperty("role", role)
        if not text:
            self.setFixedWidth(look.theme.px(36))
        self.clicked.connect(lambda _checked: does())
        look.changed.connect(self._dress)
        self._dress()

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.EnabledChange:
            self._dress()

    def show_icon(self, name: str) -> None:
        """Another icon."""
        self._name = name
        self._dress()

    def _dress(self) -> None:
        if self._name:
            colors = {"main": "on_accent", "danger": "on_danger", "warn": "error_text"}
            color = colors.get(self._role, "text") if self.isEnabled() else "muted"
            side = self._look.theme.px(16)
            self.setIcon(icon(self._name, self._look.theme.color(color), side))
            self.setIconSize(QSize(side, side))


class Panel(QFrame):
    """A box with a hairline around it; `rows` is its layout."""

    def __init__(self, title: str = "", aside: str = "") -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self.rows = QVBoxLayout(self)
        self.rows.setContentsMargins(16, 14, 16, 14)
        self.rows.setSpacing(8)
        self.title = label(title, "strong")
        self.aside = label(aside, "hint")
        if title:
            head = QHBoxLayout()
            head.addWidget(self.title)
            head.addStretch()
            head.addWidget(self.aside)
            self.rows.addLayout(head)


class Chip(QAbstractButton):
    """A button that filters: perhaps a badge, a word, and how many there are."""

    def __init__(self, look: Look, word: str, state: State | None = None) -> None:
        super().__init__()
        self._look = look
        self._state = state
        self._count: int | None = None
        self.setCheckable(True)
        self.setText(word)
        self.setAccessibleName(word)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        look.changed.connect(self.updateGeometry)

    def count(self, number: int) -> None:
        """Shows how many there are."""
        if number != self._count:
            self._count = number
            self.setAccessibleName(f"{self.text()}, {number}")
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        theme = self._look.theme
        width = QFontMetricsF(theme.font(14, Weight.MEDIUM)).horizontalAdvance(self.text())
        if self._count is not None:
            width += theme.px(6) + QFontMetricsF(theme.font(14, Weight.BOLD)).horizontalAdvance(str(self._count))
        badge = theme.px(28) if self._state is not None else 0
        return QSize(round(width) + badge + theme.px(24), theme.px(32))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        on = self.isChecked()
        painter.setBrush(theme.color("select" if on else "raised" if self.underMouse() else "surface"))
        painter.setPen(QPen(theme.color("accent" if on else "line"), 1))
        painter.drawRoundedRect(frame, 4, 4)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(frame.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        left = float(theme.px(12))
        if self._state is not None:
            size = theme.px(20)
            place = QRectF(theme.px(8), (self.height() - size) / 2, size, size)
            paint_badge(painter, place, self._state, theme.tokens)
            left = place.right() + theme.px(8)
        painter.setPen(theme.color("text"))
        painter.setFont(theme.font(14, Weight.MEDIUM))
        painter.drawText(QRectF(left, 0, self.width(), self.height()), _VCENTER_LEFT, self.text())
        if self._count is not None:
            left += QFontMetricsF(painter.font()).horizontalAdvance(self.text()) + theme.px(6)
            painter.setFont(theme.font(14, Weight.BOLD))
            painter.drawText(QRectF(left, 0, self.width(), self.height()), _VCENTER_LEFT, str(self._count))


class Chips(QWidget):
    """A row of chips of which one is chosen.

    Signals:
        chosen: the key of the one that was chosen.
    """

    chosen = pyqtSignal(str)

    def __init__(self, look: Look, options: Sequence[tuple[str, str, State | None]]) -> None:
        super().__init__()
        self._chips: dict[str, Chip] = {}
        self._group = QButtonGroup(self)
        flow = Flow()
        for key, word, state in options:
            chip = self._chips[key] = Chip(look, word, state)
            self._group.addButton(chip)
            chip.clicked.connect(lambda _checked, key=key: self.chosen.emit(key))
            flow.addWidget(chip)
        self.setLayout(flow)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        next(iter(self._chips.values())).setChecked(True)

    def count(self, key: str, number: int) -> None:
        """Shows how many there are behind a chip."""
        self._chips[key].count(number)

    def choose(self, key: str) -> None:
        """As if it had been clicked."""
        self._chips[key].setChecked(True)
        self.chosen.emit(key)

    @property
    def key(self) -> str:
        """The key of the chosen one."""
        return next(key for key, chip in self._chips.items() if chip.isChecked())


class SearchField(QLineEdit):
    """Where a query is typed; what is wrong with it stands in its tooltip and colours its edge."""

    def __init__(self, look: Look, fields: Sequence[str]) -> None:
        super().__init__()
        self._look = look
        self._hint = f"Words, or fields: {', '.join(fields)}.\nstate:idle   cores>4   left<15min   -user:ann"
        self.setPlaceholderText("Filter")
        self.setAccessibleName("Filter")
        self.setToolTip(self._hint)
        self.setClearButtonEnabled(True)
        self.setMinimumWidth(look.theme.px(140))
        self.setMaximumWidth(look.theme.px(320))
        self._glass = self.addAction(QIcon(), QLineEdit.ActionPosition.LeadingPosition)
        look.changed.connect(self._dress)
        self._dress()

    def problem(self, words: str) -> None:
        """Says what is wrong with the query; "" if nothing is."""
        self.setToolTip(words or self._hint)
        self.setAccessibleDescription(words)
        if bool(words) != bool(self.property("wrong")):
            self.setProperty("wrong", bool(words))
            style = self.style()
            assert style is not None
            style.unpolish(self)
            style.polish(self)

    def _dress(self) -> None:
        assert self._glass is not None
        self._glass.setIcon(icon("search", self._look.theme.color("muted")))


class EmptyNote(QWidget):
    """What stands where a page has nothing to show: a glyph, a bold line, a muted line."""

    def __init__(self, look: Look, glyph: str, head: str, text: str) -> None:
        super().__init__()
        self._look = look
        self._glyph = glyph
        rows = QVBoxLayout(self)
        rows.setSpacing(4)
        self._picture = QLabel()
        self._head = label(head, "strong", wrap=True)
        self._text = label(text, "hint", wrap=True)
        rows.addStretch()
        for widget in (self._picture, self._head, self._text):
            widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
            rows.addWidget(widget)
        rows.addStretch()
        look.changed.connect(self._dress)
        self._dress()

    def say(self, head: str, text: str) -> None:
        """Other words."""
        self._head.setText(head)
        self._text.setText(text)

    def _dress(self) -> None:
        color = self._look.theme.color("muted")
        self._picture.setPixmap(icon(self._glyph, color, 24).pixmap(24, 24))


def line() -> QFrame:
    """A hairline across."""
    made = QFrame()
    made.setProperty("role", "line")
    made.setFixedHeight(1)
    return made

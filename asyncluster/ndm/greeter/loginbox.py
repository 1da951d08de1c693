"""The login window: node, User ID, password and what is said about them. Exactly as large as it is configured.

It is an X window of its own inside the greeter's window, so that its size and place are facts that other programs
can see. There is no button: Enter logs in, Tab and Shift+Tab move.
"""

from __future__ import annotations

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PyQt6.QtWidgets import QLabel, QWidget

from asyncluster.ndm.greeter.fields import NameField, PasswordField
from asyncluster.ndm.greeter.greeter import Greeter
from asyncluster.ndm.greeter.labels import named_label
from asyncluster.ndm.greeter.login import Field, Phase
from asyncluster.ndm.greeter.notice import NoticeBox
from asyncluster.ndm.greeter.words import translate

TITLE = "AsynCluster login"

_MARGIN = 16
_LABELS = 80  # least width of the labels' column


class LoginBox(QWidget):
    """The fields of one screen, over the model that all screens share."""

    def __init__(self, parent: QWidget, greeter: Greeter) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_NativeWindow)
        handle = self.windowHandle()
        if handle is not None:
            handle.setTitle(TITLE)
        self._greeter = greeter
        self._node, self._cluster = named_label(self, "node"), named_label(self, "cluster")
        self.name, self.password = NameField(self), PasswordField(self)
        self.notice = NoticeBox(self, greeter.look)
        self._name_label = self._label(translate("Greeter", "User ID"), self.name)
        self._password_label = self._label(translate("Greeter", "Password"), self.password)
        self.name.textEdited.connect(lambda text: greeter.edit(Field.NAME, text))
        self.password.textChanged.connect(lambda text: greeter.edit(Field.PASSWORD, text))
        for field in (self.name, self.password):
            field.entered.connect(self._submit)
        self.look_again()

    def _label(self, text: str, field: QWidget) -> QLabel:
        label = QLabel(text, self)
        label.setBuddy(field)
        field.setAccessibleName(text)
        return label

    def look_again(self) -> None:
        """Shows what the greeter holds now."""
        greeter, model = self._greeter, self._greeter.model
        self._node.setText(greeter.configuration.node)
        self._cluster.setText(greeter.configuration.cluster)
        self.name.show_text(model.name)
        self.password.show_text(model.password)
        busy = model.phase in (Phase.CHECKING, Phase.ACCEPTED)
        self.name.setReadOnly(busy)
        self.password.setReadOnly(busy)
        self.notice.show_notice(greeter.notice())
        # Read aloud when the keyboard comes back to the password after a refusal.
        self.password.setAccessibleDescription(self.notice.accessibleName())

    def restyle(self) -> None:
        """Takes lengths and colours from the theme again."""
        theme = self._greeter.look.theme
        width, height = self._greeter.configuration.size
        self.resize(theme.px(width), theme.px(height))
        self.notice.restyle()
        self._arrange()
        self.update()

    def focus(self, field: Field) -> None:
        """Gives the keyboard to a field."""
        target = self.name if field is Field.NAME else self.password
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def _submit(self) -> None:
        missing = self._greeter.submit()
        if missing is not None:
            self.focus(missing)
        elif self._greeter.model.phase is Phase.CHECKING:
            self.focus(Field.PASSWORD)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        px = self._greeter.look.theme.px
        margin, row = px(_MARGIN), px(32)
        inner = self.width() - 2 * margin
        node = min(self._node.sizeHint().width(), inner)
        self._node.setGeometry(margin, px(12), node, px(24))
        self._cluster.setGeometry(margin + node + px(8), px(12), max(0, inner - node - px(8)), px(24))
        labels = (self._name_label, self._password_label)
        column = max(px(_LABELS), *(label.sizeHint().width() + px(8) for label in labels))
        rows = zip((px(48), px(88)), labels, (self.name, self.password), strict=True)
        for y, label, field in rows:
            label.setGeometry(margin, y, column, row)
            field.setGeometry(margin + column, y, inner - column, row)
        top = px(132)
        self.notice.setGeometry(px(8), top, self.width() - 2 * px(8), max(0, self.height() - top - px(8)))

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        theme = self._greeter.look.theme
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("backdrop"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("surface"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)

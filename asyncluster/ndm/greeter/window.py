"""The greeter on one screen: the flat ground, the clock, the login window, today's openings and the buttons.

Everything is placed by hand, since a screen may be anything from 640 x 480 upwards and the login window has a fixed
size: what does not fit above or below it is made smaller or left out, the login window never.
"""

from __future__ import annotations

from itertools import pairwise

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QCloseEvent, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PyQt6.QtWidgets import QWidget

from asyncluster.core.qt.theme import Mode, Weight, plain_font
from asyncluster.ndm.greeter import words
from asyncluster.ndm.greeter.buttons import ChoiceButton, ConfirmButton, FootButton
from asyncluster.ndm.greeter.daypanel import WIDTH, DayPanel
from asyncluster.ndm.greeter.greeter import Greeter
from asyncluster.ndm.greeter.labels import named_label
from asyncluster.ndm.greeter.login import Field
from asyncluster.ndm.greeter.loginbox import LoginBox
from asyncluster.ndm.greeter.signs import CapsBanner, MasterLine
from asyncluster.ndm.greeter.words import translate

TITLE = "AsynCluster greeter"

_SIDE = 32
_FOOT = 24
_CLOCKS = (112, 72, 48)  # sizes that the clock may have
_SCALES = (1.0, 1.25, 1.5, 2.0)


class GreeterWindow(QWidget):
    """One screen's window over the greeter that all screens share."""

    def __init__(self, greeter: Greeter) -> None:
        super().__init__()
        self._greeter = greeter
        self.setWindowTitle(TITLE)
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.box = LoginBox(self, greeter)
        self.caps = CapsBanner(self, greeter)
        self.day = DayPanel(self, greeter)
        self._master = MasterLine(self, greeter)
        self._brand = named_label(self, "brand", "AsynCluster")
        self._clock, self._date = named_label(self, "clock"), named_label(self, "date")
        for label in (self._clock, self._date):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._here = named_label(self, "here")
        self._left, self._right = self._choices(), self._power_buttons()
        self._order_tabs()
        greeter.changed.connect(self.look_again)
        greeter.look.changed.connect(self.restyle)
        greeter.answered.connect(self._answered)
        self.restyle()

    # --- parts

    def _choices(self) -> dict[str, FootButton]:
        greeter, look = self._greeter, self._greeter.look
        return {
            "session": ChoiceButton(
                self,
                look,
                "session",
                lambda: [(session.id, session.name) for session in greeter.configuration.sessions],
                lambda: greeter.session,
                greeter.choose_session,
            ),
            "layout": ChoiceButton(
                self,
                look,
                "keyboard",
                lambda: [(layout.code, layout.name) for layout in greeter.layouts()],
                lambda: greeter.keyboard.layout,
                greeter.choose_layout,
            ),
            "appearance": ChoiceButton(
                self, look, "sun", self._appearances, lambda: self._appearance(), self._choose_appearance
            ),
        }

    def _power_buttons(self) -> dict[str, FootButton]:
        greeter, look = self._greeter, self._greeter.look
        restart = ConfirmButton(
            self, look, "restart", translate("Greeter", "Restart"), translate("Greeter", "Restart now?")
        )
        shut_down = ConfirmButton(
            self, look, "power", translate("Greeter", "Shut down"), translate("Greeter", "Shut down now?")
        )
        restart.confirmed.connect(lambda: greeter.power("restart"))
        shut_down.confirmed.connect(lambda: greeter.power("shut down"))
        for button in (restart, shut_down):
            button.clicked.connect(self._arrange)
        return {"restart": restart, "shut down": shut_down}

    def _order_tabs(self) -> None:
        chain: list[QWidget] = [self.box.name, self.box.password, *self._left.values(), *self._right.values()]
        for before, after in pairwise(chain):
            QWidget.setTabOrder(before, after)

    def _appearances(self) -> list[tuple[str, str]]:
        """Colours, then sizes of text; the key says which of the two it is."""
        modes = [
            ("light", translate("Greeter", "Light colours")),
            ("dark", translate("Greeter", "Dark colours")),
        ]
        sizes = [(str(scale), translate("Greeter", "Text {0} %").format(round(scale * 100))) for scale in _SCALES]
        return modes + sizes

    def _appearance(self) -> str:
        return "dark" if self._greeter.look.theme.tokens.dark else "light"

    def _choose_appearance(self, key: str) -> None:
        theme = self._greeter.look.theme
        if key in ("light", "dark"):
            self._greeter.choose_appearance(Mode(key), theme.scale)
        else:
            self._greeter.choose_appearance(Mode(self._appearance()), float(key))

    # --- what changes

    def look_again(self) -> None:
        """Shows what the greeter holds now."""
        greeter = self._greeter
        self._here.setText(greeter.configuration.node)
        names = {session.id: session.name for session in greeter.configuration.sessions}
        self._left["session"].label(names.get(greeter.session, ""), translate("Greeter", "Session"))
        self._left["layout"].label(greeter.layout_name(), translate("Greeter", "Keyboard layout"))
        self._left["appearance"].label("", translate("Greeter", "Colours and size of text"))
        for part in (self.box, self.caps, self.day, self._master):
            part.look_again()
        self._arrange()

    def restyle(self) -> None:
        """Takes colours and lengths from the theme again."""
        self.box.restyle()
        self.look_again()
        self.update()

    def focus_first(self) -> None:
        """Gives the keyboard to this window: its first empty field."""
        self.activateWindow()
        self.box.focus(self._greeter.model.wants() or Field.PASSWORD)

    def _answered(self) -> None:
        if self.isActiveWindow():
            self.box.focus(Field.PASSWORD)

    # --- places

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        px = self._greeter.look.theme.px
        self._brand.setGeometry(_SIDE, _FOOT, px(200), px(24))
        self._master.place(self.width() - _SIDE, _FOOT)
        foot = self.height() - _FOOT - px(40)
        self._arrange_foot(foot)
        floor = self._arrange_day(foot)
        head = _FOOT + px(24)
        box_height = self.box.height()
        top = min((self.height() - box_height) // 2, floor - self.caps.wanted_height() - px(12) - box_height)
        top = max(top, head + 8)
        self.box.move((self.width() - self.box.width()) // 2, top)
        self.caps.place(self.width() // 2, top + box_height + px(12))
        self._arrange_clock(head, top)

    def _arrange_foot(self, top: int) -> None:
        px = self._greeter.look.theme.px
        self._here.setGeometry(_SIDE, top, self._here.sizeHint().width(), px(40))
        x = _SIDE + self._here.width() + 25
        greeter = self._greeter
        shown = {
            "session": len(greeter.configuration.sessions) > 0,
            "layout": bool(greeter.keyboard.layout),
            "appearance": True,
        }
        for name, button in self._left.items():
            button.setVisible(shown[name])
            if shown[name]:
                button.setGeometry(x, top, button.sizeHint().width(), px(40))
                x += button.width() + 8
        right = self.width() - _SIDE
        for button in reversed(self._right.values()):
            button.setVisible(greeter.configuration.power)
            width = button.sizeHint().width()
            button.setGeometry(right - width, top, width, px(40))
            right -= width + 8

    def _arrange_day(self, foot: int) -> int:
        """Places the day's strip if there is room for it; returns the lower end of the room above."""
        px = self._greeter.look.theme.px
        height = self.day.wanted_height()
        top = foot - 46 - height
        needed = px(56) + self.box.height() + px(12) + self.caps.wanted_height()
        fits = self._greeter.openings is not None and top >= needed and self.width() >= 640
        self.day.setVisible(fits)
        width = min(WIDTH + 32, self.width() - 2 * _SIDE)
        self.day.setGeometry((self.width() - width) // 2, top, width, height)
        return top - 8 if fits else foot - 16

    def _arrange_clock(self, head: int, box: int) -> None:
        now = self._greeter.now()
        self._clock.setText(now.strftime("%H:%M"))
        self._date.setText(words.date(now))
        theme = self._greeter.look.theme
        line, gap = theme.px(30), theme.px(8)
        room = box - head
        size = next((size for size in _CLOCKS if size * 1.15 + line + 3 * gap <= room), 0)
        self._clock.setVisible(size > 0)
        self._date.setVisible(room > line)
        if not size:  # time and day share one line
            self._date.setText(f"{self._clock.text()}  {self._date.text()}")
            self._date.setGeometry(0, head + (room - line) // 2, self.width(), line)
            return
        # The one text that large text leaves alone; it changes by the minute, so its figures may differ in width.
        self._clock.setFont(plain_font(size, Weight.LIGHT, tabular=False))
        height = round(size * 1.15)
        top = head + (room - height - gap - line) * 2 // 5
        self._clock.setGeometry(0, top, self.width(), height)
        self._date.setGeometry(0, top + height + gap, self.width(), line)

    # --- the window itself

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self.box.restyle()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        if event is not None:
            event.ignore()  # only the program's end takes the greeter away

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        QPainter(self).fillRect(self.rect(), self._greeter.look.theme.color("backdrop"))

"""A window on every screen. Screens come and go; the keyboard is always in one of the windows."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, QTimer
from PyQt6.QtGui import QScreen
from PyQt6.QtWidgets import QApplication, QWidget

from asyncluster.ndm.greeter.blink import Blink
from asyncluster.ndm.greeter.greeter import Greeter
from asyncluster.ndm.greeter.window import GreeterWindow


class Screens(QObject):
    """The windows of a greeter, by screen.

    Two screens that show the same picture (they begin at the same place) are one.
    """

    def __init__(self, app: QApplication, greeter: Greeter) -> None:
        super().__init__(app)
        self._app = app
        self._greeter = greeter
        self._blink = Blink(app)
        self.windows: dict[QScreen, GreeterWindow] = {}
        app.screenAdded.connect(self._added)
        app.screenRemoved.connect(self._removed)
        app.primaryScreenChanged.connect(lambda _screen: self.settle())
        self.settle()
        # Afterwards: some hundred events of windows that are being made would each pass through Python.
        QTimer.singleShot(0, lambda: app.installEventFilter(self))

    def settle(self) -> None:
        """Makes the windows those of the present screens, and gives the keyboard to the main one."""
        shown: dict[tuple[int, int], QScreen] = {}
        for screen in self._ordered():
            shown.setdefault((screen.geometry().x(), screen.geometry().y()), screen)
        for screen in [screen for screen in self.windows if screen not in shown.values()]:
            window = self.windows.pop(screen)
            window.hide()
            window.deleteLater()
        for screen in shown.values():
            if screen not in self.windows:
                self.windows[screen] = self._window_on(screen)
            self.windows[screen].setGeometry(screen.geometry())
        for window in self.windows.values():
            window.show()
        self.focus()

    def focus(self) -> None:
        """Gives the keyboard to the window on the main screen."""
        window = next(iter(self.windows.values()), None)
        if window is not None:
            window.focus_first()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        kind = None if event is None else event.type()
        if kind in (QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress):
            self._blink.go_on()
        # Without a window manager nobody else gives the keyboard to the window that is clicked.
        if kind == QEvent.Type.MouseButtonPress and isinstance(watched, QWidget):
            window = watched.window()
            if isinstance(window, GreeterWindow) and not window.isActiveWindow():
                window.activateWindow()
        return super().eventFilter(watched, event)

    def _ordered(self) -> list[QScreen]:
        """The screens, the main one first."""
        main = self._app.primaryScreen()
        return sorted(self._app.screens(), key=lambda screen: screen is not main)

    def _window_on(self, screen: QScreen) -> GreeterWindow:
        window = GreeterWindow(self._greeter)
        window.setScreen(screen)
        return window

    def _added(self, screen: QScreen) -> None:
        screen.geometryChanged.connect(lambda _geometry: self.settle())
        self.settle()

    def _removed(self, _screen: QScreen) -> None:
        self.settle()

"""The blinking of the text cursor, which ends when nobody does anything.

A greeter waits for most of its life, and each blink wakes it and the X server. A cursor that stands still can be seen
as well.
"""

from __future__ import annotations

from PyQt6.QtCore import QObject, QTimer
from PyQt6.QtWidgets import QApplication

#: Seconds that the cursor blinks after the last key or click; as long as in GTK.
BLINKING_SECONDS = 10.0


class Blink(QObject):
    """Lets the cursor of an application blink, from now on for a while.

    Args:
        app: whose cursor it is.
    """

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._period = app.cursorFlashTime()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(int(BLINKING_SECONDS * 1000))
        self._timer.timeout.connect(lambda: app.setCursorFlashTime(0))
        self._timer.start()

    def go_on(self) -> None:
        """Somebody is there."""
        if not self._timer.isActive():
            self._app.setCursorFlashTime(self._period)
        self._timer.start()

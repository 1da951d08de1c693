"""Makes the pictures in `docs/pictures` that need no real login: `python docs/make_pictures.py`.

The real windows of greeter and time bar are shown on a virtual X server (Xvfb), with a clock that stands at 14:18, and
photographed. The other pictures have scripts of their own; `make pictures` runs them all.
"""

# ruff: noqa: E402 - the path to the tests' support comes before the imports from it

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
sys.path.insert(0, str(ROOT / "tests"))

from PyQt6.QtCore import QLocale, QRect, QTranslator
from PyQt6.QtGui import QPainter, QPixmap
from PyQt6.QtWidgets import QApplication, QWidget
from support.xserver import x_server

from asyncluster.core.qt.application import make_application
from asyncluster.core.qt.theme import Look, Mode, Theme
from asyncluster.core.qt.tokens import DARK, LIGHT
from asyncluster.core.qt.translations import speak
from asyncluster.core.wire import greeter as wire
from asyncluster.core.wire import timebar
from asyncluster.ndm.greeter.greeter import Greeter
from asyncluster.ndm.greeter.keyboard import Keyboard
from asyncluster.ndm.greeter.login import Field
from asyncluster.ndm.greeter.window import GreeterWindow
from asyncluster.ndm.timebar.window import TimeBar

NOW = datetime(2026, 11, 23, 14, 18).timestamp()
SESSIONS = [wire.Session("plasma", "Plasma"), wire.Session("icewm", "IceWM")]
ROOM = {"node": "pc06", "cluster": "Physics lab", "sessions": SESSIONS, "session": "plasma", "power": True}
HINT = "Forgot your password? Ask in room 214."
UNTIL = NOW + 6120


def main() -> None:
    """Makes the pictures."""
    PICTURES.mkdir(exist_ok=True)
    with x_server("1280x800") as display:
        os.environ.update(DISPLAY=display, QT_QPA_PLATFORM="xcb")
        app = make_application("pictures")
        for name, (fields, act) in GREETERS.items():
            greeter_picture(app, name, fields, act)
        time_bar_pictures(app)


# --- the greeter


def resting(greeter: Greeter) -> None:
    """Nobody has typed."""


def used_up(greeter: Greeter) -> None:
    """Refused, and Caps Lock is on."""
    refused(greeter, wire.Refused("Your 4 hours for today are used up. You have time again tomorrow at 09:00."))
    greeter.keyboard.caps_lock = True


def throttled(greeter: Greeter) -> None:
    """Too many wrong passwords."""
    refused(greeter, wire.Refused("Wait 8 s after wrong passwords.", "", 8))


def away(greeter: Greeter) -> None:
    """The master does not answer."""
    greeter.edit(Field.NAME, "wzhang")
    greeter.receive(wire.MasterState(False, NOW - 3600))


def refused(greeter: Greeter, answer: wire.Refused) -> None:
    """Somebody typed, pressed Enter and was refused."""
    greeter.edit(Field.NAME, "jokafor")
    greeter.edit(Field.PASSWORD, "a password")
    greeter.submit()
    greeter.receive(answer)


GREETERS: dict[str, tuple[dict[str, object], Callable[[Greeter], None]]] = {
    "greeter": ({"mode": "light", "hint": HINT}, resting),
    "greeter-refused": ({"mode": "light", "hint": HINT}, used_up),
    "greeter-countdown": ({"mode": "light", "hint": HINT}, throttled),
    "greeter-dark": ({"mode": "dark", "hint": HINT}, used_up),
    "greeter-large-text": ({"mode": "dark", "scale": 1.5}, away),
    "greeter-german": ({"mode": "light", "language": "de"}, used_up),
    "greeter-french": ({"mode": "light", "language": "fr"}, used_up),
}


def greeter_picture(app: QApplication, name: str, fields: dict[str, object], act: Callable[[Greeter], None]) -> None:
    """Photographs one greeter."""
    configuration = wire.Configuration(**{**ROOM, **fields})  # type: ignore[arg-type]
    QLocale.setDefault(QLocale(speak(app, configuration.language)))
    look = Look(app, ("base", "greeter"))
    passed = [0.0]
    greeter = Greeter(configuration, look, Keyboard(), lambda _message: None, lambda: passed[0], lambda: NOW)
    window = GreeterWindow(greeter)
    window.resize(1280, 800)
    window.show()
    window.focus_first()
    greeter.receive(wire.Openings([(540, 1080)]))
    settle(app)
    act(greeter)
    passed[0] = 3.2
    greeter.tick()
    settle(app)
    window.grab().save(str(PICTURES / f"{name}.png"))
    window.hide()
    for translator in app.findChildren(QTranslator):
        app.removeTranslator(translator)


# --- the time bar


def time_bar_pictures(app: QApplication) -> None:
    """Photographs the bar in each state, light and dark side by side."""
    cases = {
        "timebar-normal": (6120, None),
        "timebar-15-minutes": (14 * 60 + 30, None),
        "timebar-5-minutes": (4 * 60 + 30, None),
        "timebar-1-minute": (47, None),
        "timebar-open": (6120, TimeBar.toggle),
        "timebar-message": (6120, message),
    }
    for name, (left, act) in cases.items():
        halves = [time_bar(app, mode, float(left), act) for mode in (Mode.LIGHT, Mode.DARK)]
        side_by_side(halves).save(str(PICTURES / f"{name}.png"))


def message(bar: TimeBar) -> None:
    """An operator writes."""
    text = "The projector test starts at 14:30. Please save your work and turn your sound off."
    bar.receive(timebar.Notice(7, "Nadia Singh", text, NOW))


def time_bar(app: QApplication, mode: Mode, left: float, act: Callable[[TimeBar], None] | None) -> QPixmap:
    """One bar on the backdrop of its theme."""
    state = timebar.State(
        "Maria Koval",
        left,
        UNTIL,
        14400.0,
        8280.0,
        14400.0,
        34800.0,
        72000.0,
        UNTIL + 7200,
        mode=mode.value,
    )
    bar = TimeBar(state, Look(app, ("base", "timebar")), lambda _message: None, lambda: 0.0)
    bar.show()
    if act is not None:
        act(bar)
    settle(app)
    photo = cut(bar, LIGHT.backdrop if mode is Mode.LIGHT else DARK.backdrop)
    bar.hide()
    return photo


def cut(window: QWidget, ground: str) -> QPixmap:
    """The window in its own shape on `ground`."""
    margin = 24
    photo = QPixmap(window.width() + 2 * margin, window.height() + 2 * margin)
    photo.fill(Theme().color("surface").fromString(ground))
    painter = QPainter(photo)
    painter.setClipRegion(window.mask().translated(margin, margin))
    painter.drawPixmap(margin, margin, window.grab())
    painter.end()
    return photo


def side_by_side(photos: list[QPixmap]) -> QPixmap:
    """Photographs in one row."""
    row = QPixmap(sum(photo.width() for photo in photos), max(photo.height() for photo in photos))
    painter = QPainter(row)
    left = 0
    for photo in photos:
        painter.drawPixmap(QRect(left, 0, photo.width(), photo.height()), photo)
        left += photo.width()
    painter.end()
    return row


def settle(app: QApplication, seconds: float = 0.4) -> None:
    """Lets Qt and the X server finish what they are about."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        app.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    main()

"""Makes `docs/pictures/console-*.png`: every page and dialog of the console, in both themes: `make pictures`.

    python docs/pictures_console.py [PAGE]...

A real master has 24 PCs that speak the real protocol (`picture_room.py`), people who log in at them by the real login,
and jobs of real clients. Started by root, the jobs are those of several accounts, which are removed afterwards.
"""

# ruff: noqa: E402 - the platform and the path come before the imports that need them

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen" if "DISPLAY" not in os.environ else "xcb")

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

from picture_load import room_under_load
from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import QDialog, QLineEdit

from asyncluster.console.dialogs.keys import show_keys
from asyncluster.console.program import Console
from asyncluster.core.qt.application import make_application
from asyncluster.core.qt.reactor import install
from asyncluster.core.qt.theme import Mode

WARM_UP_SECONDS = 4.0
SETTLE_SECONDS = 1.2


def main() -> None:
    """Starts a cluster, and takes the pictures."""
    wanted = [name.lower() for name in sys.argv[1:]]
    PICTURES.mkdir(exist_ok=True)
    with room_under_load() as socket:
        take(socket, wanted)


def take(socket: Path, wanted: list[str]) -> None:
    """Takes the pictures of whatever that master shows."""
    folder = PICTURES
    app = make_application("AsynCluster console")
    reactor = install(tls=False)
    with tempfile.TemporaryDirectory() as home:
        settings = QSettings(f"{home}/console.ini", QSettings.Format.IniFormat)
        console = Console(app, reactor, socket, mode=Mode.LIGHT, settings=settings)
        console.window.resize(1440, 900)
        console.window.show()
        steps = _steps(console, folder, wanted)

        def step() -> None:
            if next(steps, None) is None:
                reactor.stop()
            else:
                reactor.callLater(SETTLE_SECONDS, step)

        reactor.callWhenRunning(console.link.start)
        reactor.callLater(WARM_UP_SECONDS, step)
        reactor.run()


def _steps(console: Console, folder: Path, wanted: list[str]) -> Iterator[bool]:
    """Shows a page, waits for the next turn, and takes its picture."""
    window = console.window
    for mode in (Mode.LIGHT, Mode.DARK):
        console.desk.look.choose(mode)
        for place, page in enumerate(window._pages):
            name = page.title.lower()
            if wanted and name not in wanted:
                continue
            window.show_page(place)
            _PREPARE.get(name, lambda _console: None)(console)
            yield True
            window.grab().save(str(folder / f"console-{name}-{mode.value}.png"))
        for name, opens in _DIALOGS.items():
            if wanted and name not in wanted:
                continue
            opens(console)
            yield True
            dialog = next((dialog for dialog in window.findChildren(QDialog) if dialog.isVisible()), None)
            if dialog is not None:
                dialog.grab().save(str(folder / f"console-{name}-{mode.value}.png"))
                dialog.reject()


def _select(topic: str, prefix: str, best: Callable[[object], object]) -> Callable[[Console], None]:
    """Selects the row for which `best` is greatest."""

    def prepare(console: Console) -> None:
        rows = list(console.mirror.table(topic).rows.values())
        if rows:
            row = max(rows, key=best)
            console.desk.opened.emit(f"{prefix}:{getattr(row, row.__struct_fields__[0])}")

    return prepare


def _open_palette(console: Console) -> None:
    console.window.show_page(0)
    console.window.open_palette()
    fields = console.window.findChildren(QLineEdit)
    next(field for field in fields if field.accessibleName() == "Command").setText("give 30")


def _press(page: int, prepare: str, key: str) -> Callable[[Console], None]:
    """Selects what is most telling on a page, and does what a key does there."""

    def press(console: Console) -> None:
        console.window.show_page(page)
        _PREPARE[prepare](console)
        console.window.page.press(key)

    return press


_DIALOGS = {
    "palette": _open_palette,
    "confirm": _press(2, "jobs", "c"),
    "keys": lambda console: show_keys(console.window, console.window.page),
    "new-job": _press(2, "jobs", "n"),
    "history": _press(2, "jobs", "h"),
    "usage-history": _press(5, "usage", "h"),
    "exception": _press(4, "openings", "n"),
    "new-person": _press(3, "people", "n"),
}
_PREPARE = {
    "openings": lambda _console: None,
    "usage": lambda console: console.window.page.show_period("month"),
    "room": _select("nodes", "room", lambda node: (node.person != "", -(node.until or 0))),
    "nodes": _select("nodes", "node", lambda node: (node.person != "", -(node.until or 0))),
    "jobs": _select("jobs", "job", lambda job: (job.finished is None, job.running, job.done)),
    "people": _select("people", "user", lambda person: (person.node != "", -(person.left or 0))),
}


if __name__ == "__main__":
    main()

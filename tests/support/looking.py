"""A real console in a process of its own, whose screen can be read: what every widget says, and where it stands.

    python -m support.looking SOCKET PROBE

It is used by mouse and keyboard alone; the probe, a UNIX socket, only tells what is to be seen. Each line that it is
sent is answered by a line of JSON: to "look" with all that can be seen now, to "ready" with whether the foremost window
has the keyboard, to "figures" with what the process has used so far.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.waiting import within
from support.xserver import x_server, xdotool

_ROOT = Path(__file__).parent.parent.parent
_PATIENCE = 20.0


@dataclass(frozen=True)
class Thing:
    """Something on the screen: what it says, which class of widget it is, and its rectangle there."""

    text: str
    kind: str
    window: str
    x: int
    y: int
    width: int
    height: int
    enabled: bool

    @property
    def middle(self) -> tuple[int, int]:
        return self.x + self.width // 2, self.y + self.height // 2


class Screen:
    """A console on an X server, with somebody before it."""

    def __init__(self, display: str, probe: Path) -> None:
        self.display = display
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_PATIENCE)
        self._socket.connect(str(probe))
        self._lines = self._socket.makefile("r", encoding="utf-8")
        self.clicks = 0

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    # --- looking -----------------------------------------------------------------------------------------

    def things(self) -> list[Thing]:
        return [Thing(*values) for values in self._ask("look")]

    def says(self, text: str) -> bool:
        return any(text in thing.text for thing in self.things())

    def figures(self) -> dict[str, float]:
        """Bytes of memory and seconds of processor time of the console."""
        found: dict[str, float] = self._ask("figures")
        return found

    def find(self, text: str, kind: str = "") -> Thing:
        """The first thing that says this exactly, or begins with it; waited for."""
        found: list[Thing] = []

        def there() -> bool:
            found[:] = [thing for thing in self.things() if _fits(thing, text, kind)]
            return bool(found)

        self.wait(there, f"{text!r} on the screen", all_of=True)
        return min(found, key=lambda thing: (thing.text != text, len(thing.text)))

    def wait(
        self, condition: Callable[[], object], what: str, seconds: float = _PATIENCE, *, all_of: bool = False
    ) -> float:
        """Waits until it is so; returns how long that took."""
        began = time.monotonic()
        limit = within(seconds)
        while not condition():
            if time.monotonic() - began > limit:
                seen = "\n".join(sorted({thing.text for thing in self.things()})) if all_of else ""
                raise AssertionError(f"{what}: not within {limit:.1f} s\n{seen}")
            time.sleep(0.02)
        return time.monotonic() - began

    def shows_soon(self, text: str) -> float:
        """The screen says so within a second (on a machine that has nothing else to do)."""
        return self.wait(lambda: self.says(text), f"{text!r} within a second", 1.0, all_of=True)

    def no_longer_shows(self, text: str) -> float:
        return self.wait(lambda: not self.says(text), f"the end of {text!r} within a second", 1.0, all_of=True)

    # --- acting ------------------------------------------------------------------------------------------

    def click(self, text: str, kind: str = "", button: int = 1, keys: str = "") -> None:
        """Clicks on what says this, with a key held down if there is one."""
        thing = self.find(text, kind)
        x, y = thing.middle
        self.clicks += 1
        hold = ["keydown", keys] if keys else []
        release = ["keyup", keys] if keys else []
        xdotool(self.display, "mousemove", str(x), str(y), *hold, "click", str(button), *release)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        middle = (start[0] + end[0]) // 2, (start[1] + end[1]) // 2
        steps = [str(part) for x, y in (middle, end) for part in ("mousemove", x, y, "sleep", 0.05)]
        xdotool(self.display, "mousemove", *map(str, start), "mousedown", "1", *steps, "mouseup", "1")

    def key(self, *keys: str) -> None:
        self._wait_for_keyboard()
        xdotool(self.display, "key", "--delay", "30", *keys)

    def type(self, text: str) -> None:
        self._wait_for_keyboard()
        xdotool(self.display, "type", "--delay", "15", text)

    def page(self, number: int, title: str) -> None:
        """Goes to a page by its key."""
        self.key(str(number))
        self.wait(lambda: _heads(self.things(), title), f"the page {title}")

    def palette(self, text: str) -> None:
        """Types into the palette and does what its first line says."""
        self.key("ctrl+k")
        self.find("Command", "QLineEdit")
        self.type(text)
        self.wait(lambda: any(t.kind == "QLineEdit" and t.text == text for t in self.things()), "what was typed")
        self.key("Return")

    def _wait_for_keyboard(self) -> None:
        """A window that has just come has the keyboard only when the window manager has given it."""
        self.wait(lambda: self._ask("ready"), "the keyboard in the foremost window")

    def _ask(self, question: str) -> Any:
        self._socket.sendall(question.encode() + b"\n")
        return json.loads(self._lines.readline())


def _fits(thing: Thing, text: str, kind: str) -> bool:
    return thing.enabled and thing.kind.startswith(kind) and (thing.text == text or thing.text.startswith(text))


def _heads(things: list[Thing], title: str) -> bool:
    return any(thing.kind == "QLabel" and thing.text == title for thing in things)


@contextmanager
def console(control: Path, folder: Path, size: str = "1440x900") -> Iterator[Screen]:
    """A console of that master on an X server of its own."""
    probe = folder / "probe.sock"
    with x_server(size) as display:
        environment = {key: value for key, value in os.environ.items() if key != "QT_QPA_PLATFORM"}
        environment |= {
            "DISPLAY": display, "XDG_CONFIG_HOME": str(folder / "config"), "PYTHONPATH": f"{_ROOT / 'tests'}:{_ROOT}"
        }  # fmt: skip
        manager = subprocess.Popen(["openbox"], env=environment, stderr=subprocess.DEVNULL)
        command = [sys.executable, "-m", "support.looking", str(control), str(probe)]
        process = subprocess.Popen(command, env=environment, cwd=_ROOT, stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            screen = Screen(display, probe)
            xdotool(display, "search", "--sync", "--onlyvisible", "--name", "^AsynCluster$", "windowactivate", "--sync")
            with closing(screen):
                yield screen
        finally:
            for started in (process, manager):
                started.terminate()
                started.communicate(timeout=20)


# --- in the console's process ------------------------------------------------------------------------------


def seen() -> list[tuple[object, ...]]:
    """All that can be seen in this process's windows."""
    from PyQt6.QtWidgets import QApplication, QWidget

    found: list[tuple[object, ...]] = []
    modal = QApplication.activeModalWidget() or QApplication.activePopupWidget()
    for window in QApplication.topLevelWidgets():
        if window.isVisible():
            usable = modal is None or window is modal or modal.isAncestorOf(window)
            for widget in (window, *window.findChildren(QWidget)):
                if widget.isVisible() and widget.window() is window and not widget.visibleRegion().isEmpty():
                    found += [(*said, usable and widget.isEnabled()) for said in _said(widget, window.windowTitle())]
    return found


def _said(widget: Any, title: str) -> Iterator[tuple[object, ...]]:
    from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QMenu

    from asyncluster.console.parts.roomview import RoomView

    kind = type(widget).__name__
    if isinstance(widget, QHeaderView):
        return
    if isinstance(widget, QAbstractItemView):
        yield from ((text, kind, title, *_place(widget.viewport(), rect)) for text, rect in _cells(widget))
    elif isinstance(widget, RoomView):
        yield from ((text, kind, title, *_place(widget.viewport(), rect)) for text, rect in widget.spoken_places())
    elif isinstance(widget, QMenu):
        for action in widget.actions():
            yield action.text(), kind, title, *_place(widget, widget.actionGeometry(action))
    else:
        text = getattr(widget, "toPlainText", getattr(widget, "text", str))
        for said in dict.fromkeys((str(text()).strip(), widget.accessibleName(), widget.accessibleDescription())):
            if said:
                yield said, kind, title, *_place(widget, widget.rect())


def _cells(view: Any) -> Iterator[tuple[str, Any]]:
    from PyQt6.QtWidgets import QTableView

    model, area = view.model(), view.viewport().rect()
    columns = model.columnCount() if isinstance(view, QTableView) else 1  # which lists do not tell
    for row in range(model.rowCount()):
        for column in range(columns):
            index = model.index(row, column)
            rect = view.visualRect(index) & area
            if not rect.isEmpty():
                yield str(index.data() or ""), rect


def _place(widget: Any, rect: Any) -> tuple[int, int, int, int]:
    corner = widget.mapToGlobal(rect.topLeft())
    return corner.x(), corner.y(), rect.width(), rect.height()


def _has_keyboard() -> bool:
    from PyQt6.QtWidgets import QApplication

    active, modal = QApplication.activeWindow(), QApplication.activeModalWidget()
    return active is not None and (modal is None or modal is active)


def _figures() -> dict[str, float]:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {"memory": pages * os.sysconf("SC_PAGE_SIZE"), "seconds": time.process_time()}


def main() -> None:
    """The console, with a probe."""
    from PyQt6.QtCore import QTimer

    from asyncluster.console.program import Console
    from asyncluster.core.qt.application import make_application
    from asyncluster.core.qt.reactor import install
    from asyncluster.core.qt.theme import Mode

    app = make_application("AsynCluster console")
    reactor = install(tls=False)

    from twisted.internet.protocol import Factory
    from twisted.protocols.basic import LineOnlyReceiver

    class Probe(LineOnlyReceiver):  # type: ignore[misc]
        delimiter = b"\n"

        def lineReceived(self, line: bytes) -> None:
            answer = {b"look": seen, b"figures": _figures, b"ready": _has_keyboard}[line]()
            self.sendLine(json.dumps(answer).encode())

    made = Console(app, reactor, Path(sys.argv[1]), mode=Mode.LIGHT)
    made.window.show()
    QTimer.singleShot(0, made.link.start)
    reactor.listenUNIX(sys.argv[2], Factory.forProtocol(Probe))
    reactor.callWhenRunning(lambda: print("ready", flush=True))
    reactor.run()


if __name__ == "__main__":
    main()

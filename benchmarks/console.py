"""How the console feels with 1000 nodes and 100 000 queued calls: time to open, pauses, frames and memory.

    python -m benchmarks.console

A simulated lab publishes to the real feed in a process of its own; the console is the real one, on Qt's offscreen
platform, so that painting is done by the processor and counted. Frames are whole repaints of the page. Except for the
time to open, milliseconds are those of the processor: what a machine takes that does nothing else.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

NODES, CALLS = 1000, 100_000
FRAMES = 60
SETTLE_SECONDS = 0.5
LIMITS = {"open": 1000.0, "pause": 50.0, "frame": 16.0, "memory": 300.0}  # ms, ms, ms, MB
_ROOT = Path(__file__).parent.parent


def main() -> None:
    """Prints the figures."""
    with tempfile.TemporaryDirectory() as home:
        socket = Path(home) / "sock"
        lab = subprocess.Popen(
            [sys.executable, "-m", "support.labmaster", str(socket), str(NODES), str(CALLS)],
            env={**os.environ, "PYTHONPATH": f"{_ROOT / 'tests'}:{_ROOT}"},
            stdout=subprocess.PIPE,
        )
        try:
            assert lab.stdout is not None
            lab.stdout.readline()
            _measure(socket, Path(home))
        finally:
            lab.kill()
            lab.wait()


def _measure(socket: Path, home: Path) -> None:
    from PyQt6.QtCore import QSettings

    from asyncluster.console.program import Console
    from asyncluster.core.qt.application import make_application
    from asyncluster.core.qt.reactor import install
    from asyncluster.core.qt.theme import Mode

    app = make_application("AsynCluster console")
    reactor = install(tls=False)
    settings = QSettings(str(home / "settings.ini"), QSettings.Format.IniFormat)
    began = perf_counter()
    console = Console(app, reactor, socket, mode=Mode.LIGHT, settings=settings)
    console.window.show()
    shown = perf_counter()
    reactor.callWhenRunning(console.link.start)
    steps = _steps(console, app)

    def opened() -> None:
        if len(console.mirror.table("nodes").rows) < NODES:
            reactor.callLater(0.005, opened)
            return
        console.window.grab()
        print(f"window made in {1000 * (shown - began):.0f} ms")
        _print("open", "from window to all nodes", 1000 * (perf_counter() - shown), "ms")
        go()

    def go() -> None:
        if next(steps, None) is None:
            reactor.stop()
        else:
            reactor.callLater(SETTLE_SECONDS, go)

    reactor.callWhenRunning(opened)
    reactor.run()


def _steps(console: Any, app: Any) -> Iterator[bool]:
    """One measurement after the other; the reactor runs in between."""
    window = console.window
    pauses = []
    for place, page in enumerate(window._pages):
        pauses.append(_timed(partial(_switch, window, place, app)))
        if os.environ.get("DETAIL"):
            print(page.title, pauses[-1])
        yield True
    _print("pause", f"switching pages, the slowest of {len(pauses)}", max(pauses), "ms")

    room, nodes = window._pages[0], window._pages[1]
    window.show_page(0)
    yield True
    for name in ("TILE", "BRICK", "STRIP"):
        room._levels.choose(name)
        room.grab()
        yield True
        _print("frame", f"scrolling the room, {name.lower()}s", _scroll(room.view, app), "ms")
    window.show_page(1)
    yield True
    _print("frame", "scrolling the nodes", _scroll(nodes.view, app), "ms")
    filters = ("s", "st", "state:comp", "state:computing cores>4", "left<1h", "")
    _print("pause", "filtering the nodes, the slowest", max(_filtered(nodes, text, app) for text in filters), "ms")
    _print(
        "pause", "sorting the nodes by load", _timed(lambda: nodes.view.sortByColumn(9, nodes.model.sorting[1])), "ms"
    )
    yield True
    _print("memory", "memory", _resident(), "MB")


def _switch(window: Any, place: int, app: Any) -> None:
    window.show_page(place)
    app.processEvents()
    window.page.grab()


def _filtered(page: Any, text: str, app: Any) -> float:
    return _timed(lambda: (page.search.setText(text), app.processEvents()))


def _scroll(view: Any, app: Any) -> float:
    """The median time of a frame while a view scrolls."""
    bar = view.verticalScrollBar()
    times = []
    for frame in range(FRAMES):
        bar.setValue(bar.maximum() * frame // FRAMES)
        times.append(_timed(lambda: (view.viewport().repaint(), app.processEvents())))
    return statistics.median(times)


def _timed(act: Callable[[], object]) -> float:
    began = process_time()
    act()
    return 1000 * (process_time() - began)


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _print(limit: str, what: str, value: float, unit: str) -> None:
    print(f"{what}: {value:.1f} {unit} (limit {LIMITS[limit]:.0f})")


if __name__ == "__main__":
    main()

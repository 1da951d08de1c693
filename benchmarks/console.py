"""How the console feels before a real master with 1000 nodes and 100 000 queued calls, and what it costs the master.

    python -m benchmarks.console [--json]

Master and feed are real; the nodes speak the real protocol and have only no workers (`simulated_nodes`): each finishes
a call every few seconds. The console is the real one, on Qt's offscreen platform, so that painting is done by the
processor and counted. Frames are whole repaints of the page. Except for the time to open, milliseconds are those of the
processor: what a machine takes that does nothing else.
"""

from __future__ import annotations

import json
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

from benchmarks.bareclient import BareClient
from benchmarks.processes import cpu_seconds
from benchmarks.scale import room
from benchmarks.trial import Master, wait_until
from benchmarks.workloads import Figures

NODES, CALLS = 1000, 100_000
CALL_SECONDS = 20.0
FRAMES = 60
SETTLE_SECONDS = 0.5
FEED_SECONDS = 8.0

#: Of each figure: what it is, its unit, and what it has to stay under.
LIMITS: dict[str, tuple[str, str, float]] = {
    "open_ms": ("from window to all nodes", "ms", 1000),
    "switch_ms": ("switching pages, the slowest", "ms", 50),
    "filter_ms": ("filtering the nodes, the slowest", "ms", 50),
    "sort_ms": ("sorting the nodes by load", "ms", 50),
    "delta_ms": ("taking in what has changed, the slowest", "ms", 50),
    "tiles_ms": ("a frame while the room scrolls, tiles", "ms", 16),
    "bricks_ms": ("a frame while the room scrolls, bricks", "ms", 16),
    "strips_ms": ("a frame while the room scrolls, strips", "ms", 16),
    "rows_ms": ("a frame while the nodes scroll", "ms", 16),
    "memory_mb": ("memory of the console", "MB", 300),
    "feed_percent": ("the master's processor for the feed", "% of a core", 5),
}


def main() -> None:
    """Prints the figures."""
    figures = measure()
    if "--json" in sys.argv:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        what, unit, limit = LIMITS[name]
        print(f"{what}: {value:.1f} {unit} (limit {limit:g})")


def in_its_own_process() -> Figures:
    """The same from a program that has a reactor, or wants none."""
    command = [sys.executable, "-m", "benchmarks.console", "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=Path(__file__).parent.parent)
    figures: Figures = json.loads(done.stdout)
    return figures


def measure(nodes: int = NODES, calls: int = CALLS) -> Figures:
    """All figures, on a master with so many nodes and queued calls. Takes this process's reactor."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        Master(Path(folder)) as master,
        room(master, nodes, CALL_SECONDS) as simulated,
        BareClient(master.socket) as client,
    ):
        client.submit(calls)
        client.ask("status")
        wait_until(lambda: simulated.calls > 0, 60, "no call ends")
        return _Trial(master, nodes).run(Path(folder))


class _Trial:
    """One run of the console.

    Attributes:
        figures: what was measured so far.
    """

    def __init__(self, master: Master, nodes: int) -> None:
        self.figures: Figures = {}
        self._master = master
        self._nodes = nodes

    def run(self, home: Path) -> Figures:
        """Measures."""
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        from PyQt6.QtCore import QSettings

        from asyncluster.console.program import Console
        from asyncluster.core.qt.application import make_application
        from asyncluster.core.qt.reactor import install
        from asyncluster.core.qt.theme import Mode

        self._app = make_application("AsynCluster console")
        reactor = self._reactor = install(tls=False)
        settings = QSettings(str(home / "settings.ini"), QSettings.Format.IniFormat)
        unwatched = self._share(FEED_SECONDS)
        console = self._console = Console(self._app, reactor, self._master.socket, mode=Mode.LIGHT, settings=settings)
        console.window.show()
        self._shown = perf_counter()
        self._deltas: list[float] = []
        receive = console.mirror.receive

        def timed(message: Any) -> None:
            self._deltas.append(_timed(lambda: receive(message)))

        console.mirror.receive = timed  # type: ignore[method-assign]
        reactor.callWhenRunning(console.link.start)
        reactor.callWhenRunning(self._opening)
        self._steps = self._all_steps(unwatched)
        reactor.run()
        return self.figures

    def _opening(self) -> None:
        """Until the first picture of all nodes."""
        if len(self._console.mirror.table("nodes").rows) < self._nodes:
            self._reactor.callLater(0.005, self._opening)
            return
        self._console.window.grab()
        self.figures["open_ms"] = 1000 * (perf_counter() - self._shown)
        self._go()

    def _go(self) -> None:
        pause = next(self._steps, None)
        if pause is None:
            self._reactor.stop()
        else:
            self._reactor.callLater(pause, self._go)

    def _all_steps(self, unwatched: float) -> Iterator[float]:
        """One measurement after the other; the reactor runs in between for so many seconds."""
        before, began = cpu_seconds(self._master.pid), perf_counter()
        yield FEED_SECONDS
        watched = (cpu_seconds(self._master.pid) - before) / (perf_counter() - began)
        self.figures["feed_percent"] = 100 * max(0.0, watched - unwatched)
        window, app = self._console.window, self._app
        switches = []
        for place in (*range(len(window.pages)), *range(len(window.pages))):
            switches.append(_timed(partial(_switch, window, place, app)))
            yield SETTLE_SECONDS
        self.figures["switch_ms"] = max(switches)
        yield from self._scrolling(window.pages[0], window.pages[1])
        self.figures["delta_ms"] = max(self._deltas[len(self._deltas) // 10 :])
        self.figures["memory_mb"] = _resident()

    def _scrolling(self, map_page: Any, nodes: Any) -> Iterator[float]:
        window, app = self._console.window, self._app
        window.show_page(0)
        yield SETTLE_SECONDS
        for name in ("TILE", "BRICK", "STRIP"):
            map_page.show_level(name)
            map_page.grab()
            yield SETTLE_SECONDS
            self.figures[f"{name.lower()}s_ms"] = _scroll(map_page.view, app)
        window.show_page(1)
        yield SETTLE_SECONDS
        self.figures["rows_ms"] = _scroll(nodes.view, app)
        filters = ("s", "st", "state:comp", "state:computing cores>4", "load<1", "")
        self.figures["filter_ms"] = max(_filtered(nodes, text, app) for text in filters)
        direction = nodes.model.sorting[1]
        self.figures["sort_ms"] = _timed(lambda: (nodes.view.sortByColumn(9, direction), app.processEvents()))
        yield SETTLE_SECONDS

    def _share(self, seconds: float) -> float:
        """The share of a core that the master takes while nobody watches."""
        before, began = cpu_seconds(self._master.pid), perf_counter()
        wait_until(lambda: perf_counter() - began >= seconds, seconds + 5, "time stands still")
        return (cpu_seconds(self._master.pid) - before) / (perf_counter() - began)


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


if __name__ == "__main__":
    main()

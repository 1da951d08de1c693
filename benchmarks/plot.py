"""The picture in RESULTS.md: bars from zero with their numbers beside them, our own in the accent colour."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.catalogue import ASYNCLUSTER, SYSTEMS
from benchmarks.table import Table

# The light theme's tokens; asyncluster.core.qt.tokens has them for windows, but a plot must not need Qt.
_SURFACE, _LINE, _EDGE, _TEXT, _MUTED, _ACCENT = "#FFFFFF", "#D5DAD6", "#7E8883", "#18201C", "#56605B", "#4A43BF"
_THIN_SPACE = "\N{THIN SPACE}"


class Panel(NamedTuple):
    """One figure of all systems."""

    workload: str
    figure: str
    title: str
    form: str


_PANELS = (
    Panel("singles", "calls_s", "Calls a second, one by one", "{:,.0f}"),
    Panel("map", "calls_s", "Calls a second, by map", "{:,.0f}"),
    Panel("round trip", "p50_ms", "Round trip, ms (less is better)", "{:.2f}"),
    Panel("singles", "cpu_us", "CPU a call, µs (less is better)", "{:,.0f}"),
    Panel("efficiency", "share", "Efficiency on 5 ms calls", "{:.2f}"),
    Panel("first result", "seconds", "Python started to first result, s (less is better)", "{:.1f}"),
)


def draw(table: Table, path: Path) -> None:
    """Writes the picture as PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.rcParams.update({"font.family": ["Inter", "Noto Sans", "DejaVu Sans"], "font.size": 9, "text.color": _TEXT})
    figure, axes = pyplot.subplots(2, 3, figsize=(13, 6.4), facecolor=_SURFACE, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.15, h_pad=0.15)
    for panel, area in zip(_PANELS, axes.flat, strict=True):
        _bars(table, panel, area)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _bars(table: Table, panel: Panel, area: Any) -> None:
    known = [(system.name, table.median(system.name, panel.workload, panel.figure)) for system in SYSTEMS]
    names = [name for name, value in known if value is not None][::-1]
    values = [value for _name, value in known if value is not None][::-1]
    area.barh(names, values, height=0.55, color=[_ACCENT if name == ASYNCLUSTER else _EDGE for name in names])
    area.set_title(panel.title, loc="left", fontsize=10, fontweight="bold", color=_TEXT)
    for place, value in enumerate(values):
        words = panel.form.format(value).replace(",", _THIN_SPACE)
        area.text(value, place, f"  {words}", va="center", color=_TEXT)
    area.set_xlim(0, max(values, default=1) * 1.22)
    area.set_xticks([])
    area.tick_params(axis="y", length=0, labelcolor=_MUTED)
    for side in ("top", "right", "bottom"):
        area.spines[side].set_visible(False)
    area.spines["left"].set_color(_LINE)

"""The thin bar, the one motif: it always counts something. How long its parts are is decided here without Qt's help.

`paint_bar` is time left, load or progress as one length; `paint_segments` is a job: done, failed, running and queued
side by side, where what is rare stays visible.
"""

from __future__ import annotations

import msgspec
from PyQt6.QtCore import QLineF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen

from asyncluster.core.qt.theme import Theme
from asyncluster.core.qt.tokens import State


class Progress(msgspec.Struct, frozen=True):
    """A job's calls, counted by what has become of them."""

    done: int
    failed: int
    running: int
    queued: int

    @property
    def total(self) -> int:
        """All calls."""
        return self.done + self.failed + self.running + self.queued


#: A segment that counts anything is at least this wide, so that one failure among a million is seen.
_LEAST = {"failed": 4, "running": 8, "queued": 6}


def segment_widths(progress: Progress, width: int) -> dict[str, int]:
    """Widths in pixels of the parts of `progress`, in order of drawing; they add up to `width`.

    Least widths are taken from the widest part. A job without calls is one empty "queued" part.
    """
    counts = {name: getattr(progress, name) for name in ("done", "failed", "running", "queued")}
    if not progress.total:
        return {name: width if name == "queued" else 0 for name in counts}
    widths = {
        name: max(_LEAST.get(name, 0) if count else 0, width * count // progress.total)
        for name, count in counts.items()
    }
    widest = max(widths, key=lambda name: widths[name])
    widths[widest] = max(0, widths[widest] + width - sum(widths.values()))
    return widths


def paint_bar(
    painter: QPainter,
    rect: QRectF,
    share: float,
    fill: QColor,
    rest: QColor,
    mark: tuple[float, QColor] | None = None,
) -> None:
    """Draws `share` (0 to 1) of `rect` in `fill`, the other part in `rest`.

    `mark` is where a hairline stands (0 to 1), and its colour.
    """
    radius = min(2.0, rect.height() / 2)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(rest)
    painter.drawRoundedRect(rect, radius, radius)
    full = QRectF(rect)
    full.setWidth(rect.width() * min(1.0, max(0.0, share)))
    painter.setBrush(fill)
    painter.drawRoundedRect(full, radius, radius)
    if mark is not None:
        place, color = mark
        x = round(rect.left() + rect.width() * place) + 0.5
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(color, 1))
        painter.drawLine(QLineF(x, rect.top() - 2, x, rect.bottom() + 2))
    painter.restore()


def paint_segments(painter: QPainter, rect: QRectF, progress: Progress, theme: Theme) -> None:
    """Draws a job's progress into `rect`: done, failed with a gap on either side, running hatched, queued empty."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    left = rect.left()
    for name, width in segment_widths(progress, round(rect.width())).items():
        part = QRectF(left, rect.top(), width, rect.height())
        left += width
        if not width:
            continue
        if name == "done":
            painter.fillRect(part, theme.color("accent"))
        elif name == "failed":
            painter.fillRect(part.adjusted(1, 0, -1, 0), theme.state(State.ERROR))
        elif name == "running":
            painter.fillRect(part, theme.tint(State.COMPUTING))
            _hatch(painter, part, theme.state(State.COMPUTING))
        else:
            painter.setPen(QPen(theme.color("edge"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(part.adjusted(0, 0, -1, -1))
    painter.restore()


def _hatch(painter: QPainter, rect: QRectF, color: QColor) -> None:
    painter.save()
    painter.setClipRect(rect)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color, 2.5))
    height = rect.height()
    x = rect.left() - height
    while x < rect.right():
        painter.drawLine(QLineF(x, rect.bottom(), x + height, rect.top()))
        x += 5
    painter.restore()

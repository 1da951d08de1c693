"""Draws one node at each level of detail: tile, brick, strip. Where it stands is `state.floor`'s business."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QPainter, QPainterPath, QPen

from asyncluster.console.parts.cells import Chip
from asyncluster.console.parts.delegate import paint_chip
from asyncluster.console.parts.faces import face
from asyncluster.console.parts.stamps import chip_width
from asyncluster.console.state import nodes, words
from asyncluster.console.state.nodes import Core
from asyncluster.core.qt.badges import paint_badge, state_word
from asyncluster.core.qt.bars import paint_bar
from asyncluster.core.qt.theme import Theme, Weight
from asyncluster.core.qt.tokens import State
from asyncluster.core.wire.feed import NodeRow

_RADIUS = 8
_HEAD = 48
_PAD = 12
_CORE_HEIGHT = 32
_MANY_CORES = 16
_MOST_CORES = 34  # two rows of 17 fit into a tile
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


@dataclass(frozen=True)
class Pose:
    """All that a picture of a node depends on besides the theme.

    Attributes:
        cores: None while they are not known.
        minute: of the master's clock, since words say times and what is left.
    """

    node: NodeRow
    cores: tuple[Core, ...] | None
    minute: int


class TilePainter:
    """Paints tiles with one theme, at one moment.

    Args:
        now: the master's clock.
        zone: the master's time zone.
    """

    def __init__(self, painter: QPainter, theme: Theme, now: float, zone: tzinfo | None) -> None:
        self._painter = painter
        self._theme = theme
        self._now = now
        self._zone = zone
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    # --- the three levels --------------------------------------------------------------------------------

    def tile(self, rect: QRectF, pose: Pose) -> None:
        """A card with all that matters."""
        node, state = pose.node, nodes.state_of(pose.node)
        self._frame(rect, state, self._theme.px(_HEAD))
        self._head(rect, node, state)
        top = rect.top() + self._theme.px(_HEAD)
        inner = QRectF(rect.left() + self._px(_PAD), top, rect.width() - self._px(2 * _PAD), rect.bottom() - top)
        if node.person:
            self._person(inner, node)
        else:
            self._lines(inner, nodes.lines(node, self._now, self._zone), strong=state is State.ERROR)
        if state in (State.OFFLINE, State.ERROR):
            return
        if pose.cores:
            self._cores(QRectF(inner.left(), inner.top() + self._px(39), inner.width(), self._px(32)), pose.cores)
        self._chips(inner, node)

    def brick(self, rect: QRectF, pose: Pose) -> None:
        """Badge, name, and a bar that says how much of the node computes."""
        node, state = pose.node, nodes.state_of(pose.node)
        self._frame(rect, state, rect.height())
        badge = self._px(20)
        place = QRectF(rect.left() + self._px(8), rect.top() + self._px(8), badge, badge)
        paint_badge(self._painter, place, state, self._theme.tokens)
        words_at = QRectF(place.right() + self._px(8), rect.top() + self._px(4), 0, self._px(28))
        words_at.setRight(rect.right() - self._px(6))
        self._text(words_at, node.name, 12, Weight.BOLD)
        bar = QRectF(rect.left() + self._px(8), rect.bottom() - self._px(9), rect.width() - self._px(16), self._px(4))
        if state is not State.OFFLINE:
            share = sum(node.running.values()) / node.workers if node.workers else 0.0
            paint_bar(self._painter, bar, share, self._theme.state(State.COMPUTING), self._theme.color("line"))

    def strip(self, rect: QRectF, pose: Pose) -> None:
        """A bar whose shape tells the state as well as its colour does."""
        state = nodes.state_of(pose.node)
        painter, color = self._painter, self._theme.state(state)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        match state:
            case State.IDLE:  # a stub
                painter.drawRect(QRectF(rect.left(), rect.bottom() - self._px(6), rect.width(), self._px(6)))
            case State.IN_USE:  # with a head
                head = rect.width()
                painter.drawEllipse(QRectF(rect.left(), rect.top(), head, head))
                painter.drawRoundedRect(rect.adjusted(0, head + 2, 0, 0), 2, 2)
            case State.SUSPENDED:  # two halves
                half = (rect.height() - self._px(6)) / 2
                painter.drawRect(QRectF(rect.left(), rect.top(), rect.width(), half))
                painter.drawRect(QRectF(rect.left(), rect.bottom() - half, rect.width(), half))
            case State.DRAINING:  # half a bar upon a line
                painter.drawRect(rect.adjusted(0, rect.height() / 2, 0, -self._px(5)))
                painter.drawRect(QRectF(rect.left(), rect.bottom() - self._px(2), rect.width(), self._px(2)))
            case State.OFFLINE:  # hollow
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(color, 1))
                painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))
            case State.ERROR:  # an exclamation mark
                painter.drawRect(rect.adjusted(0, 0, 0, -self._px(10)))
                painter.drawRect(QRectF(rect.left(), rect.bottom() - self._px(6), rect.width(), self._px(6)))
            case _:
                painter.drawRoundedRect(rect, 1, 1)

    def heading(self, rect: QRectF, name: str, summary: str) -> None:
        """The words above a strip."""
        self._text(rect, name, 14, Weight.BOLD)
        rect.setLeft(rect.left() + face(self._theme, 14, Weight.BOLD).width(name) + 12)
        self._text(rect, summary, 12, color="muted")

    def ring(self, rect: QRectF) -> None:
        """What is selected has a ring outside."""
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        self._painter.setPen(QPen(self._theme.color("accent"), 2))
        self._painter.drawRoundedRect(rect.adjusted(-2, -2, 2, 2), _RADIUS + 1, _RADIUS + 1)

    def focus(self, rect: QRectF) -> None:
        """Where the keyboard is, if that is not selected."""
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        self._painter.setPen(QPen(self._theme.color("accent"), 1, Qt.PenStyle.DotLine))
        self._painter.drawRoundedRect(rect.adjusted(-2, -2, 2, 2), _RADIUS + 1, _RADIUS + 1)

    # --- parts of a tile ---------------------------------------------------------------------------------

    def _frame(self, rect: QRectF, state: State, head: float) -> None:
        painter, theme = self._painter, self._theme
        edge = rect.adjusted(0.5, 0.5, -0.5, -0.5)
        outline = QPainterPath()
        outline.addRoundedRect(edge, _RADIUS, _RADIUS)
        if state is State.OFFLINE:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("edge"), 1, Qt.PenStyle.DashLine))
            painter.drawPath(outline)
            return
        painter.fillPath(outline, theme.color("surface"))
        painter.save()
        painter.setClipRect(QRectF(rect.left(), rect.top(), rect.width(), head))
        painter.fillPath(outline, theme.tint(state))
        painter.restore()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if state is State.ERROR:
            painter.setPen(QPen(theme.state(state), 2))
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), _RADIUS, _RADIUS)
        else:
            painter.setPen(QPen(theme.color("line"), 1))
            painter.drawPath(outline)

    def _head(self, rect: QRectF, node: NodeRow, state: State) -> None:
        badge = self._px(24)
        place = QRectF(rect.left() + self._px(_PAD), rect.top() + self._px(12), badge, badge)
        paint_badge(self._painter, place, state, self._theme.tokens)
        left, width = place.right() + self._px(8), rect.right() - place.right() - self._px(12)
        self._text(QRectF(left, rect.top() + self._px(6), width, self._px(20)), node.name, 14, Weight.BOLD)
        self._text(QRectF(left, rect.top() + self._px(25), width, self._px(16)), state_word(state), 12)

    def _person(self, inner: QRectF, node: NodeRow) -> None:
        seconds = nodes.seconds_left(node, self._now)
        line = QRectF(inner.left(), inner.top() + self._px(6), inner.width(), self._px(18))
        if seconds is not None:
            text = words.hours(seconds)
            width = face(self._theme, 12, Weight.BOLD).width(text)
            self._text(line, text, 12, Weight.BOLD, side=_RIGHT)
            line = line.adjusted(0, 0, -width - self._px(6), 0)
        self._text(line, nodes.person_of(node), 12, Weight.MEDIUM)
        share = nodes.share_left(node, self._now)
        if share is not None:
            bar = QRectF(inner.left(), inner.top() + self._px(28), inner.width(), self._px(4))
            paint_bar(self._painter, bar, share, self._theme.state(nodes.urgency(seconds)), self._theme.color("line"))

    def _lines(self, inner: QRectF, lines: list[str], *, strong: bool) -> None:
        top = inner.top() + self._px(6)
        for number, text in enumerate(lines):
            height = self._px(34 if strong and number == 0 else 18)
            rect = QRectF(inner.left(), top, inner.width(), height)
            if strong and number == 0:
                flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)
                self._painter.setFont(face(self._theme, 12).font)
                self._painter.setPen(self._theme.color("text"))
                self._painter.drawText(rect, flags, text)
            else:
                self._text(rect, text, 12, color="muted")
            top += height + self._px(12)

    def _cores(self, rect: QRectF, cores: tuple[Core, ...]) -> None:
        """Over 16 cores stand in two rows, over 34 each bar is two cores or more."""
        shown = list(cores)
        while len(shown) > _MOST_CORES:
            shown = [_joined(*shown[place : place + 2]) for place in range(0, len(shown), 2)]
        rows = (
            [shown] if len(shown) <= _MANY_CORES else [shown[: (len(shown) + 1) // 2], shown[(len(shown) + 1) // 2 :]]
        )
        step = self._px(8 if len(rows[0]) < _MANY_CORES else 7)
        gap = self._px(4) if len(rows) > 1 else 0
        height = (rect.height() - gap) / len(rows)
        for number, row in enumerate(rows):
            bottom = rect.top() + (number + 1) * height + number * gap
            for place, core in enumerate(row):
                self._core(rect.left() + place * step, bottom, height, core)

    def _core(self, left: float, bottom: float, height: float, core: Core) -> None:
        painter, width = self._painter, self._px(5)
        painter.setPen(Qt.PenStyle.NoPen)
        if core.owner == "idle":
            painter.setBrush(self._theme.state(State.IDLE))
            stub = self._px(4)
            painter.drawRoundedRect(QRectF(left, bottom - stub, width, stub), 1, 1)
            return
        person = core.owner == "person"
        if core.owner == "other":
            painter.setBrush(self._theme.color("edge"))
        else:
            painter.setBrush(self._theme.state(State.IN_USE if person else State.COMPUTING))
        head = width + 1 if person else 0
        tall = max(width, core.load * (height - head))
        painter.drawRoundedRect(QRectF(left, bottom - tall, width, tall), 1, 1)
        if person:
            painter.drawEllipse(QRectF(left, bottom - tall - head, width, width))

    def _chips(self, inner: QRectF, node: NodeRow) -> None:
        """As many jobs as fit, the largest first, then how many more there are."""
        theme = self._theme
        height = self._px(20)
        corner = QPointF(inner.left(), inner.bottom() - self._px(9) - height)
        jobs = sorted(node.running, key=lambda number: (-node.running[number], number))
        paused = node.state == "suspended"
        for place, number in enumerate(jobs):
            chip, others = Chip(number), len(jobs) - place - 1
            reserve = self._px(24) if others else 0
            if paused and not others:
                reserve = self._px(58)
            if place and corner.x() + chip_width(theme, number) + reserve > inner.right():
                self._text(QRectF(corner, inner.bottomRight()).adjusted(2, 0, 0, -9), f"+{others + 1}", 12)
                return
            corner.setX(paint_chip(self._painter, corner, height, chip, theme))
        if paused and jobs and corner.x() + self._px(58) <= inner.right() + 1:
            self._paused(QRectF(corner.x() + self._px(4), corner.y(), self._px(60), height))

    def _paused(self, rect: QRectF) -> None:
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(self._theme.color("text"))
        for shift in (0, 5):
            bar = QRectF(rect.left() + self._px(shift), rect.center().y() - self._px(5), self._px(3), self._px(10))
            self._painter.drawRect(bar)
        self._text(rect.adjusted(self._px(13), 0, 0, 0), "paused", 12, color="muted")

    # --- within ------------------------------------------------------------------------------------------

    def _px(self, length: float) -> int:
        return self._theme.px(length)

    def _text(
        self,
        rect: QRectF,
        text: str,
        size: float,
        weight: Weight = Weight.REGULAR,
        *,
        color: str = "text",
        side: int = _LEFT,
    ) -> None:
        type_ = face(self._theme, size, weight)
        self._painter.setFont(type_.font)
        self._painter.setPen(self._theme.color(color))
        self._painter.drawText(rect, side, type_.fitted(text, rect.width()))


def _joined(first: Core, second: Core | None = None) -> Core:
    """Two cores as one bar: of the busier one's owner, as high as both on average."""
    if second is None:
        return first
    busier = max(first, second, key=lambda core: (core.owner != "idle", core.load))
    return Core(busier.owner, (first.load + second.load) / 2)

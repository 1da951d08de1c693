"""Where each node stands in the picture of the room: at three levels of detail, without Qt.

    TILE    a card with the person, the time left, a bar a core and the jobs: for a room
    BRICK   badge, name and load: for a few hundred PCs
    STRIP   one thin bar a node, a line for each group: for thousands

Lengths are pixels at a scale of 1. Nodes are placed in the order in which they are given; in strips, nodes whose
names differ only in their number stand together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How much is shown of a node."""

    TILE = "Tiles"
    BRICK = "Bricks"
    STRIP = "Strips"


#: width, height, gap
SIZES = {Level.TILE: (144, 158, 8), Level.BRICK: (112, 44, 6), Level.STRIP: (6, 30, 2)}

#: At most so many nodes at a level that was not chosen by hand.
_MOST = {Level.TILE: 60, Level.BRICK: 300}

_STRIP_HEAD = 30
_STRIP_GAP = 18
_STRIP_LEAST = 440  # for the words above it
_NUMBER = re.compile(r"\d+(?!.*\d)")


@dataclass(frozen=True)
class Box:
    """A place: left, top, width, height."""

    x: float
    y: float
    width: float
    height: float

    def contains(self, x: float, y: float) -> bool:
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height

    def meets(self, other: Box) -> bool:
        """Whether they have a point in common."""
        apart_x = self.x + self.width <= other.x or other.x + other.width <= self.x
        return not (apart_x or self.y + self.height <= other.y or other.y + other.height <= self.y)


@dataclass(frozen=True)
class Heading:
    """Words above a strip: the group's name, and which nodes are in it (from `first`, `count` of them)."""

    name: str
    x: float
    y: float
    width: float
    first: int
    count: int


@dataclass(frozen=True)
class Plan:
    """The picture's layout.

    Attributes:
        boxes: one for each node, in order.
        order: indices of the nodes, in the order of `boxes`.
        columns: how many stand side by side.
        height: of the whole picture.
    """

    level: Level
    order: tuple[int, ...]
    boxes: tuple[Box, ...]
    columns: int
    height: float
    headings: tuple[Heading, ...] = ()

    def at(self, x: float, y: float) -> int | None:
        """The place in `boxes` at a point; in strips the gap belongs to the bar before it."""
        if self.level is Level.STRIP:
            gap = SIZES[Level.STRIP][2]
            return next((i for i, b in enumerate(self.boxes) if b.contains(x, y) or b.contains(x - gap, y)), None)
        return next((index for index, box in enumerate(self.boxes) if box.contains(x, y)), None)

    def within(self, area: Box) -> list[int]:
        """Places that can be seen in an area."""
        return [index for index, box in enumerate(self.boxes) if box.meets(area)]

    def beside(self, place: int, across: int, down: int) -> int:
        """The place that an arrow key leads to, or `place` itself where there is none."""
        if down == 0:
            return min(max(place + across, 0), len(self.boxes) - 1)
        here = self.boxes[place]
        rows = sorted({box.y for box in self.boxes if (box.y - here.y) * down > 0}, reverse=down < 0)
        if not rows:
            return place
        row = [index for index, box in enumerate(self.boxes) if box.y == rows[0]]
        return min(row, key=lambda index: abs(self.boxes[index].x - here.x))


def fitting(count: int) -> Level:
    """The level for so many nodes."""
    if count <= _MOST[Level.TILE]:
        return Level.TILE
    return Level.BRICK if count <= _MOST[Level.BRICK] else Level.STRIP


def group_of(name: str) -> str:
    """What a node's name says without its last number: "lab2-pc017" is in "lab2-pc"."""
    return _NUMBER.sub("", name).strip("-._") or name


def plan(names: Sequence[str], width: float, level: Level) -> Plan:
    """Places nodes in a picture so wide."""
    if level is Level.STRIP:
        return _strips(names, width)
    wide, high, gap = SIZES[level]
    columns = max(1, int((width + gap) // (wide + gap)))
    boxes = tuple(
        Box(index % columns * (wide + gap), index // columns * (high + gap), wide, high) for index in range(len(names))
    )
    rows = -(-len(names) // columns)
    return Plan(level, tuple(range(len(names))), boxes, columns, max(0, rows * (high + gap) - gap))


def _strips(names: Sequence[str], width: float) -> Plan:
    """Groups stand side by side as far as they fit, and each fills the width that it has line by line."""
    wide, high, gap = SIZES[Level.STRIP]
    groups: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        groups.setdefault(group_of(name), []).append(index)
    largest = max((len(members) for members in groups.values()), default=1)
    needed = max(_STRIP_LEAST, largest * (wide + gap))
    abreast = max(1, int((width + _STRIP_GAP) // (needed + _STRIP_GAP)))
    column = (width + _STRIP_GAP) / abreast - _STRIP_GAP
    in_line = max(1, int((column + gap) // (wide + gap)))
    order: list[int] = []
    boxes: list[Box] = []
    headings = []
    y = tallest = 0.0
    for place, (name, members) in enumerate(groups.items()):
        if place % abreast == 0:
            y, tallest = (y + tallest + _STRIP_GAP if place else 0.0), 0.0
        x = place % abreast * (column + _STRIP_GAP)
        headings.append(Heading(name, x, y, column, len(order), len(members)))
        for number in range(len(members)):
            left = x + number % in_line * (wide + gap)
            boxes.append(Box(left, y + _STRIP_HEAD + number // in_line * (high + gap), wide, high))
        order += members
        tallest = max(tallest, _STRIP_HEAD + -(-len(members) // in_line) * (high + gap))
    return Plan(Level.STRIP, tuple(order), tuple(boxes), in_line, y + tallest, tuple(headings))

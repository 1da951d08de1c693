"""Where tiles stand that somebody has dragged to where the PCs are: cells of a grid, by node. Without Qt.

A node without a place, or one whose place the window is too narrow for, takes the first free cell in reading order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any, TypeAlias

from asyncluster.console.state.floor import SIZES, Box, Level, Plan, plan

#: Column and row, from 0.
Cell: TypeAlias = tuple[int, int]
Places: TypeAlias = Mapping[str, Cell]

_WIDE, _HIGH, _GAP = SIZES[Level.TILE]
_FARTHEST = 500  # columns or rows


def plan_of(names: Sequence[str], places: Places, width: float) -> Plan:
    """Tiles in a picture so wide, each at its place."""
    columns = plan((), width, Level.TILE).columns
    taken: dict[Cell, int] = {}
    for index, name in enumerate(names):
        cell = places.get(name)
        if cell is not None and cell[0] < columns and cell not in taken:
            taken[cell] = index
    free = _reading(columns)
    standing = set(taken.values())
    for index in range(len(names)):
        if index not in standing:
            taken[next(cell for cell in free if cell not in taken)] = index
    cells = sorted(taken, key=lambda cell: (cell[1], cell[0]))
    rows = cells[-1][1] + 1 if cells else 0
    boxes = tuple(Box(column * (_WIDE + _GAP), row * (_HIGH + _GAP), _WIDE, _HIGH) for column, row in cells)
    order = tuple(taken[cell] for cell in cells)
    return Plan(Level.TILE, order, boxes, columns, max(0, rows * (_HIGH + _GAP) - _GAP))


def cell_at(x: float, y: float, columns: int) -> Cell:
    """The cell of the grid at a point, or the nearest."""
    column, row = int(max(0.0, x) // (_WIDE + _GAP)), int(max(0.0, y) // (_HIGH + _GAP))
    return min(column, columns - 1), min(row, _FARTHEST)


def box_of(cell: Cell) -> Box:
    """Where a cell is."""
    return Box(cell[0] * (_WIDE + _GAP), cell[1] * (_HIGH + _GAP), _WIDE, _HIGH)


def moved(names: Sequence[str], now: Plan, name: str, cell: Cell) -> dict[str, Cell]:
    """The places of all nodes after one was dragged to a cell; whoever stood there takes its old place."""
    places = {names[index]: cell_at(box.x, box.y, now.columns) for index, box in zip(now.order, now.boxes, strict=True)}
    before = places[name]
    for other, there in places.items():
        if there == cell:
            places[other] = before
    places[name] = cell
    return places


def read(stored: Any) -> dict[str, Cell]:
    """Places as they were written down; what makes no sense is left out."""
    found: dict[str, Cell] = {}
    for name, cell in (stored if isinstance(stored, Mapping) else {}).items():
        if isinstance(cell, list | tuple) and len(cell) == 2 and all(isinstance(part, int) for part in cell):
            column, row = cell
            if 0 <= column <= _FARTHEST and 0 <= row <= _FARTHEST:
                found[str(name)] = column, row
    return found


def _reading(columns: int) -> Iterator[Cell]:
    for row in count():
        for column in range(columns):
            yield column, row

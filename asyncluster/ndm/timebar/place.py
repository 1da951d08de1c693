"""Where the bar is on its screen: at an edge, as near to where the person dropped it as an edge is. Pure."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

GAP = 8  # between the bar and the edge


class Edge(Enum):
    """An edge of the screen."""

    TOP = "top"
    BOTTOM = "bottom"
    LEFT = "left"
    RIGHT = "right"


class Box(NamedTuple):
    """A rectangle in pixels."""

    x: int
    y: int
    width: int
    height: int


def nearest_edge(screen: Box, bar: Box) -> Edge:
    """The edge to which the bar is dropped."""
    distances = {
        Edge.TOP: bar.y - screen.y,
        Edge.BOTTOM: screen.y + screen.height - bar.y - bar.height,
        Edge.LEFT: bar.x - screen.x,
        Edge.RIGHT: screen.x + screen.width - bar.x - bar.width,
    }
    return min(distances, key=lambda edge: distances[edge])


def at_edge(screen: Box, bar: Box, edge: Edge) -> Box:
    """The bar at that edge, along it where it was, wholly on the screen if it fits."""
    last_x = screen.x + screen.width - bar.width - GAP
    last_y = screen.y + screen.height - bar.height - GAP
    x = max(screen.x + GAP, min(bar.x, last_x))
    y = max(screen.y + GAP, min(bar.y, last_y))
    match edge:
        case Edge.TOP:
            y = screen.y + GAP
        case Edge.BOTTOM:
            y = last_y
        case Edge.LEFT:
            x = screen.x + GAP
        case Edge.RIGHT:
            x = last_x
    return Box(x, y, bar.width, bar.height)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.ndm.timebar.place import GAP, Box, Edge, at_edge, nearest_edge

SCREEN = Box(100, 50, 1280, 800)


@pytest.mark.parametrize(
    ("x", "y", "edge"),
    [(600, 60, Edge.TOP), (600, 780, Edge.BOTTOM), (110, 400, Edge.LEFT), (1050, 400, Edge.RIGHT)],
)
def test_the_nearest_edge(x, y, edge):
    assert nearest_edge(SCREEN, Box(x, y, 320, 56)) is edge


def test_it_stays_along_its_edge_where_it_was():
    assert at_edge(SCREEN, Box(600, 400, 320, 56), Edge.BOTTOM) == (600, 850 - 56 - GAP, 320, 56)
    assert at_edge(SCREEN, Box(600, 400, 320, 56), Edge.RIGHT) == (1380 - 320 - GAP, 400, 320, 56)


numbers = st.integers(-5000, 5000)


@given(numbers, numbers, st.sampled_from(Edge))
def test_wherever_it_is_dropped_it_is_wholly_on_the_screen(x, y, edge):
    place = at_edge(SCREEN, Box(x, y, 320, 56), edge)
    assert SCREEN.x <= place.x
    assert place.x + place.width <= SCREEN.x + SCREEN.width
    assert SCREEN.y <= place.y
    assert place.y + place.height <= SCREEN.y + SCREEN.height
    assert at_edge(SCREEN, place, edge) == place

from __future__ import annotations

import pytest
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QColor, QImage, QPainter

from asyncluster.core.qt.badges import paint_badge, state_word
from asyncluster.core.qt.tokens import DARK, LIGHT, State, Tokens


def painted(state: State, tokens: Tokens) -> QImage:
    image = QImage(48, 48, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    paint_badge(painter, QRectF(0, 0, 48, 48), state, tokens)
    painter.end()
    return image


def shape(image: QImage) -> frozenset[tuple[int, int]]:
    return frozenset((x, y) for x in range(48) for y in range(48) if image.pixelColor(x, y).alpha() > 127)


def glyph(image: QImage, color: str) -> frozenset[tuple[int, int]]:
    ground = QColor(color)
    return frozenset(
        (x, y) for x in range(8, 40) for y in range(8, 40) if image.pixelColor(x, y).name() != ground.name()
    )


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_states_differ_in_shape_and_glyph_and_not_by_colour_alone(qapp, tokens):
    images = {state: painted(state, tokens) for state in State}
    glyphs = [glyph(image, tokens.states[state]) for state, image in images.items()]
    assert len(set(glyphs)) == len(State)
    assert all(glyphs)
    disc, square, octagon = (shape(images[s]) for s in (State.IDLE, State.OFFLINE, State.ERROR))
    assert disc < octagon < square
    assert shape(images[State.DRAINING]) == square
    for state in (State.IN_USE, State.COMPUTING, State.SUSPENDED):
        assert shape(images[state]) == disc


def test_every_state_has_its_word(qapp):
    assert [state_word(state) for state in State] == [
        "In use",
        "Idle",
        "Computing",
        "Suspended",
        "Draining",
        "Offline",
        "Error",
    ]

"""Fonts, how wide texts are in them, and colours, all made once: a table asks for them thousands of times a second."""

from __future__ import annotations

from functools import lru_cache

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF

from asyncluster.core.qt.theme import Theme, Weight
from asyncluster.core.qt.tokens import DARK, LIGHT


class Face:
    """A font, and how wide texts are in it.

    Attributes:
        font: the font.
    """

    def __init__(self, font: QFont) -> None:
        self.font = font
        self._metrics = QFontMetricsF(font)
        self.width = lru_cache(maxsize=5000)(self._metrics.horizontalAdvance)

    def fitted(self, text: str, width: float) -> str:
        """The text, cut off with an ellipsis if it is wider."""
        if self.width(text) <= width + 1:
            return text
        return self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)


def face(theme: Theme, size: float, weight: Weight = Weight.REGULAR) -> Face:
    """The font of a size and weight in a theme."""
    return _made(theme.px(size), weight)


@lru_cache(maxsize=64)
def _made(pixels: int, weight: Weight) -> Face:
    return Face(Theme().font(pixels, weight))


def ink(theme: Theme, name: str) -> QColor:
    """The colour of a token; not to be changed."""
    return _ink(theme.tokens.dark, name)


@lru_cache(maxsize=64)
def _ink(dark: bool, name: str) -> QColor:
    return Theme(DARK if dark else LIGHT).color(name)

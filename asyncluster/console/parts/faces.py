"""Fonts, how wide texts are in them, and colours, all made once: a table asks for them thousands of times a second."""

from __future__ import annotations

from functools import lru_cache

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QStaticText

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
        self._height = self._metrics.height()
        self.width = lru_cache(maxsize=5000)(self._metrics.horizontalAdvance)
        self._laid_out = lru_cache(maxsize=5000)(self._lay_out)

    def fitted(self, text: str, width: float) -> str:
        """The text, cut off with an ellipsis if it is wider."""
        if self.width(text) <= width + 1:
            return text
        return self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)

    def draw(self, painter: QPainter, rect: QRectF, text: str, *, right: bool = False) -> None:
        """One line in the middle of a rectangle, cut off at its width; the painter's pen is its colour.

        A text that was drawn before is not laid out again, which is most of what words cost.
        """
        text = self.fitted(text, rect.width())
        left = rect.right() - self.width(text) if right else rect.left()
        painter.setFont(self.font)
        painter.drawStaticText(QPointF(left, rect.center().y() - self._height / 2), self._laid_out(text))

    def _lay_out(self, text: str) -> QStaticText:
        made = QStaticText(text)
        made.setTextFormat(Qt.TextFormat.PlainText)
        made.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
        made.prepare(font=self.font)
        return made


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

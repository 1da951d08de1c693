"""Our own line icons: `resources/icons/*.svg`, 16 by 16, drawn in `currentColor`.

An icon has no colour of its own; it is drawn in the colour of the words beside it.
"""

from __future__ import annotations

from functools import lru_cache

from PyQt6.QtCore import QByteArray, QRectF, Qt
from PyQt6.QtGui import QColor, QIcon, QPainter, QPixmap
from PyQt6.QtSvg import QSvgRenderer

from asyncluster.core.resources import resource_text

_RATIOS = (1.0, 1.5, 2.0, 3.0)


def paint_icon(painter: QPainter, rect: QRectF, name: str, color: QColor) -> None:
    """Draws the icon `name` into `rect` in `color`.

    Raises:
        FileNotFoundError: there is no such icon.
    """
    renderer = _renderer(name, color.name())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, rect)
    painter.restore()


def pixmap(name: str, color: QColor, size: int = 16, ratio: float = 1.0) -> QPixmap:
    """The icon `name`, `size` logical pixels wide, for a screen of `ratio` pixels to each of them."""
    renderer = _renderer(name, color.name())  # before painting begins: its errors must not leave a painter open
    image = QPixmap(round(size * ratio), round(size * ratio))
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return image


def icon(name: str, color: QColor, size: int = 16) -> QIcon:
    """The icon `name` for a button or a menu, sharp on screens of every density."""
    made = QIcon()
    for ratio in _RATIOS:
        made.addPixmap(pixmap(name, color, size, ratio))
    return made


@lru_cache(maxsize=256)
def _renderer(name: str, color: str) -> QSvgRenderer:
    source = resource_text(f"icons/{name}.svg")
    return QSvgRenderer(QByteArray(source.replace("currentColor", color).encode()))

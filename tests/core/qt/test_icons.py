from __future__ import annotations

import pytest
from PyQt6.QtCore import QSize
from PyQt6.QtGui import QColor

from asyncluster.core.qt.icons import icon, pixmap
from asyncluster.core.resources import resource

NAMES = sorted(path.stem for path in resource("icons").glob("*.svg"))


@pytest.mark.parametrize("name", NAMES)
def test_every_icon_is_drawn_in_the_colour_that_is_asked_for(qapp, name):
    image = pixmap(name, QColor("#ff0000"), 32).toImage()
    colors = {
        image.pixelColor(x, y).name() for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() == 255
    }
    assert colors == {"#ff0000"}


def test_icons_are_sharp_on_dense_screens(qapp):
    assert pixmap("power", QColor("black"), 16, 2.0).width() == 32
    assert {size.width() for size in icon("power", QColor("black")).availableSizes()} >= {16, 32, 48}
    assert icon("power", QColor("black")).actualSize(QSize(16, 16)) == QSize(16, 16)


def test_an_icon_that_does_not_exist_is_an_error(qapp):
    with pytest.raises(FileNotFoundError, match="unicorn"):
        pixmap("unicorn", QColor("black"))

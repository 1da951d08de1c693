from __future__ import annotations

import pytest


@pytest.fixture
def shown(qtbot):
    """Shows a page as the window would, in its size."""

    def show(page):
        qtbot.addWidget(page)
        page.resize(1240, 800)
        page.show()
        qtbot.waitExposed(page)
        return page

    return show

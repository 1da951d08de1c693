from __future__ import annotations

import subprocess
import sys

import pytest
from PyQt6.QtCore import QPoint, Qt

from asyncluster.console.dialogs.history import History
from asyncluster.console.pages.jobs import JobsPage
from asyncluster.console.pages.nodes import NodesPage
from asyncluster.console.state import curves
from asyncluster.core.qt.theme import Mode
from asyncluster.core.wire.feed import NodeDetail, Options


@pytest.fixture
def history(desk, qtbot):
    sheet = History(None, desk, "node:pc07", curves.of_node)
    sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(sheet)
    sheet.show()
    return sheet


def test_it_shows_what_comes_while_it_is_open(history, mirror, desk):
    table = mirror.table("node:pc07")
    table.receive([NodeDetail("pc07", 30.0, [10] * 120, [5] * 120)], [], full=True)
    assert history.plot.said.text().endswith("Ours 10\u2009%, Others\u2019 5\u2009%")
    table.receive([NodeDetail("pc07", 30.0, [90] * 120, [5] * 120)], [], full=True)
    assert "Ours 90" in history.plot.accessibleDescription()
    desk.look.choose(Mode.DARK)
    assert not history.grab().isNull()
    history.reject()
    table.receive([NodeDetail("pc07", 30.0, [1] * 120, [5] * 120)], [], full=True)


def test_the_mouse_asks_what_was(history, mirror, qtbot):
    loads = list(range(120))
    mirror.table("node:pc07").receive([NodeDetail("pc07", 30.0, loads, [0] * 120)], [], full=True)
    history.grab()
    plot = history.plot._plot
    plot.scene().sigMouseMoved.emit(plot.mapToScene(QPoint(plot.width() // 2, plot.height() // 2)))
    place = int(history.plot.said.text().split("Ours ")[1].split("\u2009")[0])
    assert 30 < place < 90


@pytest.mark.parametrize(("kind", "name", "topic"), [(NodesPage, "pc07", "node:pc07"), (JobsPage, "214", "job:214")])
def test_a_page_watches_the_past_of_one_thing_while_it_is_looked_at(desk, shown, tmp_path, kind, name, topic):
    page = shown(NodesPage(desk) if kind is NodesPage else JobsPage(desk, tmp_path, None))
    page.show_thing(name)
    page.press("h")
    assert page.watched()[topic] == Options()
    sheet = page.findChild(History)
    sheet.reject()
    assert page.watched() == page.topics()


def test_nobody_waits_for_the_plotting_library_before_a_plot_is_wanted():
    code = "import sys, asyncluster.console.program; sys.exit('pyqtgraph' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0

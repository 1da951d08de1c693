"""The ground of a message is as tall as its words, whatever room is kept for it."""

from __future__ import annotations

import pytest
from PyQt6.QtWidgets import QWidget

from asyncluster.core.qt.theme import Look
from asyncluster.core.qt.tokens import State
from asyncluster.ndm.greeter.notice import NoticeBox
from asyncluster.ndm.greeter.words import Kind, Notice

SHORT = Notice(Kind.ERROR, "Closed now; opens tomorrow at 09:00.")
LONG = Notice(Kind.ERROR, "Closed now. " * 20, "Ask the operator. " * 20)


@pytest.fixture
def look(qapp):
    return Look(qapp, ("base", "greeter"))


@pytest.fixture
def box(qtbot, look):
    window = QWidget()
    qtbot.addWidget(window)
    box = NoticeBox(window, look)
    box.resize(404, 160)
    yield box
    window.close()


def ground(box: NoticeBox, look: Look) -> int:
    """Rows of its right margin that have a refusal's colour."""
    picture, tint = box.grab().toImage(), look.theme.tint(State.ERROR).name()
    return sum(picture.pixelColor(398, row).name() == tint for row in range(picture.height()))


def test_a_short_refusal_leaves_the_rest_free(box, look):
    box.show_notice(SHORT)
    assert 30 < ground(box, look) < 60


def test_a_long_one_takes_all_of_it(box, look):
    box.show_notice(LONG)
    assert ground(box, look) == box.height()


def test_a_bar_stands_within_it(box, look):
    box.show_notice(Notice(Kind.COUNTDOWN, "Wait 0:05", "Too many wrong passwords.", 0.4))
    picture, accent = box.grab().toImage(), look.theme.color("accent").name()
    rows = [row for row in range(picture.height()) if picture.pixelColor(60, row).name() == accent]
    assert 3 <= len(rows) <= 4
    assert 40 < rows[-1] < 70

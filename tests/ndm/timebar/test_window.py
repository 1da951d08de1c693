from __future__ import annotations

import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtTest import QTest

from asyncluster.core.qt.theme import Look
from asyncluster.core.wire.timebar import Acknowledged, Ending, EndSession, Notice, State
from asyncluster.ndm.timebar.window import TimeBar


class Bar:
    """A time bar with a clock that the test moves, and what it has sent."""

    def __init__(self, app, **fields):
        self.now, self.sent = 0.0, []
        state = State("Maria Koval", **{"left": 6120.0, "total": 14400.0, "mode": "light", **fields})
        self.window = TimeBar(state, Look(app, ("base", "timebar")), self.sent.append, lambda: self.now)

    def at(self, now):
        self.now = now
        self.window.look_again()


@pytest.fixture
def make(qapp, qtbot):
    made = []

    def bar(**fields) -> Bar:
        one = Bar(qapp, **fields)
        made.append(one)
        qtbot.addWidget(one.window)
        one.window.show()
        qtbot.waitExposed(one.window)
        return one

    yield bar
    for one in made:
        one.window._timer.stop()
        one.window._growth.stop()
        one.window.hide()
    qapp.setStyleSheet("")


def test_it_shows_the_time_in_words_and_wakes_by_the_minute(make):
    bar = make()
    assert bar.window.face.accessibleName() == "1:42 left, Maria Koval"
    assert bar.window._timer.interval() == 60_020
    bar.at(6120 - 59.5)
    assert bar.window.face.accessibleName().startswith("1:00 left")
    assert bar.window._timer.interval() == 520


def test_it_grows_by_a_line_for_the_last_warnings(make, qtbot):
    bar = make()
    assert (bar.window.width(), bar.window.height()) == (320, 56)
    bar.at(6120 - 899)
    assert bar.window.height() == 56
    bar.at(6120 - 299)
    qtbot.waitUntil(lambda: bar.window.height() == 80)
    bar.window.receive(State("Maria Koval", 6120.0, mode="light"))
    assert bar.window.height() == 56


def test_with_reduced_motion_it_grows_at_once(make, monkeypatch):
    from PyQt6.QtWidgets import QProxyStyle

    class Still(QProxyStyle):
        def styleHint(self, hint, option=None, widget=None, returned=None):
            if hint == self.StyleHint.SH_Widget_Animation_Duration:
                return 0
            return super().styleHint(hint, option, widget, returned)

    bar = make()
    still = Still("Fusion")
    monkeypatch.setattr(bar.window, "style", lambda: still)
    bar.at(6120 - 299)
    assert bar.window.height() == 80


def test_a_click_or_enter_opens_what_is_under_it(make):
    bar = make(daily=14400.0)
    QTest.mouseClick(bar.window, Qt.MouseButton.LeftButton, pos=QPoint(100, 20))
    assert bar.window.details.isVisible()
    assert bar.window.height() > 150
    QTest.keyClick(bar.window.face, Qt.Key.Key_Return)
    assert not bar.window.details.isVisible()
    assert bar.window.height() == 56


def test_logging_out_asks_back(make):
    bar = make()
    bar.window.toggle()
    details = bar.window.details
    details._begin.click()
    assert (bar.sent, details._confirm.isVisible(), details._question.isVisible()) == ([], True, True)
    details._cancel.click()
    assert not details._confirm.isVisible()
    details._begin.click()
    details._confirm.click()
    assert bar.sent == [EndSession()]


def test_a_message_stays_until_ok_and_the_operator_learns_of_it(make):
    bar = make()
    bar.window.receive(Notice(7, "Nadia Singh", "<b>Save</b> your work.", 0.0))
    bar.window.receive(Notice(8, "", "Second.", 0.0))
    card = bar.window.card
    assert card.isVisible()
    assert card.accessibleName() == "From the operator: <b>Save</b> your work."
    assert card._sender.text() == "Nadia Singh, 1 more"
    assert not bar.window.face.geometry().intersects(card.geometry())
    card._ok.click()
    assert (bar.sent, card._text.text()) == ([Acknowledged(7)], "Second.")
    card._ok.click()
    assert bar.sent[-1] == Acknowledged(8)
    assert not card.isVisible()


def test_a_long_message_scrolls_and_the_window_stays_on_the_screen(make):
    bar = make()
    bar.window.receive(Notice(7, "Nadia", "All work and no play. " * 90, 0.0))
    assert bar.window.height() < 500
    assert bar.window.screen().availableGeometry().contains(bar.window.geometry())


def test_an_ending_says_why(make):
    bar = make()
    bar.window.receive(Ending("The operator ends this session.", 10))
    assert bar.window.face.accessibleName() == "0:10 left, Maria Koval, The operator ends this session."


def test_it_takes_the_keyboard_from_nobody(make):
    bar = make()
    assert bar.window.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
    assert bar.window.windowFlags() & Qt.WindowType.WindowStaysOnTopHint


def test_closing_changes_nothing(make):
    bar = make()
    assert not bar.window.close()
    assert bar.window.isVisible()
    assert bar.sent == []


def test_it_is_dragged_to_an_edge_and_moved_there_by_keys(make):
    bar = make()
    window, room = bar.window, bar.window.screen().availableGeometry()
    QTest.mousePress(window, Qt.MouseButton.LeftButton, pos=QPoint(100, 20))
    QTest.mouseMove(window, QPoint(100, room.height() - 100))
    QTest.mouseRelease(window, Qt.MouseButton.LeftButton, pos=window.mapFromGlobal(QPoint(400, room.bottom() - 10)))
    assert window.y() > room.height() // 2
    assert not window.details.isVisible()
    QTest.keyClick(window, Qt.Key.Key_Up)
    assert window.y() == room.y() + 8
    QTest.keyClick(window, Qt.Key.Key_Right)
    assert window.x() + window.width() == room.x() + room.width() - 8


def test_the_gap_above_a_message_belongs_to_what_is_behind(make):
    bar = make()
    bar.window.receive(Notice(7, "", "x", 0.0))
    gap = QPoint(160, bar.window.face.height() + 4)
    assert not bar.window.mask().contains(gap)
    assert bar.window.mask().contains(bar.window.card.geometry().center())


def test_colours_and_size_of_text_are_as_told(make):
    bar = make(mode="dark", scale=1.5)
    assert bar.window._look.theme.tokens.dark
    assert bar.window.width() == 480
    bar.window.receive(State("Maria Koval", 6120.0, mode="light", scale=1.0))
    assert not bar.window._look.theme.tokens.dark
    assert bar.window.width() == 320

from __future__ import annotations

from datetime import date

import pytest
from PyQt6.QtCore import QDate, QPoint, Qt

from asyncluster.console.pages.exceptions import read_spans
from asyncluster.console.pages.openings import OpeningsPage
from asyncluster.core.errors import UsageError
from asyncluster.core.wire.feed import OpeningRow

HOUR = 3600


@pytest.fixture
def page(desk, shown):
    page = shown(OpeningsPage(desk))
    page.refresh()
    return page


def at(page, day: int, hour: float) -> QPoint:
    cells = page.grid._cells(day, int(hour * 4), int(hour * 4))
    return cells.center().toPoint()


def drag(qtbot, page, day, start, end):
    qtbot.mousePress(page.grid, Qt.MouseButton.LeftButton, pos=at(page, day, start))
    qtbot.mouseMove(page.grid, at(page, day, end))
    qtbot.mouseRelease(page.grid, Qt.MouseButton.LeftButton, pos=at(page, day, end))


def test_dragging_opens_and_nothing_is_sent_before_saving(qtbot, page, asked):
    drag(qtbot, page, 3, 18, 20.25)
    assert page._week.days[3] == ((9 * HOUR, 20 * HOUR + 1800),)
    assert page._sum.text() == "Open 50 h 30 a week; 48 h now."
    assert asked.questions == []
    qtbot.mouseClick(page._save, Qt.MouseButton.LeftButton)
    assert [(verb, arguments["start"], arguments["end"]) for verb, arguments in asked.questions] == [
        ("opening add", "09:00", "20:30"),
        ("opening remove", "09:00", "18:00"),
    ]


def test_the_keyboard_paints_too_and_undo_takes_it_back(qtbot, page):
    page.grid.setFocus()
    for _ in range(6):
        qtbot.keyClick(page.grid, Qt.Key.Key_Down)
    for _ in range(3):
        qtbot.keyClick(page.grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(page.grid, Qt.Key.Key_Space)
    assert page._week.days[6] == ((9 * HOUR, 10 * HOUR),)
    assert "Sun" in page.grid.accessibleDescription()
    page.undo()
    assert page._week.days[6] == ()
    assert not page._save.isEnabled()


def test_closing_says_whom_it_would_log_out(qtbot, page):
    page._brush.choose("closed")
    drag(qtbot, page, 0, 15, 23)
    assert "Aiko Mori on pc05" in page._preview.text()
    page.undo()
    assert page._preview.text() == "Nobody is logged out by it."


def test_what_was_painted_stays_when_the_master_changes_something_else(page, lab, tick):
    page.paint(6, 10 * HOUR, 12 * HOUR, True)
    lab.feed.publish("openings", "2026-12-24", OpeningRow("2026-12-24", [(36000, 39600)]))
    tick()
    assert page._week.days[6] == ((10 * HOUR, 12 * HOUR),)
    assert page._week.exceptions[date(2026, 12, 24)] == ((36000, 39600),)


def test_once_it_is_saved_there_is_nothing_to_undo(page, lab, tick):
    page.paint(6, 10 * HOUR, 12 * HOUR, True)
    lab.feed.publish("openings", "sun", OpeningRow("sun", [(10 * HOUR, 12 * HOUR)]))
    tick()
    assert not page._save.isEnabled()
    assert not page._undo.isEnabled()


def test_an_exception_is_made_changed_and_removed(page, asked, qtbot):
    panel = page._exceptions
    sheet = panel.add()
    fields = sheet.rows.itemAt(0).widget()
    fields._calendar.setSelectedDate(QDate(2026, 12, 23))
    fields._times.setText("10:00-14")
    qtbot.mouseClick(sheet.go, Qt.MouseButton.LeftButton)
    assert sheet.isVisible()
    assert asked.questions == []
    fields._times.setText("10:00-14:00")
    qtbot.mouseClick(sheet.go, Qt.MouseButton.LeftButton)
    assert asked.questions == [("opening except", {"date": "2026-12-23", "spans": [["10:00", "14:00"]]})]
    page.show_thing("2026-12-31")
    panel._remove_current()
    assert asked.questions[-1] == ("opening except", {"date": "2026-12-31", "spans": None})


def test_closing_today_in_the_dialog_says_whom_it_would_log_out(page):
    sheet = page._exceptions.add()
    fields = sheet.rows.itemAt(0).widget()
    fields._closed.setChecked(True)
    assert "Aiko Mori" in fields._told.text()
    sheet.reject()


@pytest.mark.parametrize("text", ["", "9", "9:00", "9-10:00", "18:00-09:00", "09:00-25:00"])
def test_times_in_another_form_are_refused(text):
    with pytest.raises(UsageError):
        read_spans(text)


def test_times_are_read_with_any_dash():
    assert read_spans("13:30-18:00, 09:00\u201312:30") == ((32400, 45000), (48600, 64800))


def test_it_is_drawn_in_both_themes_while_painting(page, look, qtbot):
    qtbot.mousePress(page.grid, Qt.MouseButton.LeftButton, pos=at(page, 3, 18))
    qtbot.mouseMove(page.grid, at(page, 3, 20))
    for mode in (type(look.mode).DARK, type(look.mode).LIGHT):
        look.choose(mode)
        assert not page.grab().isNull()

from __future__ import annotations

import pytest
from PyQt6.QtCore import QCoreApplication, QEvent
from support.lab import NOW, Lab
from support.labmaster import timesheet

from asyncluster.console.dialogs.usagehistory import UsageHistory
from asyncluster.console.pages.usage import UsagePage
from asyncluster.core.wire.feed import PersonRow
from asyncluster.core.wire.verbs.people import PAGE

ROWS = timesheet(Lab())


@pytest.fixture
def page(desk, shown, asked):
    asked.answers["timesheet list"] = ROWS
    asked.answers["timesheet compute"] = [{"owner": "mkoval", "hours": 12.5, "calls": 9000}]
    page = shown(UsagePage(desk))
    page.take_focus()
    return page


def test_the_period_is_asked_for_and_shown(page, asked):
    today = {"since": "2026-11-23", "until": "2026-11-23"}
    assert asked.questions == [("timesheet list", {**today, "skip": 0}), ("timesheet compute", today)]
    page.show_period("month")
    assert asked.questions[-1][1]["since"] == "2026-10-27"
    assert page._compute._lines == [("mkoval", "12:30")]
    assert page.model.rowCount() == len(ROWS)
    assert page.subtitle.text().startswith("16 people, 280 sessions")
    assert page._people._lines[0][0]
    assert "Most on" in page._map.accessibleDescription()
    assert not page.grab().isNull()


def test_long_timesheets_come_in_pages(page, asked, desk, monkeypatch):
    many = [dict(ROWS[0])] * (PAGE + 5)

    def ask(verb, arguments, done, failed):
        if verb == "timesheet list":
            asked.questions.append((verb, dict(arguments)))
            done(many[arguments["skip"] : arguments["skip"] + PAGE])

    monkeypatch.setattr(desk, "_ask", ask)
    page.ask()
    assert [arguments["skip"] for _verb, arguments in asked.questions[2:]] == [0, PAGE]
    assert page.model.rowCount() == PAGE + 5


def test_an_answer_to_an_earlier_question_is_dropped(page, desk, monkeypatch):
    waiting = []

    def ask(verb, arguments, done, failed):
        if verb == "timesheet list":
            waiting.append(done)

    monkeypatch.setattr(desk, "_ask", ask)
    page._period.choose("week")
    page._period.choose("month")
    waiting[1](ROWS[:2])
    waiting[0](ROWS)
    assert page.model.rowCount() == 2


def test_who_comes_is_on_the_page_without_asking_for_it(page, asked, lab, tick):
    before = len(asked.questions)
    tick()
    assert len(asked.questions) == before
    lab.feed.publish("people", "new", PersonRow("new", True, True, lab.now, node="pc06", since=lab.now))
    tick()
    assert [verb for verb, _arguments in asked.questions[before:]] == ["timesheet list", "timesheet compute"]
    page.hide()
    lab.feed.remove("people", "new")
    tick()
    assert len(asked.questions) == before + 2


def test_the_page_is_asked_for_again_every_minute(page, asked):
    before = len(asked.questions)
    for _second in range(60):
        page.refresh()
    assert len(asked.questions) == before + 2


def test_the_filter_finds_people_and_long_sessions(page):
    page._search.setText("user:trey length>1h")
    assert 0 < page.model.rowCount() < len(ROWS)
    assert {page.model.row_at(place).name for place in range(page.model.rowCount())} == {"trey"}


def test_the_export_writes_all_rows_of_the_period(page, tmp_path, said):
    page._search.setText("nobody")
    path = tmp_path / "timesheet.csv"
    page.export(str(path))
    assert len(path.read_text().splitlines()) == len(ROWS) + 1
    assert said.told == [f"280 sessions went to {path}."]


def test_an_export_that_cannot_be_written_is_told(page, tmp_path, said):
    page.export(str(tmp_path / "missing" / "timesheet.csv"))
    assert "cannot be written" in said.failed[0]


def test_the_history_shows_people_and_computing_of_the_period(page, asked, qtbot):
    page.show_period("month")
    asked.answers["timesheet compute"] = [{"start": "2026-11-23T13:00:00+00:00", "hours": 24.0, "calls": 9000}]
    page.press("h")
    sheet = page.findChild(UsageHistory)
    assert asked.questions[-1] == (
        "timesheet compute", {"since": "2026-10-27", "until": "2026-11-23", "by": "hour"}
    )  # fmt: skip
    assert sheet.people.said.text().startswith("14:00: People ")
    assert sheet.computing._curves.areas[0][2][-2] == 24.0
    assert not sheet.grab().isNull()
    sheet.people._plot.setXRange(NOW - 86_400, NOW, padding=0)
    assert sheet.computing._plot.viewRange()[0][0] == pytest.approx(NOW - 86_400, abs=3600)
    sheet.reject()


def test_an_answer_that_comes_after_the_history_was_closed_is_dropped(page, desk, monkeypatch):
    waiting = []
    monkeypatch.setattr(desk, "_ask", lambda _verb, _arguments, done, _failed: waiting.append(done))
    sheet = page.show_past()
    sheet.reject()
    QCoreApplication.sendPostedEvents(sheet, QEvent.Type.DeferredDelete)
    waiting[0]([])

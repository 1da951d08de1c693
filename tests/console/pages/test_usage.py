from __future__ import annotations

import pytest
from support.lab import Lab
from support.labmaster import timesheet

from asyncluster.console.pages.usage import UsagePage
from asyncluster.core.wire.verbs.people import PAGE

ROWS = timesheet(Lab())


@pytest.fixture
def page(desk, shown, asked):
    asked.answers["timesheet list"] = ROWS
    page = shown(UsagePage(desk))
    page.take_focus()
    return page


def test_the_period_is_asked_for_and_shown(page, asked):
    assert asked.questions == [("timesheet list", {"since": "2026-11-23", "until": "2026-11-23", "skip": 0})]
    page._period.choose("month")
    assert asked.questions[-1][1]["since"] == "2026-10-27"
    assert page.model.rowCount() == len(ROWS)
    assert page.subtitle.text().startswith("16 people, 280 sessions")
    assert page._people._lines[0][0]
    assert "Most on" in page._map.accessibleDescription()
    assert not page.grab().isNull()


def test_long_timesheets_come_in_pages(page, asked, desk, monkeypatch):
    many = [dict(ROWS[0])] * (PAGE + 5)

    def ask(verb, arguments, done, failed):
        asked.questions.append((verb, dict(arguments)))
        done(many[arguments["skip"] : arguments["skip"] + PAGE])

    monkeypatch.setattr(desk, "_ask", ask)
    page.ask()
    assert [arguments["skip"] for _verb, arguments in asked.questions[1:]] == [0, PAGE]
    assert page.model.rowCount() == PAGE + 5


def test_an_answer_to_an_earlier_question_is_dropped(page, desk, monkeypatch):
    waiting = []
    monkeypatch.setattr(desk, "_ask", lambda verb, arguments, done, failed: waiting.append(done))
    page._period.choose("week")
    page._period.choose("month")
    waiting[1](ROWS[:2])
    waiting[0](ROWS)
    assert page.model.rowCount() == 2


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

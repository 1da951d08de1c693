"""Nodes, jobs, people and events: the pages around a table."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtCore import Qt

from asyncluster.console.pages.events import EventsPage
from asyncluster.console.pages.jobs import JobsPage
from asyncluster.console.pages.nodes import NodesPage
from asyncluster.console.pages.people import PeoplePage
from asyncluster.console.parts.tableview import TableView
from asyncluster.core.wire.feed import Options


@pytest.fixture
def nodes(desk, shown):
    return shown(NodesPage(desk))


@pytest.fixture
def jobs(desk, shown):
    return shown(JobsPage(desk, Path("/nowhere"), None))


@pytest.fixture
def people(desk, shown):
    return shown(PeoplePage(desk))


@pytest.fixture
def events(desk, shown):
    return shown(EventsPage(desk))


def labels(page) -> list[str]:
    return [offer.label for offer in page.offers()]


def test_the_filter_narrows_the_table_and_says_when_nothing_is_left(nodes):
    nodes.search.setText("state:computing cores>8")
    assert nodes.model.rowCount() == 4
    nodes.search.setText("xyz")
    assert nodes.empty.isVisible()
    assert not nodes.view.isVisible()


def test_selection_stays_with_its_rows_when_others_come_and_go(nodes, lab, tick):
    nodes.show_thing("pc07")
    lab.feed.remove("nodes", "pc01")
    lab.feed.publish("nodes", "pc02", lab.nodes["pc02"])
    tick()
    assert [node.name for node in nodes.view.selected()] == ["pc07"]
    nodes.search.setText("user:lena")
    assert [node.name for node in nodes.view.selected()] == ["pc07"]


def test_the_first_click_on_numbers_puts_the_largest_first(qtbot, nodes):
    header = nodes.view.horizontalHeader()
    place = next(i for i, column in enumerate(nodes.model.columns) if column.title == "Load")
    qtbot.mouseClick(
        header.viewport(), Qt.MouseButton.LeftButton, pos=header.viewport().rect().topLeft() + _at(header, place)
    )
    loads = [nodes.model.row_at(row).load for row in range(nodes.model.rowCount())]
    assert loads == sorted(loads, reverse=True)


def _at(header, section):
    from PyQt6.QtCore import QPoint

    return QPoint(header.sectionViewportPosition(section) + header.sectionSize(section) // 2, header.height() // 2)


def test_widths_and_sorting_are_remembered(desk, nodes, settings, look):
    nodes.view.setColumnWidth(0, 222)
    nodes.view.sortByColumn(9, Qt.SortOrder.DescendingOrder)
    again = TableView(nodes.model, look, "Nodes")
    again.restore(settings)
    assert again.columnWidth(0) == 222
    assert again.horizontalHeader().sortIndicatorSection() == 9
    again.deleteLater()


def test_what_is_offered_fits_what_is_selected(nodes, jobs, people):
    nodes.show_thing("pc07")
    assert labels(nodes)[0] == "Give 15 min"
    assert "Drain" in labels(nodes)
    nodes.show_thing("pc16")
    assert labels(nodes) == ["Resume", "History\u2026"]
    jobs.show_thing("205")
    assert labels(jobs) == ["History\u2026", "New job\u2026"]
    jobs.show_thing("214")
    assert "Cancel job\u2026" in labels(jobs)
    people.show_thing("jokafor")
    assert "Log out\u2026" not in labels(people)
    assert "Disable" in labels(people)
    assert "Enable" not in labels(people)


def test_every_offer_has_its_own_key(nodes, jobs, people):
    nodes.show_thing("pc07")
    jobs.show_thing("214")
    people.show_thing("lfischer")
    for page in (nodes, jobs, people):
        keys = [offer.key for offer in page.offers() if offer.key]
        assert len(keys) == len(set(keys)), keys


def test_the_details_of_the_selected_job_are_watched_while_they_can_be_seen(jobs, qtbot):
    assert jobs.topics() == {}
    with qtbot.waitSignal(jobs.topics_changed):
        jobs.show_thing("214")
    assert jobs.topics() == {"job:214": Options()}
    jobs._dock.close()
    assert jobs.topics() == {}


def test_a_job_in_detail(jobs, desk, tick):
    jobs.show_thing("214")
    panel = jobs._detail
    assert panel._name.text() == "214  spectra-fit"
    assert "112870 done" in panel._legend.accessibleName()
    assert panel._failures._lines[0][1] == "ValueError: no peak above noise"
    assert len(panel._nodes._lines) == 10
    assert "chi2" in panel._log._text.toPlainText()
    assert "median" in panel._plots._durations.accessibleDescription()
    for key in ("failures", "nodes", "log", "plots"):
        panel._tabs.choose(key)
        assert not panel.grab().isNull()
    jobs.show_thing("206")
    assert panel._name.text() == "206  neutron-mc"


def test_the_output_of_one_call_is_asked_for(jobs, asked, qtbot):
    asked.answers["job logs"] = {"lines": [{"text": "chi2 = "}, {"text": "1.07\n"}], "dropped": 0}
    jobs.show_thing("214")
    output = jobs._detail._log
    output._call.setText("41")
    qtbot.keyClick(output._call, Qt.Key.Key_Return)
    assert asked.questions[-1] == ("job logs", {"number": 214, "call": 41})
    assert output._text.toPlainText() == "chi2 = 1.07\n"


def test_jobs_are_cancelled_after_a_question_that_names_them(jobs, desk, asked):
    questions = []
    desk.confirm = lambda question, yes: (questions.append(question), yes())
    jobs.show_thing("214")
    jobs.press("c")
    assert questions[0].title == "Cancel job 214 spectra-fit?"
    assert asked.questions[-1] == ("job cancel", {"numbers": [214]})


def test_a_person_in_detail(people, asked, qtbot):
    asked.answers["timesheet list"] = [{"from": "2026-11-23T12:00:00+00:00", "to": "2026-11-23T13:30:00+00:00"}]
    people.show_thing("lfischer")
    panel = people._panel
    assert panel._name.text() == "Lena Fischer"
    assert panel._status.text() == "On pc07 since 10:30"
    assert panel._today.accessibleName() == "Today: 3:48 of 4:00, 0:12 left"
    qtbot.waitUntil(lambda: "Mon 1:30" in panel._days.accessibleName())
    qtbot.mouseClick(panel._grants[1], Qt.MouseButton.LeftButton)
    assert asked.questions[-1] == ("user grant", {"name": "lfischer", "duration": "30min"})
    panel._text.setText("Room closes.")
    qtbot.keyClick(panel._text, Qt.Key.Key_Return)
    assert asked.questions[-1] == ("user message", {"name": "lfischer", "text": "Room closes."})
    qtbot.mouseClick(panel._kick, Qt.MouseButton.LeftButton)
    assert asked.questions[-1] == ("user kick", {"name": "lfischer"})
    assert not panel.grab().isNull()


def test_several_people_at_once(people, asked):
    people.search.setText("node:pc")
    people.view.selectAll()
    panel = people._panel
    assert panel._name.text() == "9 people"
    panel._grant(15)
    assert len(asked.questions) == 9


def test_somebody_who_is_not_there_cannot_be_messaged(people):
    people.show_thing("jokafor")
    assert not people._panel._send_button.isEnabled()
    assert not people._panel._kick.isEnabled()


def test_a_person_who_was_deleted_leaves_the_panel(people, lab, tick):
    people.show_thing("lfischer")
    lab.feed.remove("people", "lfischer")
    tick()
    assert people._panel.chosen == []


def test_events_open_what_they_are_about(events, said, qtbot):
    assert events.model.row_at(0).text == "cmartin has 5 minutes left."
    events.search.setText("disk")
    events.view.selectRow(0)
    qtbot.keyClick(events.view, Qt.Key.Key_Return)
    assert said.opened == ["node:pc22"]


@pytest.mark.parametrize("name", ["nodes", "jobs", "people", "events"])
def test_each_page_can_be_drawn_in_both_themes_and_large(request, name, look):
    page = request.getfixturevalue(name)
    for mode in (type(look.mode).DARK, type(look.mode).LIGHT):
        look.choose(mode, scale=1.5)
        assert not page.grab().isNull()


def test_an_empty_page_does_not_put_the_keyboard_into_its_filter(nodes, lab, tick):
    for name in list(lab.nodes):
        lab.feed.remove("nodes", name)
    tick()
    assert not nodes.view.isVisible()
    nodes.search.setFocus()
    nodes.take_focus()
    assert nodes.focusWidget() is not nodes.search

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QMenu, QPushButton

from asyncluster.console.dialogs.palette import Palette
from asyncluster.console.dialogs.sheet import Sheet
from asyncluster.console.link import State
from asyncluster.console.offers import show_menu
from asyncluster.console.pages import build_pages
from asyncluster.console.window import ALWAYS, PAGE_KEYS, Window
from asyncluster.core.qt.theme import Mode
from asyncluster.core.wire.feed import Options


class FakeLink:
    """A link that is up."""

    def __init__(self) -> None:
        self.state, self.reason, self.role = State.UP, "", "operator"
        self.changed = lambda: None
        self.watched: list[dict[str, Options]] = []
        self.retried = 0

    def watch(self, topics) -> None:
        self.watched.append(dict(topics))

    def retry(self) -> None:
        self.retried += 1

    def become(self, state: State, reason: str = "") -> None:
        self.state, self.reason = state, reason
        self.changed()


@pytest.fixture
def link():
    return FakeLink()


@pytest.fixture
def window(desk, link, qtbot):
    window = Window(desk, link, build_pages(desk, Path("/nowhere"), None), "nadia")
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    yield window
    window._second.stop()


def go(window, title: str):
    place = next(place for place, page in enumerate(window._pages) if page.title == title)
    window.show_page(place)
    return window.page


def sheet_of(window) -> Sheet:
    return next(sheet for sheet in window.findChildren(Sheet) if sheet.isVisible())


def test_the_keys_one_to_eight_show_the_pages(qtbot, window):
    for place, page in enumerate(window._pages):
        qtbot.keyClick(window, str(place + 1))
        assert window.page is page
    assert [page.title for page in window._pages] == [
        "Room", "Nodes", "Jobs", "People", "Openings", "Usage", "Events",
    ]  # fmt: skip


def test_what_can_be_seen_is_watched(qtbot, window, link):
    qtbot.waitUntil(lambda: bool(link.watched))
    assert set(link.watched[-1]) == {*ALWAYS, "cores"}
    go(window, "Jobs")
    window.page.show_thing("214")
    qtbot.waitUntil(lambda: set(link.watched[-1]) == {*ALWAYS, "job:214"})
    go(window, "Nodes")
    qtbot.waitUntil(lambda: set(link.watched[-1]) == set(ALWAYS))


def test_the_navigation_counts_and_events_that_were_seen_no_longer_alarm(window, desk, settings):
    buttons = {button.text(): button for button in window._navigation._buttons}
    assert buttons["Jobs"].accessibleName() == "Jobs, 9"
    assert buttons["People"].accessibleName() == "People, 9"
    assert buttons["Events"].accessibleName() == "Events, 4"
    go(window, "Events")
    assert buttons["Events"].accessibleName() == "Events"
    assert settings.value("events/seen") == 10


def test_a_master_that_went_away_is_said_and_old_data_stay(window, link, qtbot):
    link.become(State.AWAY, "The connection to the master broke.")
    assert window._trouble.isVisible()
    assert "The master does not answer since 14:18" in window._trouble.accessibleName()
    assert "The page shows the state of 14:18." in window._trouble.accessibleName()
    assert window._pages[0].view.shown() == 24
    qtbot.mouseClick(window._trouble.findChild(QPushButton), Qt.MouseButton.LeftButton)
    assert link.retried == 1
    link.become(State.UP)
    assert not window._trouble.isVisible()
    assert window._top._master.text() == "Master ok"


def test_a_key_acts_on_what_is_selected_and_undo_takes_it_back(qtbot, window, asked):
    window.page.view.select(["pc02"])
    qtbot.keyClick(window, "d")
    assert asked.verbs == ["node drain"]
    assert "pc02 takes no new calls." in window._done.accessibleName()
    qtbot.keyClick(window, "z", Qt.KeyboardModifier.ControlModifier)
    assert asked.verbs == ["node drain", "node resume"]
    qtbot.keyClick(window, "z", Qt.KeyboardModifier.ControlModifier)
    assert asked.verbs[2:] == []


def test_undo_is_offered_for_a_while_and_a_failure_until_somebody_has_seen_it(window, asked, desk):
    window.page.view.select(["pc02"])
    window.page.press("d")
    assert window._done._timer.isActive()
    window._done._timer.timeout.emit()
    assert not window._done.isVisible()
    asked.answers["node drain"] = "!There is no node pc02."
    window.page.press("d")
    assert window._done.isVisible()
    assert not window._done._timer.isActive()


def test_destructive_acts_ask_by_name_and_the_keyboard_is_on_cancel(qtbot, window, asked):
    window.page.view.select(["pc07"])
    qtbot.keyClick(window, "x")
    sheet = sheet_of(window)
    assert sheet.windowTitle() == "Log Lena Fischer out?"
    assert sheet.cancel.isDefault()
    assert not sheet.go.isDefault()
    qtbot.keyClick(sheet, Qt.Key.Key_Return)
    assert asked.questions == []
    qtbot.keyClick(window, "x")
    qtbot.mouseClick(sheet_of(window).go, Qt.MouseButton.LeftButton)
    assert asked.verbs == ["user kick"]


def test_a_message_is_typed_and_an_empty_one_is_not_sent(qtbot, window, asked):
    window.page.view.select(["pc01", "pc07"])
    qtbot.keyClick(window, "m")
    sheet = sheet_of(window)
    qtbot.mouseClick(sheet.go, Qt.MouseButton.LeftButton)
    assert sheet.isVisible()
    sheet.rows.itemAt(1).widget().setPlainText("Room closes at 17:00.")
    qtbot.mouseClick(sheet.go, Qt.MouseButton.LeftButton)
    assert [arguments["text"] for _verb, arguments in asked.questions] == ["Room closes at 17:00."] * 2


def test_the_palette_finds_verbs_and_things(qtbot, window, asked):
    qtbot.keyClick(window, "k", Qt.KeyboardModifier.ControlModifier)
    palette = window.findChild(Palette)
    qtbot.keyClicks(palette._field, "give lena 30")
    assert palette._field.accessibleDescription() == "Give Lena Fischer 30 min today"
    qtbot.keyClick(palette._field, Qt.Key.Key_Return)
    assert asked.questions == [("user grant", {"name": "lfischer", "duration": "30min"})]


def test_the_palette_leads_to_a_job_and_its_arrows_move(qtbot, window):
    window.open_palette()
    palette = window.findChild(Palette)
    qtbot.keyClicks(palette._field, "job 21")
    first = palette._view.currentIndex().data()
    qtbot.keyClick(palette._field, Qt.Key.Key_Down)
    assert palette._view.currentIndex().data() != first
    assert not palette.grab().isNull()
    palette._field.setText("212")
    qtbot.keyClick(palette._field, Qt.Key.Key_Return)
    assert window.page.title == "Jobs"
    assert [job.number for job in window.page.view.selected()] == [212]


def test_things_are_opened_by_their_name(window, desk):
    for thing, title in (("node:pc07", "Nodes"), ("room:pc07", "Room"), ("user:lfischer", "People"), ("job:9", "Jobs")):
        desk.opened.emit(thing)
        assert window.page.title == title
    desk.opened.emit("printer:1")
    assert window.page.title == "Jobs"


def test_light_and_dark_are_remembered(qtbot, window, look, settings):
    qtbot.keyClick(window, "t")
    assert look.theme.tokens.dark
    assert Mode(settings.value("window/theme")) is Mode.DARK
    qtbot.keyClick(window, "t")
    assert not look.theme.tokens.dark


def test_the_page_and_the_docks_are_remembered(desk, link, window, qtbot):
    people = go(window, "People")
    people.show_thing("lfischer")
    assert people._dock.isVisible()
    window.close()
    again = Window(desk, link, build_pages(desk, Path("/nowhere"), None), "nadia")
    qtbot.addWidget(again)
    again.show()
    assert again.page.title == "People"
    assert again.page._dock.isVisible()
    again._second.stop()


def test_the_keys_are_shown(qtbot, window):
    window.page.view.select(["pc07"])
    qtbot.keyClick(window, "?")
    sheet = sheet_of(window)
    assert not sheet.grab().isNull()
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_every_key_of_every_offer_is_bound(window):
    for title, thing in (("Room", "pc07"), ("Jobs", "214"), ("People", "lfischer"), ("Openings", "2026-12-24")):
        page = go(window, title)
        page.show_thing(thing)
        assert {offer.key for offer in page.offers() if offer.key} <= set(PAGE_KEYS)


def test_the_slash_leads_to_the_filter_and_letters_typed_there_do_nothing_else(qtbot, window, asked):
    nodes = go(window, "Nodes")
    nodes.view.selectAll()
    qtbot.keyClick(window, "/")
    qtbot.keyClicks(nodes.search, "d")
    assert nodes.search.text() == "d"
    assert asked.questions == []


def test_a_menu_copies_what_it_does_as_a_command(window, desk, qtbot):
    window.page.view.select(["pc02", "pc04"])
    show_menu(window.page.offers(), window.mapToGlobal(window.rect().center()), desk, window)
    menu = next(menu for menu in window.findChildren(QMenu) if menu.isVisible())
    copies = next(action.menu() for action in menu.actions() if action.menu() is not None)
    copies.actions()[0].trigger()
    assert QGuiApplication.clipboard().text() == "asyncluster node drain pc02 pc04"
    menu.close()


def test_the_windows_words_for_screen_readers(window):
    for page in window._pages:
        window.show_page(window._pages.index(page))
        for button in page.findChildren(QPushButton):
            assert button.text().strip() or button.accessibleName(), page.title


def test_every_page_fits_a_small_screen(window):
    for title, thing in (("Jobs", "job:214"), ("People", "user:lfischer"), ("Room", "room:pc07")):
        go(window, title)
        window.open_thing(thing)
    for page in window.pages:
        go(window, page.title)
        least = window.minimumSizeHint()
        assert least.width() <= 1024, page.title
        assert least.height() <= 600, page.title
    window.resize(1024, 600)
    assert not window.grab().isNull()

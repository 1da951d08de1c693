from __future__ import annotations

import pytest
from PyQt6.QtCore import QPoint, Qt

from asyncluster.console.pages.room import RoomPage
from asyncluster.console.state.floor import Level
from asyncluster.core.wire.feed import DaskRow, Options


@pytest.fixture
def page(desk, shown):
    return shown(RoomPage(desk))


def middle(page, name: str) -> QPoint:
    (rect,) = [rect for spoken, rect in page.view.spoken_places() if spoken.startswith(f"{name},")]
    return rect.center()


def click(qtbot, page, name, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.mouseClick(page.view.viewport(), Qt.MouseButton.LeftButton, modifier, middle(page, name))


def names(page) -> list[str]:
    return [node.name for node in page.view.selected()]


def test_who_sits_at_a_pc_is_two_clicks_from_fifteen_minutes_more(qtbot, page, asked):
    click(qtbot, page, "pc07")
    assert page._selected._text.text() == "Lena Fischer, 0:12 left"
    qtbot.mouseClick(page._selected._keys["g"], Qt.MouseButton.LeftButton)
    assert asked.questions == [("user grant", {"name": "lfischer", "duration": "15min"})]


def test_dask_is_shown_where_there_is_one(page, lab, tick):
    assert not page._dask.isVisible()
    lab.feed.publish("dask", "dask", DaskRow("dask", True, workers={"pc07": 4}, running=3))
    tick()
    assert page._dask.isVisible()
    assert "Workers: 4 on 1 node" in page._dask._facts.accessibleName()
    page.show_thing("pc07")
    assert page._selected._more.text().endswith(", 4 Dask workers")
    lab.feed.publish("dask", "dask", DaskRow("dask", False, "The Dask scheduler is being started."))
    tick()
    assert page._dask._trouble.text() == "The Dask scheduler is being started."
    assert page._dask._trouble.isVisible()
    assert not page._dask._facts.isVisible()


def test_many_are_selected_as_in_a_file_manager(qtbot, page):
    click(qtbot, page, "pc02")
    click(qtbot, page, "pc05", Qt.KeyboardModifier.ShiftModifier)
    assert names(page) == ["pc02", "pc03", "pc04", "pc05"]
    click(qtbot, page, "pc03", Qt.KeyboardModifier.ControlModifier)
    click(qtbot, page, "pc10", Qt.KeyboardModifier.ControlModifier)
    assert names(page) == ["pc02", "pc04", "pc05", "pc10"]
    qtbot.keyClick(page.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(names(page)) == 24
    qtbot.keyClick(page.view, Qt.Key.Key_Escape)
    assert names(page) == []


def test_a_frame_selects_what_it_touches(qtbot, page):
    view = page.view.viewport()
    inside, right = middle(page, "pc02"), middle(page, "pc03")
    outside = QPoint((inside.x() + right.x()) // 2, right.y() + 40)
    assert page.view.node_at(outside.toPointF()) is None
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=outside)
    qtbot.mouseMove(view, inside)
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=inside)
    assert names(page) == ["pc02"]


def test_arrow_keys_walk_and_shift_extends(qtbot, page):
    click(qtbot, page, "pc01")
    qtbot.keyClick(page.view, Qt.Key.Key_Right)
    assert names(page) == ["pc02"]
    qtbot.keyClick(page.view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert names(page) == ["pc02", "pc03"]
    qtbot.keyClick(page.view, Qt.Key.Key_Down)
    assert names(page) != ["pc03"]
    assert page.view.accessibleDescription()


def test_chips_and_the_filter_show_what_fits(page):
    page._chips.choose("computing")
    assert page.view.shown() == 10
    page._search.setText("job:214 cores>12")
    assert page.view.shown() == 1
    page._search.setText("nobody:here")
    assert "no field nobody" in page._search.toolTip()
    page._chips.choose("all")
    page._search.setText("nothing like that")
    assert not page.view.isVisible()
    assert page._empty.isVisible()


def test_only_tiles_that_can_be_seen_ask_for_their_cores(page):
    page.view.show_level(Level.TILE)
    visible = page.topics()["cores"]
    assert isinstance(visible, Options)
    assert "pc01" in (visible.only or ())
    page.view.show_level(Level.STRIP)
    assert page.topics() == {}


@pytest.mark.parametrize("level", Level)
def test_each_level_paints_every_state(page, level, look):
    page.view.show_level(level)
    for mode in (type(look.mode).DARK, type(look.mode).LIGHT):
        look.choose(mode)
        picture = page.grab().toImage()
        colors = {picture.pixelColor(x, y).name() for x in range(0, 1000, 3) for y in range(0, 700, 3)}
        assert look.theme.state(_state("computing")).name() in colors


def _state(name: str):
    from asyncluster.core.qt.tokens import State

    return State(name)


def test_a_change_of_the_master_is_on_the_screen_after_one_tick(page, lab, tick):
    lab.feed.remove("nodes", "pc24")
    tick()
    assert page.view.shown() == 23
    assert page.subtitle.text() == "23 PCs"


def test_keys_do_what_the_page_offers(page, asked, desk):
    page.view.select(["pc02", "pc16"])
    assert page.press("d")
    assert page.press("r")
    assert not page.press("c")
    assert asked.questions == [("node drain", {"names": ["pc02"]}), ("node resume", {"names": ["pc16"]})]


def test_enter_opens_the_node(qtbot, page, said):
    click(qtbot, page, "pc07")
    qtbot.keyClick(page.view, Qt.Key.Key_Return)
    assert said.opened == ["node:pc07"]


def test_what_is_unchanged_is_not_painted_again(page):
    page.grab()
    before = {name: picture for name, (_pose, picture) in page.view._pictures._kept.items()}
    page.grab()
    assert all(page.view._pictures._kept[name][1] is picture for name, picture in before.items())


def test_a_room_without_nodes_says_what_to_do(desk, shown, lab, tick):
    page = shown(RoomPage(desk))
    for name in list(lab.nodes):
        lab.feed.remove("nodes", name)
    tick()
    assert page._empty.isVisible()


def drag(qtbot, page, start: QPoint, end: QPoint) -> None:
    surface = page.view.viewport()
    qtbot.mousePress(surface, Qt.MouseButton.LeftButton, pos=start)
    for point in (start + QPoint(15, 15), end):
        qtbot.mouseMove(surface, point)
    qtbot.mouseRelease(surface, Qt.MouseButton.LeftButton, pos=end)


def test_a_tile_is_dragged_to_where_its_pc_stands_and_stays_there(qtbot, page, desk, shown):
    first, last = middle(page, "pc01"), middle(page, "pc24")
    drag(qtbot, page, first, last)
    assert (middle(page, "pc01"), middle(page, "pc24")) == (last, first)
    drag(qtbot, page, middle(page, "pc02"), middle(page, "pc03"))
    assert middle(page, "pc03").x() < middle(page, "pc02").x()
    again = shown(RoomPage(desk))
    assert middle(again, "pc01") == last
    next(offer for offer in again.offers() if offer.label.startswith("Stand")).run()
    assert middle(again, "pc01") == first
    assert not [offer for offer in shown(RoomPage(desk)).offers() if offer.label.startswith("Stand")]


def test_places_give_way_to_a_filter(qtbot, page):
    first = middle(page, "pc01")
    drag(qtbot, page, first, middle(page, "pc24"))
    page._search.setText("pc02")
    assert middle(page, "pc02") == first


@pytest.mark.parametrize("stored", ["", "{", "[1]", '{"pc01": 7}', '{"pc01": [-1, 0]}', "[" * 100_000])
def test_places_that_make_no_sense_are_forgotten(desk, shown, stored):
    desk.settings.setValue("room/places", stored)
    assert middle(shown(RoomPage(desk)), "pc01").y() < 166

from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QAbstractButton, QLineEdit, QWidget

from asyncluster.core.wire.greeter import Login, MasterState, Openings, Power, Refused
from asyncluster.ndm.greeter.login import Field
from asyncluster.ndm.greeter.window import GreeterWindow


@pytest.fixture
def show(qtbot):
    """Shows a greeter's window, with the keyboard in it."""
    kept = []  # a window that nobody holds may be collected while it paints

    def shown(greeter, width=1280, height=800) -> GreeterWindow:
        window = GreeterWindow(greeter)
        qtbot.addWidget(window)
        kept.append(window)
        window.resize(width, height)
        window.show()
        qtbot.waitExposed(window)
        window.focus_first()
        qtbot.waitUntil(window.isActiveWindow)
        return window

    yield shown
    for window in kept:
        window.hide()


def keys(window, text):
    QTest.keyClicks(window.focusWidget(), text)


def press(window, key, modifier=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(window.focusWidget(), key, modifier)


def test_the_first_field_has_the_keyboard_tab_goes_on_and_enter_logs_in(greeter, sent, show):
    window = show(greeter)
    keys(window, "lena")
    press(window, Qt.Key.Key_Tab)
    keys(window, "geheim")
    press(window, Qt.Key.Key_Return)
    assert sent == [Login("lena", "geheim", "icewm", "")]


def test_after_a_refusal_the_name_stays_and_the_empty_password_has_the_keyboard(greeter, sent, show):
    window = show(greeter)
    greeter.edit(Field.NAME, "lena")
    greeter.edit(Field.PASSWORD, "geheim")
    window.box.name.setFocus()
    greeter.submit()
    greeter.receive(Refused("Your 2 hours for today are used up.", "You have time again tomorrow at 09:00."))
    assert (window.box.name.text(), window.box.password.text()) == ("lena", "")
    assert window.focusWidget() is window.box.password
    assert window.box.notice.accessibleName() == (
        "Your 2 hours for today are used up. You have time again tomorrow at 09:00."
    )
    assert window.box.password.accessibleDescription() == window.box.notice.accessibleName()
    keys(window, "n")
    assert window.box.notice.accessibleName() == "Press Enter to log in."


def test_enter_goes_to_the_field_that_is_missing(greeter, sent, show):
    window = show(greeter)
    keys(window, "lena")
    press(window, Qt.Key.Key_Return)
    assert window.focusWidget() is window.box.password
    window.box.name.setFocus()
    QTest.keyClick(window.box.name, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    press(window, Qt.Key.Key_Delete)
    window.box.password.setFocus()
    press(window, Qt.Key.Key_Return)
    assert window.focusWidget() is window.box.name
    assert sent == []


def test_while_it_checks_nothing_can_be_typed(greeter, show):
    window = show(greeter)
    greeter.edit(Field.NAME, "lena")
    greeter.edit(Field.PASSWORD, "geheim")
    greeter.submit()
    for field in (window.box.name, window.box.password):
        QTest.keyClicks(field, "x")
    assert (window.box.name.text(), window.box.password.text()) == ("lena", "")


def test_two_screens_share_one_login(greeter, sent, show):
    first, second = show(greeter), show(greeter)
    QTest.keyClicks(first.box.name, "le")
    QTest.keyClicks(first.box.password, "geh")
    assert (second.box.name.text(), second.box.password.text()) == ("le", "geh")
    QTest.keyClicks(second.box.name, "na")
    QTest.keyClicks(second.box.password, "eim")
    QTest.keyClick(second.box.password, Qt.Key.Key_Return)
    assert sent == [Login("lena", "geheim", "icewm", "")]
    assert first.box.password.text() == ""


@pytest.mark.parametrize("size", [(300, 200), (240, 160), (500, 300)])
@pytest.mark.parametrize("screen", [(640, 480), (1024, 768), (1280, 800), (2560, 1440)])
def test_the_login_window_has_exactly_its_size_and_is_wholly_on_the_screen(make_greeter, show, size, screen):
    window = show(make_greeter(size=size), *screen)
    box = window.box.geometry()
    assert (box.width(), box.height()) == size
    assert window.rect().contains(box)
    assert abs(box.center().x() - window.rect().center().x()) <= 1


SMALLEST = {1.0: (640, 480), 1.5: (960, 600), 2.0: (1024, 768)}  # screens, by the size of text that they can bear
OTHERS = [(1024, 768), (1280, 800), (1920, 1080)]


@pytest.mark.parametrize(
    ("scale", "screen"), [(scale, screen) for scale, least in SMALLEST.items() for screen in sorted({least, *OTHERS})]
)
def test_nothing_overlaps(make_greeter, show, scale, screen):
    window = show(make_greeter(scale=scale, cluster="A cluster with a long name"), *screen)
    parts = [window.box, window.day, window.caps, window._clock, window._date, *window._left.values()]
    parts += window._right.values()
    window.caps.show()
    visible = [part for part in parts if part.isVisible()]
    for index, one in enumerate(visible):
        for other in visible[index + 1 :]:
            assert not one.geometry().intersects(other.geometry()), (one, other)


def test_fields_fit_into_the_login_window(make_greeter, show):
    for scale in (1.0, 1.5):
        window = show(make_greeter(scale=scale))
        for child in window.box.findChildren(QWidget):
            if child.isVisible() and child.parent() is window.box:
                assert window.box.rect().contains(child.geometry()), child


def test_every_control_is_reached_by_tab_and_has_a_name(greeter, show):
    window = show(greeter)
    window._left["layout"].show()
    seen = []
    while window.focusWidget() not in seen:
        seen.append(window.focusWidget())
        press(window, Qt.Key.Key_Tab)
    controls = {
        control for kind in (QLineEdit, QAbstractButton) for control in window.findChildren(kind) if control.isVisible()
    }
    assert set(seen) == controls
    assert seen[:2] == [window.box.name, window.box.password]
    assert all(control.accessibleName() for control in controls)
    press(window, Qt.Key.Key_Backtab)
    assert window.focusWidget() is seen[-1]


def test_restart_asks_back_and_forgets_the_question(greeter, sent, show, qtbot):
    window = show(greeter)
    button = window._right["restart"]
    button.setFocus()
    press(window, Qt.Key.Key_Return)
    assert (button.text(), sent) == ("Restart now?", [])
    press(window, Qt.Key.Key_Tab)
    assert button.text() == "Restart"
    button.setFocus()
    press(window, Qt.Key.Key_Space)
    press(window, Qt.Key.Key_Space)
    assert sent == [Power("restart")]
    press(window, Qt.Key.Key_Space)
    button._patience.setInterval(1)
    button._patience.start()
    qtbot.waitUntil(lambda: button.text() == "Restart")


def test_power_is_offered_only_if_it_is_allowed(make_greeter, show):
    window = show(make_greeter(power=False))
    assert not any(button.isVisible() for button in window._right.values())


def test_a_session_is_chosen_from_a_menu(greeter, show):
    window = show(greeter)
    button = window._left["session"]
    menu = button.menu()
    assert [(action.text(), action.isChecked()) for action in menu.actions()] == [("Plasma", False), ("IceWM", True)]
    menu.actions()[0].trigger()
    assert (greeter.session, button.text()) == ("plasma", "Plasma")


def test_a_session_whose_name_is_odd_is_shown_as_it_is(make_greeter, show):
    from asyncluster.core.wire.greeter import Session

    window = show(make_greeter(sessions=[Session("x", "<b>R&D</b>")], session="x"))
    assert window._left["session"].menu().actions()[0].text() == "<b>R&&D</b>"


def test_colours_and_size_of_text_are_the_persons_choice(greeter, show):
    window = show(greeter)
    actions = {action.text(): action for action in window._left["appearance"].menu().actions()}
    actions["Dark colours"].trigger()
    actions["Text 150 %"].trigger()
    assert greeter.look.theme.tokens.dark
    assert (window.box.width(), window.box.height()) == (450, 300)


def test_the_master_away_is_written_in_the_corner_and_under_the_fields(greeter, show):
    window = show(greeter)
    greeter.receive(MasterState(False))
    assert window._master.accessibleName() == "Master not reachable"
    assert window.box.notice.accessibleName().startswith("The master does not answer.")
    greeter.receive(MasterState(True))
    assert window.box.notice.accessibleName() == "Press Enter to log in."


def test_words_about_the_day_are_never_cut(greeter, show):
    window = show(greeter)
    remark = window.day._remark
    for openings in (Openings([(0, 1440)]), Openings([], greeter.instant() + 86400), Openings([(0, 1440)])):
        greeter.receive(openings)
        assert remark.width() >= remark.sizeHint().width() > 0
        assert window.day._heading.geometry().right() <= remark.x()


def test_caps_lock_is_said_in_words(greeter, show):
    window = show(greeter)
    assert not window.caps.isVisible()
    greeter.keyboard.caps_lock = True
    greeter.keyboard.changed.emit()
    assert window.caps.isVisible()
    assert window.caps.accessibleName() == "Caps Lock is on"


def test_the_window_cannot_be_closed(greeter, show):
    window = show(greeter)
    assert not window.close()
    assert window.isVisible()


def test_long_words_of_a_refusal_stay_in_their_box(greeter, show):
    window = show(greeter)
    greeter.edit(Field.NAME, "lena")
    greeter.edit(Field.PASSWORD, "x")
    greeter.submit()
    greeter.receive(Refused("Closed now; opens on Wednesday at 09:00.", "You have time again on Thursday. " * 2))
    notice = window.box.notice
    assert all(notice.rect().contains(label.geometry()) for label in (notice._head, notice._text))

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asyncluster.ndm.display.supervisor import Move, Supervisor


def test_a_greeter_a_session_and_a_greeter_again():
    display = Supervisor(0.0)
    assert display.tick(0.0) is Move.START_GREETER
    assert display.tick(1.0) is None
    assert display.login_asked()
    assert not display.login_asked()
    assert display.admitted() is Move.END_GREETER
    assert not display.open
    assert display.greeter_gone(5.0) is Move.OPEN_SESSION
    assert display.open
    assert display.tick(100.0) is None
    display.login_gone(100.0)
    assert display.tick(100.0) is Move.START_GREETER


def test_a_refused_login_leaves_the_greeter_alone():
    display = Supervisor(0.0)
    display.tick(0.0)
    display.login_asked()
    display.login_gone(1.0)
    assert display.tick(60.0) is None
    assert display.login_asked()


def test_a_greeter_that_dies_during_a_login_does_not_stop_it():
    display = Supervisor(0.0)
    display.tick(0.0)
    display.login_asked()
    assert display.greeter_gone(1.0) is None
    assert display.admitted() is Move.OPEN_SESSION
    assert display.tick(60.0) is None


def test_an_adopted_session_keeps_the_display():
    display = Supervisor(0.0)
    display.adopted()
    assert display.tick(0.0) is None
    assert not display.login_asked()
    display.login_gone(9.0)
    assert display.tick(9.0) is Move.START_GREETER


def test_a_broken_greeter_is_left_alone_longer_and_longer():
    """Others loop for ever, or give up for ever (sddm#2001, cosmic-greeter#550)."""
    display, now, waits = Supervisor(0.0), 0.0, []
    for _ in range(9):
        assert display.tick(now) is Move.START_GREETER
        display.greeter_gone(now)
        assert display.start_at is not None
        waits.append(display.start_at - now)
        now = display.start_at
    assert waits == [0, 1, 2, 4, 8, 16, 30, 30, 30]
    assert display.tick(now) is Move.START_GREETER
    display.greeter_gone(now + 31)
    assert display.start_at == now + 31


@given(st.lists(st.sampled_from(["tick", "ask", "admit", "greeter", "login"]), max_size=40))
def test_never_two_at_once_and_never_nobody_for_ever(events):
    display, now = Supervisor(0.0), 0.0
    greeter = login = opened = False
    for event in events:
        now += 1.0
        if event == "tick" and display.tick(now) is Move.START_GREETER:
            assert not greeter
            assert not opened
            greeter = True
        elif event == "ask" and display.login_asked():
            assert not login
            login = True
        elif event == "admit" and login and not opened:
            opened = display.admitted() is Move.OPEN_SESSION
            assert not (opened and greeter)
        elif event == "greeter" and greeter:
            greeter = False
            opened = opened or display.greeter_gone(now) is Move.OPEN_SESSION
        elif event == "login" and login:
            login = opened = False
            display.login_gone(now)
        assert greeter or login or display.start_at is not None

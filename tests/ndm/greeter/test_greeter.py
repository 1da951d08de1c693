from __future__ import annotations

from asyncluster.core.qt.theme import Mode
from asyncluster.core.wire.greeter import (
    Accepted,
    Configuration,
    Layout,
    Login,
    MasterState,
    Openings,
    Power,
    Refused,
    Session,
)
from asyncluster.ndm.greeter.login import Field, Phase


def typed(greeter):
    greeter.edit(Field.NAME, "lena")
    greeter.edit(Field.PASSWORD, "geheim")


def test_enter_sends_what_was_typed_and_chosen(greeter, sent):
    typed(greeter)
    greeter.choose_session("plasma")
    assert greeter.submit() is None
    assert sent == [Login("lena", "geheim", "plasma", "")]


def test_enter_with_a_field_missing_names_it_and_sends_nothing(greeter, sent):
    assert greeter.submit() is Field.NAME
    greeter.edit(Field.NAME, "lena")
    assert greeter.submit() is Field.PASSWORD
    assert sent == []


def test_a_refusal_is_announced(greeter, qtbot):
    typed(greeter)
    greeter.submit()
    with qtbot.waitSignals([greeter.changed, greeter.answered]):
        greeter.receive(Refused("Closed now."))
    assert greeter.notice().head == "Closed now."


def test_an_accepted_login_leaves_nothing(greeter):
    typed(greeter)
    greeter.submit()
    greeter.receive(Accepted())
    assert (greeter.model.name, greeter.model.phase) == ("", Phase.ACCEPTED)


def test_the_master_away_and_back(greeter, sent):
    typed(greeter)
    greeter.receive(MasterState(False, 0.0))
    greeter.submit()
    assert sent == []
    greeter.receive(MasterState(True))
    greeter.submit()
    assert len(sent) == 1


def test_the_configured_session_is_chosen_first_if_there_is_one(make_greeter):
    assert make_greeter().session == "icewm"
    assert make_greeter(session="gone").session == "plasma"
    assert make_greeter(sessions=[]).session == ""


def test_power_is_asked_of_the_node_daemon(greeter, sent):
    greeter.power("restart")
    greeter.power("shut down")
    assert sent == [Power("restart"), Power("shut down")]


def test_a_new_configuration_replaces_the_old_one_and_keeps_what_is_typed(greeter):
    typed(greeter)
    greeter.receive(Configuration("pc07", sessions=[Session("x", "X")], mode="dark", scale=1.5))
    assert (greeter.configuration.node, greeter.session, greeter.model.name) == ("pc07", "x", "lena")
    assert greeter.look.theme.tokens.dark
    assert greeter.look.theme.scale == 1.5


def test_a_person_may_want_other_colours_and_larger_text(greeter, qtbot):
    with qtbot.waitSignal(greeter.changed):
        greeter.choose_appearance(Mode.DARK, 2.0)
    assert greeter.look.theme.scale == 2.0


def test_the_clock_is_that_of_the_master(greeter):
    assert greeter.now().strftime("%H:%M") == "14:18"
    greeter.receive(Openings([], None, "Asia/Tokyo"))
    assert greeter.now().strftime("%H:%M") == "23:18"
    greeter.receive(Openings([], None, "Nowhere/Else"))
    assert greeter.now() is not None


def test_it_wakes_up_by_the_minute_and_each_second_of_a_countdown_only(greeter, clocks):
    greeter.tick()
    assert greeter._timer.interval() == 60_001
    typed(greeter)
    greeter.submit()
    greeter.receive(Refused("Wrong.", "", 8))
    assert greeter._timer.interval() == 1001
    clocks.passed = 8
    greeter.tick()
    assert greeter.model.phase is Phase.RESTING
    assert greeter._timer.interval() == 52_001


def test_without_an_x_server_layouts_are_offered_and_choosing_does_nothing(make_greeter):
    greeter = make_greeter(layouts=[Layout("de", "Deutsch")])
    assert greeter.layouts() == [Layout("de", "Deutsch")]
    greeter.choose_layout("de")
    assert greeter.layout_name() == ""

"""The desk alone: events in, instructions out, in order."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from asyncluster.core.people.ends import End
from asyncluster.core.wire import greeter as g
from asyncluster.core.wire import people as p
from asyncluster.core.wire import timebar as t
from asyncluster.ndm.node.desk import (
    ANSWER_SECONDS,
    AWAY,
    BUSY,
    Desk,
    DeskSettings,
    PeopleHere,
    ToGreeter,
    ToMaster,
    ToSteward,
    ToTimeBar,
)
from asyncluster.ndm.session.record import Record

ONE, TWO = (f"00000000-0000-0000-0000-{number:012d}" for number in (1, 2))
WALL = 1_800_000_000.0


def desk_with(**changes: Any) -> Desk:
    settings = {"greeting": g.Configuration("pc1"), "warn_at": (60.0,), "grace": 10.0, "passwords": False}
    numbers = itertools.count(1)
    return Desk(DeskSettings(**(settings | changes)), lambda: f"00000000-0000-0000-0000-{next(numbers):012d}")


@pytest.fixture
def desk() -> Desk:
    desk = desk_with()
    desk.steward_ready(0.0)
    desk.greeter_up(":77")
    desk.master_up(0.0, WALL)
    desk.take()
    return desk


def lease(session: str = ONE, ends_after: int | None = 600) -> p.Lease:
    return p.Lease(session, 1_800_000_000, ends_after, ends_after, None, "")


def record(session: str = ONE, **changes: Any) -> Record:
    values = {"user": "lena", "display": ":77", "started": 1_800_000_000, "boot": "b", "began": 5.0, "deadline": 605.0}
    return Record(session, **(values | changes))


def type_in(desk: Desk, unfit: str = "", now: float = 1.0) -> p.BeginSession:
    desk.login(":77", g.Login("lena", "secret", "icewm"), unfit, now)
    (asked,) = desk.take()
    assert isinstance(asked, ToMaster)
    assert isinstance(asked.message, p.BeginSession)
    return asked.message


def sit(desk: Desk) -> None:
    ask = type_in(desk)
    desk.from_master(p.SessionGranted(ask.id, "lena", lease()), 5.0, WALL)
    desk.record(record(), 6.0)
    desk.take()


def test_a_login_goes_from_the_greeter_to_the_session(desk):
    ask = type_in(desk)
    assert (ask.session, ask.display, ask.name, ask.password) == (ONE, ":77", "lena", "secret")
    desk.from_master(p.SessionGranted(ask.id, "lena", lease()), 5.0, WALL)
    (order,) = desk.take()
    assert order.fields == {
        "verb": "begin", "display": ":77", "session": ONE, "user": "lena", "choice": "icewm", "password": None,
        "started": 1_800_000_000, "began": 5.0, "deadline": 605.0,
    }  # fmt: skip
    desk.admitted(ONE)
    assert desk.take() == [ToGreeter(":77", g.Accepted())]
    desk.record(record(), 6.0)
    live = p.LiveSession(ONE, "lena", ":77", 1_800_000_000, 1, 600)
    assert desk.take() == [PeopleHere(1), ToMaster(p.SessionReport([live], []))]
    desk.bar_up(ONE, 65.0, WALL)
    (shown,) = desk.take()
    assert (shown.message.name, shown.message.left, shown.message.until) == ("lena", 540.0, WALL + 540)


def test_the_password_goes_to_the_steward_only_if_pam_wants_it():
    desk = desk_with(passwords=True)
    desk.master_up(0.0, WALL)
    desk.take()
    ask = type_in(desk)
    desk.from_master(p.SessionGranted(ask.id, "lena", lease()), 5.0, WALL)
    (order,) = desk.take()
    assert order.fields["password"] == "secret"
    assert "secret" not in repr(order)


def test_a_refusal_says_why_and_what_happens_next(desk):
    ask = type_in(desk)
    desk.from_master(p.SessionRefused(ask.id, "Closed now; opens today at 14:00. Come back.", 8), 2.0, WALL)
    assert desk.take() == [ToGreeter(":77", g.Refused("Closed now; opens today at 14:00.", "Come back.", 8.0))]


def test_who_cannot_sit_down_here_is_refused_by_the_master_and_not_begun(desk):
    assert type_in(desk, unfit="This computer has no account for 'lena'.").unfit.startswith("This computer")


def test_without_the_master_nobody_sits_down(desk):
    ask = type_in(desk)
    desk.master_down(WALL + 9)
    away, refused = desk.take()
    assert away.message == g.MasterState(False, WALL + 9)
    assert refused.message.reason == AWAY
    desk.login(":77", g.Login("lena", "secret"), "", 10.0)
    assert [each.message.reason for each in desk.take()] == [AWAY]
    desk.from_master(p.SessionGranted(ask.id, "lena", lease()), 11.0, WALL)
    assert desk.take() == []  # an answer of before: nobody waits for it
    desk.master_up(12.0, WALL + 12)
    assert any(each == ToGreeter(":77", g.MasterState(True, WALL + 12)) for each in desk.take())


def test_a_login_that_nobody_answers_is_given_up(desk):
    type_in(desk, now=1.0)
    assert desk.wake_at() <= 1.0 + ANSWER_SECONDS
    desk.tick(1.0 + ANSWER_SECONDS)
    assert desk.take()[0].message.reason == AWAY


def test_two_quick_enters_begin_one_session(desk):
    """Hole 20."""
    type_in(desk)
    desk.login(":77", g.Login("lena", "secret"), "", 1.1)
    assert [each.message.reason for each in desk.take()] == [BUSY]


def test_a_session_that_cannot_be_opened_is_told_to_greeter_and_master(desk):
    ask = type_in(desk)
    desk.from_master(p.SessionGranted(ask.id, "lena", lease()), 5.0, WALL)
    desk.take()
    desk.refused(ONE, "Your account has expired. Ask the operator.", 6.0)
    refused, _people, report = desk.take()
    assert refused == ToGreeter(":77", g.Refused("Your account has expired.", "Ask the operator."))
    assert report.message == p.SessionReport([], [p.EndedSession(ONE, "lena", ":77", 1_800_000_000, 0, "crashed")])


def test_an_end_is_reported_until_it_is_booked(desk):
    sit(desk)
    desk.record(record(elapsed=90, reason="logout"), 95.0)
    over = p.EndedSession(ONE, "lena", ":77", 1_800_000_000, 90, "logout")
    assert desk.take() == [PeopleHere(0), ToMaster(p.SessionReport([], [over]))]
    desk.master_down(WALL)
    desk.master_up(200.0, WALL)
    assert ToMaster(p.SessionReport([], [over])) in desk.take()
    desk.from_master(p.SessionOrders([], [], [ONE]), 201.0, WALL)
    assert desk.take() == [ToSteward({"verb": "forget", "session": ONE})]
    desk.tick(300.0)
    assert ToMaster(p.SessionReport([], [])) in desk.take()


def test_the_operator_acts_on_a_running_session(desk):
    sit(desk)
    desk.from_master(p.SessionOrders([lease(ends_after=1200)], []), 65.0, WALL)
    deadline, state = desk.take()
    assert deadline == ToSteward({"verb": "deadline", "session": ONE, "at": 1205.0})
    assert state.message.left == 1140.0
    desk.from_master(p.SessionOrders([lease(ends_after=None)], []), 65.0, WALL)
    assert desk.take()[0].fields["at"] is None
    end = p.EndOrder(ONE, "kicked", "The operator ends this session.")
    for _twice in range(2):
        desk.from_master(p.SessionOrders([], [end]), 70.0, WALL)
    ending, order = desk.take()
    assert ending == ToTimeBar(ONE, t.Ending("The operator ends this session.", 10.0))
    assert order == ToSteward({"verb": "end", "session": ONE, "reason": "kicked"})


def test_a_message_is_shown_until_it_is_confirmed(desk):
    sit(desk)
    desk.from_master(p.SessionNotice(ONE, 7, "root", "Fire drill"), 70.0, WALL)
    shown = ToTimeBar(ONE, t.Notice(7, "root", "Fire drill", WALL))
    assert desk.take() == [shown]
    desk.bar_up(ONE, 80.0, WALL)  # the first one was killed
    assert shown in desk.take()
    desk.acknowledged(ONE, 8)  # no message of ours
    assert desk.take() == []
    for _twice in range(2):
        desk.acknowledged(ONE, 7)
    assert desk.take() == [ToMaster(p.NoticeSeen(ONE, 7))]


def test_a_time_bar_can_do_no_more_than_log_out(desk):
    sit(desk)
    desk.logout(ONE)
    assert desk.take() == [ToSteward({"verb": "end", "session": ONE, "reason": str(End.LOGOUT)})]
    desk.logout(TWO)
    desk.acknowledged(TWO, 1)
    desk.bar_up(TWO, 1.0, WALL)
    assert desk.take() == []


def test_a_new_desk_says_nothing_before_it_knows_all_sessions():
    """A report without a session that goes on would end it in the master's books."""
    desk = desk_with()
    desk.master_up(0.0, WALL)
    desk.record(record(), 1.0)
    assert not [
        each for each in desk.take() if isinstance(each, ToMaster) and isinstance(each.message, p.SessionReport)
    ]
    desk.steward_ready(2.0)
    (report,) = desk.take()
    assert [row.session for row in report.message.live] == [ONE]


def test_power_is_for_those_who_may(desk):
    desk.power("restart")
    assert desk.take() == []
    allowed = desk_with(greeting=g.Configuration("pc1", power=True))
    allowed.power("restart")
    assert allowed.take() == [ToSteward({"verb": "power", "action": "restart"})]


def test_after_a_refusal_the_hours_are_asked_for_anew(desk):
    begin = type_in(desk)
    desk.from_master(p.SessionRefused(begin.id, "Closed now; opens tomorrow at 09:00.", 0), 20.0, 1020.0)
    desk.take()
    assert desk.wake_at() <= 20.0
    desk.tick(20.0)
    assert any(isinstance(out.message, p.AskHours) for out in desk.take() if isinstance(out, ToMaster))

"""Logins and sessions end to end: real database, played nodes, moved clocks. Numbers are holes of the old program."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import delete
from support.people import PASSWORD, Node, Room
from twisted.internet.defer import Deferred, fail

from asyncluster.core import failpoints
from asyncluster.core.database import history
from asyncluster.core.database.accounts import change_account, find_account
from asyncluster.core.database.audit import latest_acts
from asyncluster.core.database.errors import DatabaseBusy
from asyncluster.core.database.history import JobTotals, Sample
from asyncluster.core.database.schema import sessions
from asyncluster.core.errors import AsynClusterError
from asyncluster.core.people import refusals
from asyncluster.core.people.passwords import Hasher
from asyncluster.core.wire.people import (
    AskHours,
    BeginSession,
    EndedSession,
    NoticeSeen,
    SessionGranted,
    SessionRefused,
    SessionReport,
)

HOUR = 3600


@pytest.fixture
def pc1(room: Room) -> Node:
    room.open_daily()
    room.add("ada", daily_hours=2.0, weekly_hours=5.0)
    node = room.node("pc1")
    node.report()
    return node


@pytest.fixture
def pc2(room: Room) -> Node:
    node = room.node("pc2")
    node.report()
    return node


def granted(answer: object) -> SessionGranted:
    assert isinstance(answer, SessionGranted), answer
    return answer


def refused(answer: object) -> str:
    assert isinstance(answer, SessionRefused), answer
    return answer.reason


# --- Logging in ------------------------------------------------------------------------------------------


def test_a_lease_says_how_long_and_by_what(room: Room, pc1: Node) -> None:
    lease = granted(pc1.greet("ada")).lease
    assert (lease.ends_after, lease.left, lease.limit) == (2 * HOUR, 2 * HOUR, "daily")
    assert lease.until == room.at("2026-06-01 12:00")
    assert room.show("ada")["session"]["node"] == "pc1"


def test_wrong_unknown_and_disabled_look_alike_until_the_password_is_right(room: Room, pc1: Node) -> None:
    room.add("bob", enabled=False)
    before = room.reactor.seconds()
    texts = {refused(pc1.greet(name, "wrong-password")) for name in ("ada", "bob", "nobody", "No Name", "")}
    assert texts == {refusals.WRONG}
    assert room.reactor.seconds() - before == pytest.approx(5 * 0.3)
    assert len(room.passwords.checked) == 5  # every one of them was compared with something
    assert refused(pc1.greet("bob")) == refusals.DISABLED


def test_a_right_password_does_not_open_a_closed_room(room: Room, pc1: Node) -> None:
    room.set_clock("2026-06-01 21:00")
    assert refused(pc1.greet("ada")) == "Closed now; opens tomorrow at 08:00."
    room.add("eve", restricted=False)
    assert granted(pc1.greet("eve")).lease.ends_after is None


def test_guessing_is_slowed_down_at_one_node_and_a_right_password_ends_that(room: Room, pc1: Node, pc2: Node) -> None:
    for _ in range(4):
        assert refused(pc1.greet("ada", "wrong-password")) == refusals.WRONG
    fifth = pc1.greet("ada", "wrong-password")
    assert isinstance(fifth, SessionRefused)
    assert fifth.retry_after == 2
    assert refused(pc1.greet("ada")) == "Wait 2 s after wrong passwords."
    granted(pc2.greet("ada"))  # the person is at another node
    room.pass_(2)
    granted(pc1.greet("ada"))
    pc1.logout()
    assert refused(pc1.greet("ada", "wrong-password")) == refusals.WRONG


def test_waiting_outlives_a_restart_and_an_operator_can_end_it(room: Room, pc1: Node) -> None:
    for _ in range(5):
        pc1.greet("ada", "wrong-password")
    room.restart()
    assert "Wait" in refused(pc1.greet("ada"))
    room.ask("user unlock", name="ada")
    granted(pc1.greet("ada"))


def test_a_hundred_attempts_at_once_are_not_a_hundred_free_ones(room: Room, pc1: Node) -> None:
    room.passwords.pending = []
    answers: list[object] = []
    for _ in range(100):
        ask = BeginSession(1, str(uuid.uuid4()), ":0", "ada", "wrong-password")
        Deferred.fromCoroutine(room.people.begin("pc1", ask)).addCallback(answers.append)
    assert len(room.passwords.pending) == 5  # the others must wait
    for held in room.passwords.pending:
        held.callback(None)
    room.pass_(0.3)
    assert len(answers) == 100


def test_more_logins_than_can_be_checked_are_asked_to_come_back(room: Room) -> None:
    room.passwords.pending = []
    answers: list[object] = []
    for number in range(70):
        ask = BeginSession(1, str(uuid.uuid4()), ":0", f"user{number}", PASSWORD)
        Deferred.fromCoroutine(room.people.begin(f"pc{number}", ask)).addCallback(answers.append)
    room.pass_(0.3)
    assert [refused(answer) for answer in answers] == [refusals.BUSY] * 6
    assert len(room.passwords.pending) == 64
    for held in list(room.passwords.pending):
        held.callback(None)
    room.pass_(0.3)
    assert len(answers) == 70


def test_an_old_hash_is_made_anew_at_the_next_login(room: Room, pc1: Node) -> None:
    weak = Hasher(passes=1, memory=16).hash(PASSWORD)
    room.database.call(change_account, "ada", password_hash=weak)
    granted(pc1.greet("ada"))
    stored = room.database.call(find_account, "ada")
    assert stored is not None
    assert stored.password_hash != weak
    assert not room.passwords.is_outdated(stored.password_hash or "")
    pc1.logout()
    granted(pc1.greet("ada"))


def test_a_password_that_is_changed_while_the_old_one_is_checked_does_not_let_in(room: Room, pc1: Node) -> None:
    room.passwords.pending = []
    answers: list[object] = []
    ask = BeginSession(1, str(uuid.uuid4()), ":0", "ada", PASSWORD)
    Deferred.fromCoroutine(room.people.begin("pc1", ask)).addCallback(answers.append)
    room.ask("user password", name="ada", password="another-password")
    room.passwords.pending[0].callback(None)
    room.pass_(0.3)
    assert refused(answers[0]) == refusals.WRONG


def test_asking_twice_begins_one_session(room: Room, pc1: Node) -> None:
    session = str(uuid.uuid4())
    first = granted(pc1.greet("ada", session=session))
    room.pass_(10)
    again = granted(pc1.greet("ada", session=session))
    assert again.lease.started == first.lease.started
    assert len(room.sheet()) == 1
    pc1.logout()
    pc1.report()
    assert refused(pc1.greet("ada", session=session)) == refusals.OUT_OF_ORDER


def test_a_database_that_fails_lets_nobody_in_and_stores_nothing(room: Room, pc1: Node) -> None:
    class Failing:
        def run(self, *_args: object, **_kwargs: object) -> object:
            return fail(DatabaseBusy("locked"))

    working, room.people._database = room.people._database, Failing()  # type: ignore[assignment]
    answer = pc1.greet("ada")
    assert isinstance(answer, SessionRefused)
    assert (answer.reason, answer.retry_after) == (refusals.OUT_OF_ORDER, 5)
    room.people._database = working
    assert room.sheet() == []


def test_the_greeter_shows_todays_hours(room: Room) -> None:
    closed = room.wait(room.people.hours(AskHours(7)))
    assert (closed.id, closed.spans, closed.text) == (7, [], "Closed today.")
    room.ask("opening add", day="mon", start="08:00", end="12:00")
    room.ask("opening add", day="mon", start="14:00", end="24:00")
    hours = room.wait(room.people.hours(AskHours(8)))
    assert hours.text == "Open today 08:00-12:00 and 14:00-24:00."
    assert hours.spans[0] == (room.at("2026-06-01 08:00"), room.at("2026-06-01 12:00"))


# --- Accounting: holes 21 to 27, O8 to O10 ------------------------------------------------------------------


def test_hole_21_a_pulled_cable_gives_no_time(room: Room, pc1: Node) -> None:
    granted(pc1.greet("ada"))
    room.pass_(60)
    pc1.report()
    room.people.node_lost("pc1")
    room.pass_(10 * HOUR)  # nobody can tell the node anything
    pc1.enforce()
    assert pc1.live == {}
    pc1.report()
    assert room.sheet() == [("ada", "pc1", "10:00:00", "12:00:00")]
    assert room.show("ada")["used_today_hours"] == 2.0


def test_hole_22_a_link_that_drops_takes_no_time(room: Room, pc1: Node) -> None:
    granted(pc1.greet("ada"))
    room.people.node_lost("pc1")
    room.pass_(600)
    pc1.enforce()
    orders = pc1.report()
    assert orders.ends == []
    assert pc1.holds() == 2 * HOUR


def test_hole_24_midnight_is_counted_on_both_days(room: Room, pc1: Node) -> None:
    room.add("eve", restricted=False)
    room.set_clock("2026-06-01 23:00")
    granted(pc1.greet("eve"))
    room.pass_(2 * HOUR)
    pc1.logout()
    pc1.report()
    shown = room.show("eve")
    assert (shown["used_today_hours"], shown["used_week_hours"]) == (1.0, 2.0)


def test_hole_24_short_sessions_are_not_free(room: Room, pc1: Node) -> None:
    for _ in range(10):
        granted(pc1.greet("ada"))
        room.pass_(40)
        pc1.logout()
        pc1.report()
    assert room.show("ada")["used_today_hours"] == pytest.approx(400 / HOUR)


def test_hole_25_a_master_that_dies_loses_at_most_a_beat_and_the_node_heals_that(room: Room, pc1: Node) -> None:
    granted(pc1.greet("ada"))
    room.pass_(300)
    pc1.report()
    room.pass_(25)
    room.restart()
    room.pass_(1)
    assert room.show("ada")["used_today_hours"] == 326 / HOUR
    pc1.logout()
    room.pass_(5000)
    pc1.report()
    assert room.sheet() == [("ada", "pc1", "10:00:00", "10:05:26")]


def test_hole_26_unrestricted_people_have_no_limit_and_are_in_the_timesheet(room: Room, pc1: Node) -> None:
    room.add("eve", restricted=False)
    granted(pc1.greet("eve"))
    for _ in range(30):
        room.pass_(HOUR)
        pc1.report()
        pc1.enforce()
    pc1.logout()
    pc1.report()
    assert room.ask("timesheet list")[0]["hours"] == 30.0


def test_hole_27_changes_act_on_running_sessions_at_once(room: Room, pc1: Node) -> None:
    granted(pc1.greet("ada"))
    room.pass_(600)
    pc1.report()
    room.ask("user quota", name="ada", daily_hours=1.0)
    assert pc1.holds() == HOUR
    room.ask("user grant", name="ada", duration="15min")
    assert pc1.holds() == HOUR + 900
    room.ask("opening except", date="2026-06-01", spans=[["08:00", "10:30"]])
    assert pc1.holds() == 1800 + 900
    room.ask("user unrestrict", name="ada")
    assert pc1.holds() is None
    room.ask("user restrict", name="ada")
    room.ask("opening except", date="2026-06-01", spans=None)
    assert pc1.holds() == HOUR + 900


@pytest.mark.parametrize(
    ("verb", "reason"), [("user disable", "disabled"), ("user delete", "deleted"), ("user kick", "kicked")]
)
def test_hole_27_who_is_disabled_deleted_or_kicked_is_out(room: Room, pc1: Node, verb: str, reason: str) -> None:
    granted(pc1.greet("ada"))
    room.pass_(600)
    room.ask(verb, name="ada")
    pc1.report()
    assert pc1.live == {}
    pc1.report()
    (row,) = room.ask("timesheet list")
    assert (row["hours"], row["ended_by"]) == (600 / HOUR, reason)


def test_o8_two_sessions_in_the_same_minute_are_two_rows(room: Room, pc1: Node) -> None:
    for _ in range(2):
        granted(pc1.greet("ada"))
        room.pass_(10)
        pc1.logout()
        pc1.report()
    assert len(room.sheet()) == 2


def test_o8_a_change_of_clocks_neither_gives_nor_takes(room: Room, pc1: Node) -> None:
    room.add("eve", restricted=False)
    room.set_clock("2026-10-25 01:30")
    granted(pc1.greet("eve"))
    room.pass_(2 * HOUR)
    pc1.logout()
    pc1.report()
    assert room.show("eve")["used_today_hours"] == 2.0
    (row,) = room.ask("timesheet list")
    assert (row["from"], row["to"]) == ("2026-10-25T01:30:00+02:00", "2026-10-25T02:30:00+01:00")


# --- One session per person ----------------------------------------------------------------------------------


def test_logging_in_elsewhere_ends_the_earlier_session(room: Room, pc1: Node, pc2: Node) -> None:
    granted(pc1.greet("ada"))
    room.pass_(590)
    pc1.report()
    room.pass_(10)
    assert granted(pc2.greet("ada")).lease.left == 2 * HOUR - 600
    room.pass_(5)
    pc1.report()
    assert pc1.live == {}
    room.pass_(5)
    pc1.report()
    assert room.sheet() == [("ada", "pc1", "10:00:00", "10:10:00"), ("ada", "pc2", "10:10:00", None)]
    assert room.show("ada")["used_today_hours"] == 610 / HOUR


def test_a_session_out_of_reach_keeps_its_promise_charged(room: Room, pc1: Node, pc2: Node) -> None:
    granted(pc1.greet("ada"))
    room.pass_(600)
    room.people.node_lost("pc1")
    room.pass_(60)
    words = refused(pc2.greet("ada"))
    assert words == (
        "You are still logged in on pc1, which does not answer; your time is kept for it until today at 12:00. "
        "Ask the operator."
    )
    # It was in fact over, and the node says so when it is back.
    pc1.logout()
    pc1.report()
    assert granted(pc2.greet("ada")).lease.left == 2 * HOUR - 660


def test_the_operator_can_give_the_time_back_of_a_node_that_burnt_down(room: Room, pc1: Node, pc2: Node) -> None:
    granted(pc1.greet("ada"))
    room.pass_(600)
    pc1.report()
    room.people.node_lost("pc1")
    room.pass_(60)
    assert room.ask("user kick", name="ada")["reached"] is False
    assert granted(pc2.greet("ada")).lease.left == 2 * HOUR - 600


def test_time_left_besides_the_promise_may_be_used_and_both_seats_are_charged(room: Room, pc1: Node, pc2: Node) -> None:
    """Closing time, not the quota, ended the promise: some quota is left for a second seat, once."""
    room.set_clock("2026-06-01 19:00")
    granted(pc1.greet("ada"))
    room.people.node_lost("pc1")
    room.pass_(60)
    assert granted(pc2.greet("ada")).lease.left == HOUR - 60
    room.pass_(HOUR)
    for node in (pc1, pc2):
        node.enforce()
        node.report()
    assert room.sheet() == [("ada", "pc1", "19:00:00", "19:01:00"), ("ada", "pc2", "19:01:00", "20:00:00")]
    assert room.show("ada")["used_today_hours"] == pytest.approx((HOUR + HOUR - 60) / HOUR)


def test_a_person_who_sits_down_at_a_display_ends_whatever_was_there(room: Room, pc1: Node) -> None:
    room.add("bob")
    granted(pc1.greet("ada"))
    room.pass_(60)
    granted(pc1.greet("bob"))
    assert [row[0] for row in room.sheet()] == ["ada", "bob"]
    assert room.show("ada")["session"] is None


def test_a_node_may_have_two_displays(room: Room, pc1: Node) -> None:
    room.add("bob")
    granted(pc1.greet("ada"))
    granted(pc1.greet("bob", display=":1"))
    assert room.show("ada")["session"]["display"] == ":0"
    assert room.show("bob")["session"]["display"] == ":1"


def test_two_sessions_that_begin_within_one_second_are_both_booked(room: Room, pc1: Node, pc2: Node) -> None:
    granted(pc1.greet("ada"))
    granted(pc2.greet("ada"))
    pc1.report()
    room.pass_(100)
    pc2.logout()
    for node in (pc1, pc2):
        node.report()
    assert [row["hours"] * HOUR for row in room.ask("timesheet list")] == [0, 100]


# --- Nodes and masters that die --------------------------------------------------------------------------------


def test_a_report_may_come_any_number_of_times(room: Room, pc1: Node) -> None:
    granted(pc1.greet("ada"))
    room.pass_(600)
    pc1.logout()
    ended = dict(pc1.ended)
    for _ in range(3):
        pc1.ended = dict(ended)
        assert pc1.report().booked == list(ended)
    assert room.sheet() == [("ada", "pc1", "10:00:00", "10:10:00")]


def test_a_node_that_comes_back_empty_ends_its_sessions_where_they_were_seen(room: Room, pc1: Node) -> None:
    granted(pc1.greet("ada"))
    room.pass_(300)
    pc1.report()
    room.people.node_lost("pc1")
    room.pass_(900)
    room.node("pc1").report()
    assert room.sheet() == [("ada", "pc1", "10:00:00", "10:05:00")]
    assert room.ask("timesheet list")[0]["ended_by"] == "lost"


def test_a_session_that_the_node_has_not_heard_of_yet_is_not_lost(room: Room, pc1: Node) -> None:
    granted(pc1.greet("ada"))
    room.node("pc1").report()  # was on its way while the session began
    assert room.show("ada")["session"] is not None


def test_a_deadline_that_passes_out_of_contact_ends_the_session_here_too(room: Room, pc1: Node) -> None:
    room.people.start()
    granted(pc1.greet("ada"))
    room.people.node_lost("pc1")
    room.pass_(2 * HOUR + 60)
    assert room.sheet() == [("ada", "pc1", "10:00:00", "12:00:00")]
    assert room.ask("timesheet list")[0]["ended_by"] == "out of contact"
    room.people.stop()


def test_a_master_from_an_old_copy_of_the_database_takes_the_nodes_records_over(room: Room, pc1: Node) -> None:
    granted(pc1.greet("ada"))
    room.pass_(60)
    pc1.logout()
    granted(pc1.greet("ada"))
    room.pass_(60)
    room.database.call(lambda connection: connection.execute(delete(sessions)))
    pc1.report()
    room.pass_(30)
    pc1.logout()
    pc1.report()
    assert [row["hours"] * HOUR for row in room.ask("timesheet list")] == pytest.approx([60, 90], abs=1)


def test_a_node_cannot_invent_the_future_nor_block_a_person_for_ever(room: Room, pc1: Node, pc2: Node) -> None:
    def invent(started: int, elapsed: int, user: str = "ada") -> None:
        row = EndedSession(str(uuid.uuid4()), user, ":0", started, elapsed, "logout")
        room.wait(room.people.report("pc1", SessionReport([], [row])))

    invent(int(room.wall) + 50, 10)
    invent(int(room.wall), 10, "No Such Name")
    assert room.sheet() == []
    granted(pc1.greet("ada"))
    pc1.begun = dict.fromkeys(pc1.begun, -1000000000.0)
    assert "time is up" in pc1.report().ends[0].text
    pc1.report()
    assert room.ask("timesheet list")[0]["hours"] == 24


def test_clocks_that_jump_neither_give_nor_take(room: Room, pc1: Node) -> None:
    granted(pc1.greet("ada"))
    room.pass_(600)
    pc1.report()
    room.set_clock("2026-06-01 15:10")  # five hours forward
    assert room.show("ada")["used_today_hours"] == pytest.approx(600 / HOUR, abs=1 / HOUR)
    pc1.report()
    assert pc1.holds() == 2 * HOUR
    room.set_clock("2026-06-01 09:00")
    pc1.report()
    assert pc1.holds() == 2 * HOUR
    room.pass_(600)
    pc1.logout()
    pc1.report()
    granted(pc1.greet("ada"))
    rows = room.ask("timesheet list")
    assert rows[0]["hours"] == pytest.approx(1200 / HOUR, abs=2 / HOUR)
    assert rows[0]["to"] <= rows[1]["from"]


@pytest.mark.parametrize(
    "point", ["login-cleared", "login-inserted", "login-earlier-ended", "transaction-before-commit"]
)
def test_a_login_that_dies_between_two_writes_has_not_happened(room: Room, pc1: Node, pc2: Node, point: str) -> None:
    granted(pc1.greet("ada"))
    before = room.sheet()
    failpoints.arm(f"{point}:{2 if point.startswith('transaction') else 1}:raise")
    try:
        with pytest.raises(failpoints.FailPointReached):
            pc2.greet("ada")
    finally:
        failpoints.arm("")
    assert room.sheet() == before
    granted(pc2.greet("ada"))


# --- Operators -----------------------------------------------------------------------------------------------


def test_the_operator_learns_that_a_message_was_seen(room: Room, pc1: Node, pc2: Node) -> None:
    session = granted(pc1.greet("ada")).lease.session
    room.ask("user message", name="ada", text="Hello")
    _, notice = room.told[-1]
    for node, times in (("pc2", 0), ("pc1", 1), ("pc1", 1)):  # another node's word, the right one, and once more
        room.wait(room.people.seen(node, NoticeSeen(session, notice.id)))
        seen = [act.details for act in room.database.call(latest_acts) if act.verb == "message seen"]
        assert seen == ["from root: Hello"] * times


def test_a_node_without_an_account_for_the_person_says_so_to_who_knows_the_password(room: Room, pc1: Node) -> None:
    def ask(password: str) -> SessionGranted | SessionRefused:
        begin = BeginSession(1, str(uuid.uuid4()), ":0", "ada", password, unfit="No account here.")
        return room.wait(room.people.begin("pc1", begin))

    assert ask("wrong").reason == refusals.WRONG
    room.pass_(60)
    assert ask(PASSWORD) == SessionRefused(1, "No account here.", 0)
    assert room.sheet() == []
    granted(pc1.greet("ada"))  # nothing is left to wait for


def test_a_lease_says_what_a_time_bar_shows(room: Room, pc1: Node) -> None:
    lease = granted(pc1.greet("ada")).lease
    assert (lease.daily, lease.weekly, lease.used_today) == (2 * HOUR, 5 * HOUR, 0)
    assert lease.closes == room.at("2026-06-01 20:00")
    room.pass_(600)
    (lease,) = pc1.report().leases
    assert (lease.used_today, lease.used_week) == (600, 600)


def test_a_message_reaches_the_persons_node(room: Room, pc1: Node) -> None:
    with pytest.raises(AsynClusterError, match="not shown"):
        room.ask("user message", name="ada", text="Hello")
    session = granted(pc1.greet("ada")).lease.session
    room.ask("user message", name="ada", text="Fire drill\x1b[2J at\nnoon")
    node, notice = room.told[-1]
    assert (node, notice.session, notice.sender, notice.text) == ("pc1", session, "root", "Fire drill[2J at\nnoon")
    room.people.node_lost("pc1")
    with pytest.raises(AsynClusterError, match="not shown"):
        room.ask("user message", name="ada", text="Hello")


def test_only_the_persons_node_hears_of_a_change(room: Room, pc1: Node, pc2: Node) -> None:
    room.add("bob")
    granted(pc1.greet("ada"))
    granted(pc2.greet("bob"))
    room.told.clear()
    room.ask("user grant", name="bob", duration="5min")
    assert [node for node, _ in room.told] == ["pc2"]
    room.ask("opening remove", day="mon", start="08:00", end="20:00")
    assert {node for node, _ in room.told} == {"pc1", "pc2"}


def test_computing_is_told_by_owner_and_by_hour_of_the_masters_time_zone(room: Room) -> None:
    shown = {"name": "fit", "owner": "ada", "owner_uid": 1000, "niceness": 10}
    room.database.call(history.job_opened, 1, now=float(room.at("2026-06-01 00:10")), **shown)
    for minute in ("2026-06-01 00:10", "2026-06-01 00:50", "2026-06-01 09:00", "2026-06-02 00:00"):
        room.database.call(history.job_sampled, 1, JobTotals(), Sample(room.at(minute), 3, 0, 1800.0))
    period = {"since": "2026-06-01", "until": "2026-06-01"}
    assert room.ask("timesheet compute", **period) == [{"owner": "ada", "hours": 1.5, "calls": 9}]
    assert room.ask("timesheet compute", by="hour", **period) == [
        {"start": "2026-06-01T00:00:00+02:00", "hours": 1.0, "calls": 6},
        {"start": "2026-06-01T09:00:00+02:00", "hours": 0.5, "calls": 3},
    ]

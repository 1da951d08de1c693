from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.wire.greeter import Login, Refused
from asyncluster.ndm.greeter.login import ANSWER_SECONDS, Field, LoginModel, Phase


@pytest.fixture
def model():
    return LoginModel()


def typed(model, name="lena", password="geheim"):
    model.edit(Field.NAME, name)
    model.edit(Field.PASSWORD, password)


def checking(model):
    typed(model)
    assert model.submit("icewm", "gb", 0) is not None


def test_a_login_carries_what_was_typed_and_the_password_is_kept_no_longer(model):
    typed(model, " lena ", " secret with spaces ")
    assert model.submit("icewm", "gb", 0) == Login("lena", " secret with spaces ", "icewm", "gb")
    assert (model.phase, model.password) == (Phase.CHECKING, "")


@pytest.mark.parametrize(
    ("name", "password", "wanted"),
    [
        ("", "", Field.NAME),
        ("  ", "x", Field.NAME),
        ("lena", "", Field.PASSWORD),
        ("lena", "ü" * 600, Field.PASSWORD),
        ("lena", "x", None),
    ],
)
def test_nothing_is_sent_while_a_field_is_missing(model, name, password, wanted):
    typed(model, name, password)
    assert model.wants() is wanted
    assert (model.submit("", "", 0) is None) is (wanted is not None)


def test_enter_twice_sends_once(model):
    checking(model)
    assert model.submit("", "", 0) is None
    model.edit(Field.PASSWORD, "more")
    assert model.password == ""


def test_after_a_refusal_the_name_stays_and_the_password_is_empty(model):
    checking(model)
    answer = Refused("Closed now.")
    model.refused(answer, 1)
    assert (model.phase, model.refusal, model.name, model.password) == (Phase.REFUSED, answer, "lena", "")
    model.edit(Field.PASSWORD, "n")
    assert (model.phase, model.refusal) == (Phase.RESTING, None)


def test_the_field_that_the_refusal_empties_does_not_take_the_reason_away(model):
    checking(model)
    model.refused(Refused("Closed now."), 1)
    model.edit(Field.PASSWORD, "")
    assert model.phase is Phase.REFUSED


def test_a_wait_counts_down_lets_people_type_and_then_lets_them_try(model):
    checking(model)
    model.refused(Refused("Wrong.", "", 8), now=10)
    model.edit(Field.PASSWORD, "next")
    assert model.submit("", "", 12) is None
    countdown = model.countdown(12.0)
    assert (countdown.left, countdown.share) == (6, 0.25)
    assert model.countdown(17.5).left == 1
    assert model.next_tick(12.25) == pytest.approx(0.75)
    assert model.next_tick(12.0) == 1.0
    model.tick(18)
    assert (model.phase, model.countdown(18)) == (Phase.RESTING, None)
    assert model.submit("", "", 18) == Login("lena", "next")


def test_enter_at_the_end_of_a_wait_counts_although_no_tick_came(model):
    checking(model)
    model.refused(Refused("Wrong.", "", 8), now=0)
    model.edit(Field.PASSWORD, "next")
    assert model.submit("", "", 8) is not None


def test_while_the_master_is_away_nothing_is_sent_and_afterwards_it_is(model):
    typed(model)
    model.master_away = True
    assert model.submit("", "", 0) is None
    model.master_away = False
    assert model.submit("", "", 0) is not None


def test_a_login_that_nobody_answers_is_given_up(model):
    checking(model)
    model.tick(ANSWER_SECONDS - 1)
    assert model.phase is Phase.CHECKING
    assert model.next_tick(ANSWER_SECONDS - 1) == pytest.approx(1)
    model.tick(ANSWER_SECONDS)
    assert (model.phase, model.unanswered, model.name) == (Phase.RESTING, True, "lena")
    model.edit(Field.PASSWORD, "x")
    assert not model.unanswered


def test_nothing_of_a_person_stays_after_the_session_has_begun(model):
    checking(model)
    model.accepted()
    assert (model.name, model.password, model.phase) == ("", "", Phase.ACCEPTED)
    model.edit(Field.NAME, "x")
    assert model.name == ""
    model.clear()
    assert model.phase is Phase.RESTING


def test_a_session_that_fails_after_all_is_a_refusal(model):
    checking(model)
    model.accepted()
    model.refused(Refused("This account has no home here."), 1)
    assert (model.phase, model.name) == (Phase.REFUSED, "")


def test_an_answer_to_nothing_changes_nothing(model):
    typed(model)
    model.refused(Refused("Late."), 0)
    assert (model.phase, model.password) == (Phase.RESTING, "geheim")


events = st.one_of(
    st.tuples(st.just("name"), st.text(max_size=5)),
    st.tuples(st.just("password"), st.text(max_size=5)),
    st.tuples(st.just("submit"), st.none()),
    st.tuples(st.just("refused"), st.floats(0, 100)),
    st.tuples(st.just("accepted"), st.none()),
    st.tuples(st.just("master"), st.booleans()),
    st.tuples(st.just("wait"), st.floats(0, 100)),
)


@given(st.lists(events, max_size=40))
def test_whatever_happens_one_login_is_out_at_a_time_and_none_while_waiting(happenings):
    model, now, out = LoginModel(), 0.0, False
    not_before = 0.0
    for what, value in happenings:
        match what:
            case "name":
                model.edit(Field.NAME, value)
            case "password":
                model.edit(Field.PASSWORD, value)
            case "submit":
                login = model.submit("", "", now)
                if login:
                    assert not out
                    assert now >= not_before - 1e-6
                    assert login.name
                    assert login.password
                    assert not model.master_away
                    out, sent = True, now
            case "refused":
                model.refused(Refused("no", "", value), now)
                if out:
                    not_before = now + value
                out = False
            case "accepted":
                model.accepted()
                out = False
            case "master":
                model.master_away = value
            case "wait":
                now += value
                model.tick(now)
                out = out and now - sent < ANSWER_SECONDS
        if model.phase is Phase.CHECKING:
            assert model.password == ""
        tick = model.next_tick(now)
        assert tick is None or tick >= 0

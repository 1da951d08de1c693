from __future__ import annotations

import pytest
from support.lab import Lab

from asyncluster.console.state import actions

LAB = Lab()
LENA, MARIA = LAB.people["lfischer"], LAB.people["mkoval"]


def test_an_action_is_asked_for_target_by_target_and_then_told(desk, asked, said):
    desk.perform(actions.grant([LENA, MARIA], 15))
    assert asked.questions == [
        ("user grant", {"name": "lfischer", "duration": "15min"}),
        ("user grant", {"name": "mkoval", "duration": "15min"}),
    ]
    assert said.told == ["Lena Fischer and Maria Koval: 15 min more today."]


def test_undo_is_told_with_what_was_done(desk, asked, said):
    desk.perform(actions.drain([LAB.nodes["pc01"]]))
    (undo,) = said.undo
    desk.perform(undo)
    assert asked.verbs == ["node drain", "node resume"]


def test_a_refusal_is_told_in_the_masters_words(desk, asked, said):
    asked.answers["user grant"] = "!There is no account lfischer."
    desk.perform(actions.grant([LENA], 15))
    assert (said.told, said.failed) == ([], ["There is no account lfischer."])


def test_of_many_targets_those_that_failed_are_told_and_the_others_are_done(desk, said, asked, monkeypatch):
    def ask(verb, arguments, done, failed):
        failed("No session.") if arguments["name"] == "lfischer" else done(None)

    monkeypatch.setattr(desk, "_ask", ask)
    desk.perform(actions.message([LENA, MARIA], "Hello"))
    assert said.failed == ["No session. (1 of 2 were done.)"]


def test_a_question_is_asked_first_and_no_is_no(desk, asked, said):
    questions = []
    desk.confirm = lambda question, yes: questions.append((question, yes))
    desk.perform(actions.kick([LENA]))
    ((question, yes),) = questions
    assert "Lena Fischer" in question.title
    assert asked.questions == []
    yes()
    assert asked.verbs == ["user kick"]


def test_the_clock_and_the_zone_are_the_masters(desk, mirror):
    assert desk.now() == mirror.now()
    assert str(desk.zone()) == "UTC"


@pytest.mark.parametrize("answer", [None, ["row"]])
def test_a_question_of_a_page_gets_its_answer(desk, asked, answer):
    asked.answers["timesheet list"] = answer
    got = []
    desk.ask("timesheet list", {}, got.append)
    assert got == [answer]

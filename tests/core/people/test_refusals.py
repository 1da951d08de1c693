from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from asyncluster.core.people.budget import Account, Span, judge
from asyncluster.core.people.calendar import Calendar, Opening
from asyncluster.core.people.ends import End
from asyncluster.core.people.refusals import end_words, refusal, wait_words, when_words

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600
# Open on Sunday (the 19th, the 26th of July 2026) and on Monday.
WEEKEND = Calendar(BERLIN, (Opening(6, 14 * HOUR, 18 * HOUR), Opening(0, 9 * HOUR, 12 * HOUR)))
ADA = Account("ada", daily=2 * HOUR, weekly=5 * HOUR)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp())


@pytest.mark.parametrize(
    ("account", "now", "words"),
    [
        (ADA, "2026-07-26 10:00", "Closed now; opens today at 14:00."),
        (ADA, "2026-07-26 19:00", "Closed now; opens tomorrow at 09:00."),
        (ADA, "2026-07-23 19:00", "Closed now; opens on Sunday at 14:00."),
        (Account("ada", enabled=False), "2026-07-26 15:00", "This account is disabled. Ask the operator."),
        (Account("ada", daily=0), "2026-07-26 15:00", "You have no hours a day. Ask the operator."),
        (Account("ada", weekly=0), "2026-07-26 15:00", "You have no hours a week. Ask the operator."),
    ],
)
def test_every_refusal_says_why_and_what_happens_next(account: Account, now: str, words: str) -> None:
    verdict = judge(account, WEEKEND, at(now))
    assert refusal(account, verdict, WEEKEND, at(now)) == words


def test_a_quota_that_is_used_up_says_when_there_is_time_again() -> None:
    now = at("2026-07-26 16:30")
    verdict = judge(ADA, WEEKEND, now, [Span(at("2026-07-26 14:00"), at("2026-07-26 16:00"))])
    words = "Your 2 hours for today are used up. You have time again tomorrow at 09:00."
    assert refusal(ADA, verdict, WEEKEND, now) == words
    hour = Account("ada", daily=HOUR)
    verdict = judge(hour, WEEKEND, now, [Span(at("2026-07-26 14:00"), at("2026-07-26 16:00"))])
    assert refusal(hour, verdict, WEEKEND, now).startswith("Your 1 hour for today is used up.")


def test_the_week_that_is_used_up_says_so() -> None:
    now = at("2026-07-26 16:30")
    verdict = judge(ADA, WEEKEND, now, [Span(at("2026-07-20 09:00"), at("2026-07-20 14:00"))])
    words = "Your 5 hours for this week are used up. You have time again tomorrow at 09:00."
    assert refusal(ADA, verdict, WEEKEND, now) == words


def test_closed_and_used_up_says_both() -> None:
    now = at("2026-07-26 10:00")
    verdict = judge(ADA, WEEKEND, now, [Span(at("2026-07-26 00:00"), at("2026-07-26 02:00"))])
    words = "Closed now; opens today at 14:00. You have time again tomorrow at 09:00."
    assert refusal(ADA, verdict, WEEKEND, now) == words


def test_no_opening_at_all() -> None:
    verdict = judge(ADA, Calendar(BERLIN), at("2026-07-26 10:00"))
    words = refusal(ADA, verdict, Calendar(BERLIN), at("2026-07-26 10:00"))
    assert words == "Closed now; no opening is planned."


def test_a_granted_verdict_has_no_refusal() -> None:
    verdict = judge(Account("ada", restricted=False), WEEKEND, at("2026-07-26 10:00"))
    with pytest.raises(ValueError, match="nothing refuses"):
        refusal(ADA, verdict, WEEKEND, 0)


def test_far_days_are_dates() -> None:
    assert when_words(at("2026-08-02 09:30"), WEEKEND, at("2026-07-26 10:00")) == "on 2026-08-02 at 09:30"


def test_waits_are_told_in_whole_seconds() -> None:
    assert wait_words(7.2) == "Wait 8 s after wrong passwords."
    assert wait_words(60) == "Wait 1 minute after wrong passwords."


def test_every_end_has_words() -> None:
    assert all(end_words(reason).endswith(".") for reason in End)
    assert "operator" in end_words(End.KICKED)

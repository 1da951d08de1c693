"""The budget against examples, against the rule taken literally cell by cell, and against itself."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncluster.core.people.budget import HORIZON, Account, Grant, Limit, Span, judge
from asyncluster.core.people.calendar import Calendar, Opening, monday

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600
SUNDAY = Calendar(BERLIN, (Opening(6, 9 * HOUR, 18 * HOUR),))
ADA = Account("ada", daily=2 * HOUR, weekly=5 * HOUR)


def at(text: str, zone: ZoneInfo = BERLIN) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


def used(*texts: str) -> list[Span]:
    """Spans like "2006-07-23 09:00/10:00", or with a date on both sides."""
    spans = []
    for text in texts:
        start, end = text.split("/")
        spans.append(Span(at(start), at(end if " " in end else f"{start[:10]} {end}")))
    return spans


# --- Examples -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "left", "limit"),
    [
        ("2006-07-23 10:00", 2 * HOUR, Limit.DAILY),
        ("2006-07-23 16:59:59", HOUR + 1, Limit.OPENING),
        ("2006-07-23 17:59:59", 1, Limit.OPENING),
        ("2006-07-23 18:00", 0, Limit.OPENING),
        ("2006-07-23 08:59:59", 0, Limit.OPENING),
        ("2006-07-23 09:00", 2 * HOUR, Limit.DAILY),
        ("2006-07-22 10:00", 0, Limit.OPENING),
    ],
)
def test_the_least_of_opening_and_quota_counts(now: str, left: int, limit: Limit) -> None:
    verdict = judge(ADA, SUNDAY, at(now))
    assert (verdict.left, verdict.limit, verdict.granted) == (left, limit, left > 0)


def test_use_is_counted_by_day_and_by_week_from_monday() -> None:
    history = used("2006-07-16 10:00/18:00", "2006-07-17 10:00/11:30", "2006-07-23 09:00/09:20")
    verdict = judge(ADA, SUNDAY, at("2006-07-23 10:00"), history)
    assert (verdict.used_today, verdict.used_week) == (20 * 60, 110 * 60)
    assert (verdict.left_today, verdict.left_week) == (100 * 60, 190 * 60)
    assert (verdict.left, verdict.limit) == (100 * 60, Limit.DAILY)


def test_the_weekly_quota_ends_a_session_too() -> None:
    history = used("2006-07-18 10:00/14:00")
    verdict = judge(ADA, SUNDAY, at("2006-07-23 10:00"), history)
    assert (verdict.left, verdict.limit) == (HOUR, Limit.WEEKLY)
    spent = judge(ADA, SUNDAY, at("2006-07-23 11:00"), [*history, *used("2006-07-23 10:00/11:00")])
    assert (spent.left, spent.limit, spent.opens) == (0, Limit.WEEKLY, None)
    assert spent.next == at("2006-07-30 09:00")


def test_a_missing_quota_is_no_limit_and_no_opening_is_closed() -> None:
    free = Account("ada")
    verdict = judge(free, SUNDAY, at("2006-07-23 10:00"))
    assert (verdict.left, verdict.left_today, verdict.left_week) == (8 * HOUR, None, None)
    closed = judge(free, Calendar(BERLIN), at("2006-07-23 10:00"))
    assert (closed.left, closed.limit, closed.opens, closed.next) == (0, Limit.OPENING, None, None)


def test_unrestricted_means_no_limit_at_any_time_and_is_counted_all_the_same() -> None:
    free = replace(ADA, restricted=False)
    verdict = judge(free, Calendar(BERLIN), at("2006-07-23 03:00"), used("2006-07-23 00:00/03:00"))
    assert (verdict.granted, verdict.left, verdict.until, verdict.limit) == (True, None, None, None)
    assert verdict.used_today == 3 * HOUR
    assert verdict.left_today is None


@pytest.mark.parametrize(("restricted", "left"), [(True, 2 * HOUR), (False, None)])
def test_a_disabled_account_may_not_log_in_but_its_hours_are_told(restricted: bool, left: int | None) -> None:
    off = replace(ADA, enabled=False, restricted=restricted)
    verdict = judge(off, SUNDAY, at("2006-07-23 10:00"))
    assert (verdict.granted, verdict.left, verdict.limit) == (False, left, Limit.DISABLED)


def test_a_day_with_an_exception_has_only_the_exceptions_openings() -> None:
    closed = replace(SUNDAY, exceptions={date(2006, 7, 23): ()})
    assert judge(ADA, closed, at("2006-07-23 10:00")).next == at("2006-07-30 09:00")
    late = replace(SUNDAY, exceptions={date(2006, 7, 23): ((20 * HOUR, 21 * HOUR),)})
    assert judge(ADA, late, at("2006-07-23 10:00")).opens == at("2006-07-23 20:00")
    assert judge(ADA, late, at("2006-07-23 20:15")).left == 45 * 60


# --- Midnight, weeks, clocks ---------------------------------------------------------------------------

ALWAYS = Calendar(BERLIN, tuple(Opening(day, 0, 24 * HOUR) for day in range(7)))


def test_use_across_midnight_counts_on_both_days() -> None:
    night = used("2006-07-22 23:00/2006-07-23 01:00")
    after = judge(ADA, ALWAYS, at("2006-07-23 02:00"), night)
    assert (after.used_today, after.used_week) == (HOUR, 2 * HOUR)


def test_a_session_goes_on_over_midnight_into_the_next_days_quota() -> None:
    verdict = judge(ADA, ALWAYS, at("2006-07-22 23:00"))
    assert verdict.until == at("2006-07-23 02:00")


def test_a_new_week_has_its_own_quota() -> None:
    history = used("2006-07-19 10:00/14:00")
    verdict = judge(Account("ada", weekly=5 * HOUR), ALWAYS, at("2006-07-23 23:30"), history)
    assert (verdict.until, verdict.limit) == (at("2006-07-24 05:00"), Limit.WEEKLY)


def test_no_limit_in_sight_is_none() -> None:
    verdict = judge(Account("ada"), ALWAYS, at("2006-07-23 23:30"))
    assert (verdict.granted, verdict.until, verdict.left, verdict.limit) == (True, None, None, None)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2024-02-29", 24)])
def test_a_day_has_as_many_hours_as_it_has(day: str, hours: int) -> None:
    start = at(f"{day} 00:00")
    whole = [Span(start, start + 30 * HOUR)]
    assert judge(ADA, ALWAYS, start, whole).used_today == hours * HOUR


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 5), ("2026-10-25", 7), ("2026-11-01", 6)])
def test_an_opening_over_the_change_of_clocks_is_as_long_as_the_wall_says(day: str, hours: int) -> None:
    night = Calendar(BERLIN, (Opening(6, 0, 6 * HOUR),))
    verdict = judge(Account("ada"), night, at(f"{day} 00:00"))
    assert verdict.left == hours * HOUR
    quota = judge(Account("ada", daily=4 * HOUR), night, at(f"{day} 00:00"))
    assert quota.left == 4 * HOUR


# --- Grants --------------------------------------------------------------------------------------------


def test_a_grant_adds_to_a_quota_that_is_used_up() -> None:
    history = used("2006-07-23 09:00/11:00")
    verdict = judge(ADA, SUNDAY, at("2006-07-23 11:05"), history, [Grant(at("2006-07-23 11:01"), 900)])
    assert (verdict.left, verdict.granted_today, verdict.grant_left) == (900, 900, 900)


def test_a_grant_before_the_quota_is_used_up_makes_the_session_longer() -> None:
    verdict = judge(ADA, SUNDAY, at("2006-07-23 10:00"), [], [Grant(at("2006-07-23 09:00"), 900)])
    assert verdict.left == 2 * HOUR + 900


def test_a_grant_lets_people_stay_past_closing() -> None:
    verdict = judge(ADA, SUNDAY, at("2006-07-23 17:30"), [], [Grant(at("2006-07-23 17:00"), 900)])
    assert verdict.until == at("2006-07-23 18:15")
    used_up = used("2006-07-23 17:30/18:15")
    after = judge(ADA, SUNDAY, at("2006-07-23 18:15"), used_up, [Grant(at("2006-07-23 17:00"), 900)])
    assert (after.left, after.grant_left, after.left_today) == (0, 0, 2 * HOUR - 1800)


def test_a_grant_is_gone_at_midnight() -> None:
    grants = [Grant(at("2006-07-22 23:50"), HOUR)]
    verdict = judge(ADA, SUNDAY, at("2006-07-22 23:55"), [], grants)
    assert verdict.until == at("2006-07-23 00:00")
    assert judge(ADA, SUNDAY, at("2006-07-23 00:00"), [], grants).left == 0


def test_a_grant_that_is_yet_to_come_does_not_count() -> None:
    grants = [Grant(at("2006-07-23 20:00"), HOUR)]
    assert judge(ADA, SUNDAY, at("2006-07-23 19:59:59"), [], grants).left == 0
    assert judge(ADA, SUNDAY, at("2006-07-23 20:00"), [], grants).left == HOUR


def test_an_overrun_never_eats_a_later_grant() -> None:
    """The quota was lowered after it was used: the grant is still worth what it says."""
    history = used("2006-07-23 09:00/13:00")
    verdict = judge(ADA, SUNDAY, at("2006-07-23 13:01"), history, [Grant(at("2006-07-23 13:01"), 600)])
    assert verdict.left == 600
    assert verdict.used_today == 4 * HOUR


def test_granted_time_does_not_use_up_the_weekly_quota() -> None:
    history = used("2006-07-17 09:00/10:00")  # closed on Mondays: all of it was granted
    grants = [Grant(at("2006-07-17 08:00"), HOUR)]
    verdict = judge(ADA, SUNDAY, at("2006-07-23 10:00"), history, grants)
    assert (verdict.used_week, verdict.left_week) == (HOUR, 5 * HOUR)


def test_promised_time_is_spent() -> None:
    """A session on a node out of contact may run until 11:30: another gets what is left besides."""
    promised = used("2006-07-23 10:00/11:30")
    verdict = judge(ADA, SUNDAY, at("2006-07-23 10:10"), promised)
    assert verdict.left == 30 * 60


# --- Properties ----------------------------------------------------------------------------------------

CELL = 1800  # all offsets of the zones below are multiples of this
ZONES = [ZoneInfo(name) for name in ("Europe/Berlin", "Australia/Lord_Howe", "America/New_York", "UTC")]
# The weeks around changes of clocks, a leap day, a new year, and plain ones.
WEEKS = ["2026-03-23", "2026-10-19", "2026-10-26", "2024-02-26", "2026-12-28", "2026-06-01", "2026-03-30"]


def cells(most: int) -> st.SearchStrategy[int]:
    return st.integers(0, most * HOUR // CELL).map(lambda n: n * CELL)


@st.composite
def situations(draw: Callable[..., object], grid: bool) -> tuple[Account, Calendar, int, list[Span], list[Grant]]:
    zone = draw(st.sampled_from(ZONES))
    step = CELL if grid else 1
    first = int(datetime.fromisoformat(draw(st.sampled_from(WEEKS))).replace(tzinfo=zone).timestamp())
    instants = st.integers(0, 9 * 24 * HOUR // step).map(lambda n: first + n * step)
    walls = st.tuples(cells(24), cells(24)).filter(lambda span: span[0] < span[1])
    openings = draw(st.lists(st.tuples(st.integers(0, 6), walls), max_size=10))
    spread = draw(st.booleans())
    every_day = draw(st.lists(walls, max_size=2)) if spread else []
    calendar = Calendar(
        zone,
        tuple(Opening(day, *span) for day, span in openings)
        + tuple(Opening(day, *span) for span in every_day for day in range(7)),
        draw(
            st.dictionaries(
                st.integers(0, 9).map(lambda n: date.fromtimestamp(first + 43200) + timedelta(days=n)),
                st.lists(walls, max_size=2).map(tuple),
                max_size=2,
            )
        ),
    )
    quota = st.none() | (cells(6) if grid else st.integers(0, 6 * HOUR))
    account = Account("ada", daily=draw(quota), weekly=draw(quota))
    now = draw(instants)
    edges = sorted(set(draw(st.lists(instants.filter(lambda t: t <= now), max_size=8))))
    spans = [Span(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    grants = draw(st.lists(st.builds(Grant, instants, cells(2).filter(bool)), max_size=3))
    return account, calendar, now, spans, grants


def literally(
    account: Account, calendar: Calendar, now: int, history: list[Span], grants: list[Grant]
) -> tuple[int | None, int, int]:
    """The rule of the module's docstring, cell by cell, with the wall clock read in every cell."""
    day_used: dict[date, int] = defaultdict(int)
    week_used: dict[date, int] = defaultdict(int)
    total_day: dict[date, int] = defaultdict(int)
    extra_used: dict[date, int] = defaultdict(int)

    def wall(instant: int) -> datetime:
        return datetime.fromtimestamp(instant, calendar.zone)

    @cache
    def open_cells(day: date) -> frozenset[int]:
        """A cell is open if the wall has shown the start (or later) by then, and will yet show less than the end."""
        noon = int(datetime(day.year, day.month, day.day, 12, tzinfo=calendar.zone).timestamp())
        shown = {
            cell: wall(cell).hour * HOUR + wall(cell).minute * 60
            for cell in range(noon - 14 * HOUR, noon + 14 * HOUR, CELL)
            if wall(cell).date() == day
        }
        weekly = tuple((o.start, o.end) for o in calendar.openings if o.weekday == day.weekday())
        return frozenset(
            cell
            for start, end in calendar.exceptions.get(day, weekly)
            for cell in shown
            if any(second >= start for other, second in shown.items() if other <= cell)
            and any(second < end for other, second in shown.items() if other >= cell)
        )

    def use(instant: int, *, stop: bool) -> bool:
        day = wall(instant).date()
        week = monday(day)
        regular = (
            instant in open_cells(day)
            and (account.daily is None or day_used[day] + CELL <= account.daily)
            and (account.weekly is None or week_used[week] + CELL <= account.weekly)
        )
        given = sum(g.seconds for g in grants if wall(g.at).date() == day and g.at <= min(instant, now))
        extra = not regular and extra_used[day] + CELL <= given
        if stop and not (regular or extra):
            return False
        total_day[day] += CELL
        if extra:
            extra_used[day] += CELL
        else:
            day_used[day] += CELL
            week_used[week] += CELL
        return True

    week_begins = int(datetime.combine(monday(wall(now).date()), datetime.min.time(), calendar.zone).timestamp())
    for span in history:
        for instant in range(max(span.start, week_begins), span.end, CELL):
            use(instant, stop=False)
    today = total_day[wall(now).date()]
    this_week = sum(total_day.values())
    for instant in range(now, now + HORIZON, CELL):
        if not use(instant, stop=True):
            return instant, today, this_week
    return None, today, this_week


@given(situations(grid=True))
@settings(max_examples=100)
def test_the_verdict_is_the_rule_taken_literally(situation) -> None:  # type: ignore[no-untyped-def]
    account, calendar, now, history, grants = situation
    verdict = judge(account, calendar, now, history, grants)
    assert (verdict.until, verdict.used_today, verdict.used_week) == literally(*situation)


@given(situations(grid=False), st.data())
@settings(max_examples=100)
def test_using_time_neither_moves_the_end_nor_leaves_anything(situation, data) -> None:  # type: ignore[no-untyped-def]
    """Nobody gains or loses by being judged again, and at the end nothing is left: exact to the second."""
    account, calendar, now, history, grants = situation
    first = judge(account, calendar, now, history, grants)
    if first.until is None or not first.granted:
        return
    # A grant that comes while the person sits would rightly move the end.
    grants = [grant for grant in grants if grant.at <= now]
    middle = data.draw(st.integers(now, first.until))
    again = judge(account, calendar, middle, [*history, Span(now, middle)], grants)
    at_end = judge(account, calendar, first.until, [*history, Span(now, first.until)], grants)
    if middle < first.until:
        assert (again.until, again.limit) == (first.until, first.limit)
    assert at_end.left == 0


@given(situations(grid=False), st.data())
@settings(max_examples=100)
def test_the_next_possible_time_is_possible_and_none_comes_before(situation, data) -> None:  # type: ignore[no-untyped-def]
    account, calendar, now, history, grants = situation
    verdict = judge(account, calendar, now, history, grants)
    known = [grant for grant in grants if grant.at <= now]
    if verdict.next is None:
        return
    assert not verdict.granted
    assert judge(account, calendar, verdict.next, history, known).granted
    assert judge(account, calendar, verdict.next - 1, history, known).left == 0
    between = data.draw(st.integers(now, verdict.next - 1))
    assert judge(account, calendar, between, history, known).left == 0


@given(situations(grid=False))
@settings(max_examples=100)
def test_whoever_obeys_gets_at_most_the_quotas_and_the_grants(situation) -> None:  # type: ignore[no-untyped-def]
    """Sit down whenever it is granted, for as long as it is granted, for a week."""
    account, calendar, now, _, grants = situation
    now = calendar.week_start(now)
    end = calendar.day_start(calendar.day_of(now) + timedelta(days=7))  # a week need not have 168 hours
    grants = [grant for grant in grants if now <= grant.at < end]
    history: list[Span] = []
    moments = sorted({grant.at for grant in grants} | {now})
    while moments:
        moment = moments.pop(0)
        if moment >= end:
            break
        if history and moment < history[-1].end:
            continue
        verdict = judge(account, calendar, moment, history, grants)
        if verdict.granted:
            until = min(end, verdict.until or end, *(g.at for g in grants if g.at > moment), end)
            history.append(Span(moment, until))
            moments = sorted({*moments, until})
        elif verdict.next is not None:
            assert verdict.next > moment
            moments = sorted({*moments, verdict.next})
    last_day = calendar.day_of(now) + timedelta(days=7)
    per_day: dict[date, int] = defaultdict(int)
    inside = 0
    for span in history:
        for second_start in _days(calendar, span):
            per_day[second_start[0]] += second_start[1]
        inside += _open_seconds(calendar, span)
    given_by_day: dict[date, int] = defaultdict(int)
    for grant in grants:
        given_by_day[calendar.day_of(grant.at)] += grant.seconds
    total, given_total = sum(per_day.values()), sum(given_by_day.values())
    for day, seconds in per_day.items():
        if account.daily is not None and day < last_day:
            assert seconds <= account.daily + given_by_day[day]
    if account.weekly is not None:
        assert total <= account.weekly + given_total
    assert total <= inside + given_total


def _days(calendar: Calendar, span: Span) -> list[tuple[date, int]]:
    parts, start = [], span.start
    while start < span.end:
        day = calendar.day_of(start)
        end = min(span.end, calendar.day_start(day + timedelta(days=1)))
        parts.append((day, end - start))
        start = end
    return parts


def _open_seconds(calendar: Calendar, span: Span) -> int:
    return sum(
        max(0, min(span.end, end) - max(span.start, start))
        for number in range(-1, 9)
        for start, end in calendar.open_spans(calendar.day_of(span.start) + timedelta(days=number))
    )


def test_a_busy_week_is_judged_quickly() -> None:
    week = at("2026-06-01 00:00")
    history = [Span(week + n * 1200, week + n * 1200 + 600) for n in range(400)]
    started = time.process_time()
    judge(Account("ada", weekly=100 * HOUR), ALWAYS, at("2026-06-06 22:00"), history)
    assert time.process_time() - started < 0.25

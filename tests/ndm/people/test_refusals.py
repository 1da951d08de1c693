"""Every way of being refused, at a real greeter with real keys: its own words on the screen, and nobody's session."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from support.likeness import Likeness, likeness, says
from support.unix_people import named, processes_of
from support.waiting import wait_for
from support.workplace import LOGIN_PASSWORD, Site

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def like() -> Iterator[Likeness]:
    with likeness() as made:
        yield made


@pytest.fixture
def refused(site: Site, like: Likeness) -> Iterator[Callable[..., None]]:
    """Somebody tries to log in and must read these words, in a greeter that goes on."""
    screen = site.screens[0]
    asked = 0

    def attempt(name: str, password: str, reason: str, advice: str = "", wait: float = 0.0) -> None:
        nonlocal asked
        expected = like.refusing(reason, advice, wait)
        if not screen.program("asyncluster.ndm.greeter"):
            screen.wait_for_greeter()
        greeter = asked = screen.program("asyncluster.ndm.greeter")
        screen.type(name, password)
        wait_for(lambda: says(screen, expected, counting=wait > 0), f"{reason} {advice}".strip())
        assert screen.program("asyncluster.ndm.greeter") == greeter
        assert not [pid for pid in screen.group("inside") if pid != greeter]

    screen.wait_for_greeter()
    yield attempt
    if screen.program("asyncluster.ndm.greeter") == asked:
        screen.x("xdotool", "key", "shift+Tab", "ctrl+a", "BackSpace")  # no name stays in it


def nothing_opened(site: Site, account: object) -> None:
    assert processes_of(account.pw_uid) == []
    assert site.sheet(account.pw_name) == []


def test_a_wrong_password_or_name(site, person, refused):
    account = person("acanna")
    refused(account.pw_name, "wrong", "User ID or password is wrong.")
    nothing_opened(site, account)


def test_a_name_that_the_master_does_not_know(site, unix_person, refused):
    stranger = unix_person("acmartha")
    refused(stranger.pw_name, LOGIN_PASSWORD, "User ID or password is wrong.")
    nothing_opened(site, stranger)


def test_a_disabled_account(site, person, refused):
    account = person("acbert", enabled=False)
    refused(account.pw_name, LOGIN_PASSWORD, "This account is disabled.", "Ask the operator.")
    nothing_opened(site, account)


@pytest.fixture
def closed_today(site: Site) -> Iterator[None]:
    """The room is closed until tomorrow; the day after is closed, too, if a test runs into midnight."""
    days = [(date.today() + timedelta(days)).isoformat() for days in (0, -1)]
    for day in days:
        site.ask("opening except", date=day, spans=[])
    yield
    for day in days:
        site.ask("opening except", date=day, spans=None)


def test_outside_the_openings(site, person, closed_today, refused):
    account = person("accora")
    refused(account.pw_name, LOGIN_PASSWORD, "Closed now; opens tomorrow at 00:00.")
    nothing_opened(site, account)


def test_no_hours_at_all(site, person, refused):
    account = person("acdieter", weekly_hours=0.0)
    refused(account.pw_name, LOGIN_PASSWORD, "You have no hours a week.", "Ask the operator.")
    nothing_opened(site, account)


def test_a_day_that_is_used_up(site, sit_down, refused):
    account = sit_down("acelsa", daily_hours=2 / 3600)
    wait_for(lambda: not processes_of(account.pw_uid), "the end of the day")
    site.screens[0].wait_for_greeter()
    advice = "You have time again tomorrow at 00:00."
    refused(account.pw_name, LOGIN_PASSWORD, "Your 2 s for today are used up.", advice)
    assert processes_of(account.pw_uid) == []
    assert [row["ended_by"] for row in site.sheet(account.pw_name)] == ["time"]


def test_guessing_makes_one_wait_and_counts_the_seconds(site, person, refused, like):
    account = person("acfrida")
    screen = site.screens[0]
    site.guessed(account.pw_name, 6)
    refused(account.pw_name, "wrong", "User ID or password is wrong.", wait=8.0)
    wait_for(lambda: says(screen, like.resting()), "the end of the wait")
    screen.x("xdotool", "type", LOGIN_PASSWORD)
    screen.x("xdotool", "key", "Return")
    wait_for(lambda: named("openbox", account.pw_uid), "the session of who waited")
    site.ask("user kick", name=account.pw_name)
    wait_for(lambda: not processes_of(account.pw_uid), "its end")
    screen.wait_for_greeter()


def test_no_account_on_this_computer(site, refused):
    name = f"acnobody-{os.getpid()}"
    site.ask("user add", name=name, password=LOGIN_PASSWORD)
    refused(name, LOGIN_PASSWORD, f"This computer has no account for '{name}'.", "Ask the operator.")
    assert site.sheet(name) == []
    site.ask("user delete", name=name)


def test_root_is_nobody_who_sits_down(site, refused):
    site.ask("user add", name="root", password=LOGIN_PASSWORD, restricted=False)
    refused("root", LOGIN_PASSWORD, "root is an account of the system; nobody can log in with it here.")
    assert site.sheet("root") == []
    site.ask("user delete", name="root")


def test_the_master_away_and_back(site, person, like):
    account = person("acgreta")
    screen = site.screens[0]
    away, resting = like.waiting_for_the_master(), like.resting()
    screen.restart_greeter()  # an earlier refusal is still on its screen
    screen.wait_for_greeter()
    site.kill("master", signal.SIGKILL)
    wait_for(lambda: says(screen, away), "the greeter to say that the master is away")
    screen.type(account.pw_name, LOGIN_PASSWORD)
    assert says(screen, away)
    site.start("master")
    wait_for(lambda: says(screen, resting), "the greeter to say that it is back", 60)
    assert processes_of(account.pw_uid) == []
    screen.x("xdotool", "key", "Return")
    wait_for(lambda: named("openbox", account.pw_uid), "the session")

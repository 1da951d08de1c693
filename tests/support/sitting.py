"""One site for the tests of a module, and people who sit down at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.unix_people import named, processes_of
from support.waiting import wait_for
from support.workplace import LOGIN_PASSWORD, Site
from support.workplace import site as a_site


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with a_site() as made:
        yield made


@pytest.fixture
def person(site: Site, unix_person: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """An account here and one at the master; whoever still sits here afterwards is made to leave."""
    made: list[Any] = []

    def make(name: str, **limits: Any) -> Any:
        account = unix_person(name)
        site.ask("user add", name=account.pw_name, password=LOGIN_PASSWORD, **limits)
        made.append(account)
        return account

    yield make
    for account in made:
        site.ask("user delete", name=account.pw_name)
        wait_for(lambda uid=account.pw_uid: not processes_of(uid), "the end of a session", 30)


@pytest.fixture
def sit_down(site: Site, person: Callable[..., Any]) -> Callable[..., Any]:
    """Somebody logs in at the keyboard; returns their account when their window manager is up."""

    def log_in(name: str, screen: int = 0, **limits: Any) -> Any:
        account = person(name, **limits)
        site.screens[screen].wait_for_greeter()
        site.screens[screen].type(account.pw_name, LOGIN_PASSWORD)
        wait_for(lambda: named("openbox", account.pw_uid), f"{name}'s window manager\n{site.log('node')}")
        return account

    return log_in


@pytest.fixture
def the_end(site: Site) -> Callable[[Any], dict[str, Any]]:
    """The one session of somebody, as the master has booked its end."""

    def booked(account: Any) -> dict[str, Any]:
        wait_for(lambda: site.sheet(account.pw_name)[-1]["to"], "the booking")
        (row,) = site.sheet(account.pw_name)
        return row

    return booked

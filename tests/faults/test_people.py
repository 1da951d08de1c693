"""F2, F3, F4, F7 and F10 while somebody sits at a node: the session is kept or ended, and booked, whatever dies.

Everything is real: the keys that are typed, the master, the steward, the X server, the window manager.
"""

from __future__ import annotations

import os
import pwd
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from support.arena import signalled, stopped
from support.faultproxy import DOWN, UP, FaultProxy
from support.strikes import Strikes, faults
from support.unix_people import named, processes_of, status_of
from support.waiting import time_until, wait_for
from support.workplace import GRACE, LOGIN_PASSWORD, Screen, Site

import asyncluster as ac
from asyncluster.core.failpoints import VARIABLE

pytestmark = pytest.mark.root

LOST_SECONDS = 30.0  # of a session's record, at most
HEALED_SECONDS = 60.0
QUOTA = 6  # seconds that somebody may sit here until the cable is pulled for good
LOGIN_POINTS = ("attempt-counted", "login-cleared", "login-inserted", "transaction-before-commit")


class Sitter:
    """Somebody who sits down again and again.

    Attributes:
        began: when the session began that goes on, by the monotonic clock.
    """

    def __init__(self, site: Site, account: pwd.struct_passwd) -> None:
        self.site = site
        self.name = account.pw_name
        self.uid = account.pw_uid
        self.began = 0.0
        self.booked = len(self.sheet())  # of former ones of this name

    def sit_down(self, screen: Screen) -> None:
        """Types name and password; returns when the window manager is up."""
        screen.wait_for_greeter()
        screen.type(self.name, LOGIN_PASSWORD)
        wait_for(self.is_here, f"the session\n{self.site.log('node')}")
        self.began = time.monotonic()

    def is_here(self) -> int:
        """The window manager's process."""
        return named("openbox", self.uid)

    def leave(self) -> None:
        """Ends the window manager, as its menu would."""
        signalled(self.is_here(), signal.SIGTERM)

    def is_gone(self, seconds: float = GRACE + 5) -> None:
        """Nothing of the session may be left."""
        try:
            wait_for(lambda: not processes_of(self.uid), "the end of all processes", seconds)
        except TimeoutError as error:
            raise AssertionError(f"{error}: {processes_of(self.uid)}\n{self.site.log('node')}") from None
        self.lasted = time.monotonic() - self.began

    def check_books(self, ends: tuple[str, ...], sessions: int = 1) -> dict[str, Any]:
        """So many more sessions are booked, one after the other, the last of them as long as it was."""
        wait_for(self._is_booked, "the booking", HEALED_SECONDS)
        rows = self.sheet()
        assert len(rows) == self.booked + sessions
        self.booked = len(rows)
        assert all(earlier["to"] <= later["from"] for earlier, later in pairwise(rows))
        assert abs(rows[-1]["hours"] * 3600 - self.lasted) <= LOST_SECONDS
        assert rows[-1]["ended_by"] in ends
        return rows[-1]

    def sheet(self) -> list[dict[str, Any]]:
        return self.site.sheet(self.name)

    def _is_booked(self) -> bool:
        try:
            return all(row["to"] for row in self.sheet())
        except ac.AsynClusterError:  # the master is just being started
            return False


@pytest.fixture
def sitter(site: Site, person: Callable[..., Any]) -> Sitter:
    return Sitter(site, person("acfault"))


def has_node(site: Site) -> bool:
    """Whether there is a master that has its node."""
    try:
        return len(site.ask("node list")) == 1
    except ac.AsynClusterError:
        return False


def reaches(site: Site, name: str) -> bool:
    """Whether the operator's words come to somebody's session."""
    try:
        site.ask("user message", name=name, text="Hello")
    except ac.AsynClusterError:
        return False
    return True


def well(site: Site, sitter: Sitter) -> float:
    """Waits until master and node have each other, and the session; returns the seconds."""
    return time_until(lambda: reaches(site, sitter.name), "the node to answer for the session", HEALED_SECONDS)


@faults("F4", "kill -9 of window manager, X server, session keeper or greeter", push=2, nightly=12)
def test_a_part_of_the_session_dies(site: Site, sitter: Sitter, strikes: Strikes) -> None:
    for strike in strikes:
        screen = strike.random.choice(site.screens)
        if strike.random.random() < 0.25:
            screen.wait_for_greeter()
            screen.restart_greeter()
        sitter.sit_down(screen)
        x_server = screen.group("x")[0]
        victims = [sitter.is_here(), x_server, int(status_of(x_server)["PPid"])]
        os.kill(strike.random.choice(victims), signal.SIGKILL)
        sitter.is_gone()
        strikes.healed(screen.wait_for_greeter())
        sitter.check_books(("crashed", "logout"))


@faults("F2", "kill -9 of node daemon or steward with a person's session", push=1, nightly=6)
def test_the_node_dies_under_a_session(site: Site, sitter: Sitter, strikes: Strikes) -> None:
    for strike in strikes:
        sitter.sit_down(strike.random.choice(site.screens))
        session = sitter.is_here()
        if strike.random.random() < 0.5:
            former = site.node_daemon()
            os.kill(former, signal.SIGKILL)
            wait_for(lambda former=former: site.node_daemon() not in (0, former), "another node daemon")
        else:
            site.kill("node")
            site.start("node")
        strikes.healed(well(site, sitter))
        assert sitter.is_here() == session
        sitter.leave()
        sitter.is_gone()
        sitter.check_books(("logout",))


@faults("F3", "kill -9 of the master with a person's session", push=1, nightly=6)
def test_the_master_dies_under_a_session(site: Site, sitter: Sitter, strikes: Strikes) -> None:
    for strike in strikes:
        sitter.sit_down(strike.random.choice(site.screens))
        session = sitter.is_here()
        site.kill("master")
        away = strike.random.random() < 0.5
        if away:  # the node remembers for the master
            sitter.leave()
            sitter.is_gone()
        site.start("master")
        if not away:
            strikes.healed(well(site, sitter))
            assert sitter.is_here() == session
            sitter.leave()
            sitter.is_gone()
        sitter.check_books(("logout",))


@faults("F3", "the master dies between two writes of a login", push=1, nightly=4)
def test_the_master_dies_in_a_login(
    site: Site, sitter: Sitter, strikes: Strikes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for strike in strikes:
        screen = strike.random.choice(site.screens)
        screen.wait_for_greeter()
        site.kill("master", signal.SIGTERM)
        monkeypatch.setenv(VARIABLE, f"{strike.random.choice(LOGIN_POINTS)}:1:kill")
        site.start("master")
        monkeypatch.delenv(VARIABLE)
        # It may not listen yet, or die before anybody has typed anything.
        while not dies_within(site.processes["master"], 4.0):
            screen.wait_for_greeter()
            screen.restart_greeter()
            screen.wait_for_greeter()
            screen.type(sitter.name, LOGIN_PASSWORD)
        site.kill("master")
        site.start("master")
        strikes.healed(time_until(partial(has_node, site), "the node", HEALED_SECONDS))
        if not sitter.is_here():
            screen.restart_greeter()
            sitter.sit_down(screen)
        sitter.began = time.monotonic()
        well(site, sitter)
        sitter.leave()
        sitter.is_gone()
        booked = len(sitter.sheet()) - sitter.booked
        assert booked in (1, 2)  # a session whose grant was never heard is booked as such
        sitter.check_books(("logout",), booked)


def dies_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def frozen(site: Site, screen: Screen, chance: random.Random) -> int:
    """A process that is going to be stopped."""
    x_server = screen.group("x")[0]
    keeper = int(status_of(x_server)["PPid"])
    master = site.processes["master"].pid
    return chance.choice([x_server, keeper, site.node_daemon(), site.processes["node"].pid, master])


@faults("F7", "SIGSTOP of X server, keeper, node daemon, steward or master with a session", push=1, nightly=6)
def test_somebody_is_stopped_under_a_session(site: Site, sitter: Sitter, strikes: Strikes) -> None:
    for strike in strikes:
        screen = strike.random.choice(site.screens)
        sitter.sit_down(screen)
        session = sitter.is_here()
        with stopped([frozen(site, screen, strike.random)]):
            threading.Event().wait(strike.random.uniform(0.5, 4.0))
        strikes.healed(well(site, sitter))
        assert sitter.is_here() == session
        site.ask("user kick", name=sitter.name)
        sitter.is_gone()
        sitter.check_books(("kicked",))


@pytest.fixture
def cable(site: Site) -> Iterator[FaultProxy]:
    """What is between the master and the node of the site."""
    text = site.configuration.read_text()
    port = next(line.rpartition(" ")[2] for line in text.splitlines() if line.startswith("tcp port"))
    proxy = FaultProxy(int(port))
    restart_node(site, text.replace(f"tcp port = {port}", f"tcp port = {proxy.port}"), text)
    yield proxy
    proxy.heal()
    restart_node(site, text, text)
    proxy.close()


def restart_node(site: Site, its_configuration: str, configuration: str) -> None:
    """Starts the node with a configuration of its own."""
    site.kill("node", signal.SIGTERM)
    site.configuration.write_text(its_configuration)
    site.start("node")
    wait_for(site.screens[0].greeter_is_usable, "the node", HEALED_SECONDS)
    site.configuration.write_text(configuration)


@faults("F10", "black hole while a person's time runs out", push=1, nightly=4)
def test_the_cable_is_pulled_while_the_time_runs_out(
    site: Site, person: Callable[..., Any], cable: FaultProxy, strikes: Strikes
) -> None:
    sitter = Sitter(site, person("acpulled"))
    for number, strike in enumerate(strikes, 1):
        site.ask("user quota", name=sitter.name, daily_hours=number * QUOTA / 3600)
        sitter.sit_down(strike.random.choice(site.screens))
        cable.silence(*strike.random.choice([(UP,), (DOWN,), (UP, DOWN)]))
        sitter.is_gone(QUOTA + GRACE + 2)
        threading.Event().wait(strike.random.uniform(0.0, 20.0) if strikes.plan.long else 0.0)
        cable.heal()
        strikes.healed(time_until(lambda: sitter.sheet()[-1]["to"], "the booking", HEALED_SECONDS))
        row = sitter.check_books(("time",))
        assert round(row["hours"] * 3600) == QUOTA

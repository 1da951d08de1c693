"""Every way in which a session ends, and every process that can be killed under it: nobody and nothing stays behind."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from support.insiders import BOMB, STUBBORN, run_inside
from support.unix_people import named, processes_of
from support.waiting import wait_for, within
from support.workplace import GRACE

from asyncluster.core.errors import AsynClusterError

pytestmark = pytest.mark.root

BACK = 2.0  # seconds after the end in which the greeter can be used


def everybody_is_gone(account, seconds: float) -> None:
    wait_for(lambda: not processes_of(account.pw_uid), "the end of all processes", seconds)


def end_by_logout(site, account) -> None:
    os.kill(named("openbox", account.pw_uid), signal.SIGTERM)


def end_by_time(site, account) -> None:
    site.ask("user quota", name=account.pw_name, daily_hours=0.0)


def kick(site, account) -> None:
    site.ask("user kick", name=account.pw_name)


def disable(site, account) -> None:
    site.ask("user disable", name=account.pw_name)


def kill_window_manager(site, account) -> None:
    os.kill(named("openbox", account.pw_uid), signal.SIGKILL)


def kill_x_server(site, account) -> None:
    os.kill(site.screens[0].group("x")[0], signal.SIGKILL)


def kill_keeper(site, account) -> None:
    os.kill(site.screens[0].keeper(), signal.SIGKILL)


ENDS = {
    end_by_logout: "logout", end_by_time: "time", kick: "kicked", disable: "disabled",
    kill_window_manager: "crashed", kill_x_server: "crashed", kill_keeper: "crashed",
}  # fmt: skip


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_everything_ends_and_the_greeter_is_back(site, sit_down, the_end, end):
    account = sit_down(f"ac{end.__name__.replace('_', '')[-8:]}")
    sat_down = time.monotonic()
    run_inside(site, account, STUBBORN)
    wait_for(lambda: named("python3", account.pw_uid), "the stubborn program")
    end(site, account)
    everybody_is_gone(account, GRACE + 1)
    site.screens[0].wait_for_greeter(BACK)
    row = the_end(account)
    assert row["ended_by"] == ENDS[end]
    assert row["hours"] * 3600 <= time.monotonic() - sat_down + within(5)
    wait_for(lambda: not Path(f"/run/user/{account.pw_uid}").exists(), "the end of the runtime directory")


@pytest.mark.faults
def test_a_fork_bomb_ends_with_its_session(site, sit_down, the_end):
    account = sit_down("acbomb")
    run_inside(site, account, BOMB)
    wait_for(lambda: len(processes_of(account.pw_uid)) > 200, "the bomb")
    kick(site, account)
    everybody_is_gone(account, GRACE + 1)
    site.screens[0].wait_for_greeter(BACK)
    assert the_end(account)["ended_by"] == "kicked"


def reaches(site, account) -> bool:
    """Does a new node daemon answer for the session?"""
    try:
        site.ask("user message", name=account.pw_name, text="Hello")
    except AsynClusterError:  # the node is not back yet
        return False
    return True


def test_a_killed_node_daemon_takes_the_session_up_again(site, sit_down, the_end):
    account = sit_down("acemil")
    leader, former = named("openbox", account.pw_uid), site.node_daemon()
    with site.another_node():
        os.kill(former, signal.SIGKILL)
    wait_for(lambda: reaches(site, account), "the node to answer for the session")
    assert named("openbox", account.pw_uid) == leader
    assert site.node_daemon() != former
    kick(site, account)
    everybody_is_gone(account, GRACE + 1)
    assert the_end(account)["ended_by"] == "kicked"


def test_a_new_steward_takes_the_session_over(site, sit_down, the_end):
    account = sit_down("acfritz")
    leader = named("openbox", account.pw_uid)
    with site.another_node():
        site.kill("node")
        site.start("node")
    wait_for(lambda: reaches(site, account), "the new node to answer for the session")
    assert named("openbox", account.pw_uid) == leader
    kick(site, account)
    everybody_is_gone(account, GRACE + 1)
    site.screens[0].wait_for_greeter(BACK)
    assert the_end(account)["ended_by"] == "kicked"


def test_without_a_steward_nothing_is_left(site, sit_down, the_end):
    account = sit_down("acgerd")
    run_inside(site, account, STUBBORN)
    site.kill("node")
    everybody_is_gone(account, GRACE + 1)
    site.start("node")
    site.screens[0].wait_for_greeter()
    assert the_end(account)["ended_by"] == "node stopped"


def test_a_steward_and_a_keeper_killed_at_once_leave_nothing(site, sit_down, the_end):
    account = sit_down("acheinz")
    run_inside(site, account, STUBBORN)
    keeper = site.screens[0].keeper()
    site.kill("node")
    os.kill(keeper, signal.SIGKILL)
    site.start("node")
    everybody_is_gone(account, GRACE + 1 + BACK)  # what escaped the kernel's hand waits for the new steward's
    site.screens[0].wait_for_greeter()
    assert the_end(account)["ended_by"] == "crashed"
    wait_for(lambda: not Path(f"/run/user/{account.pw_uid}").exists(), "the end of the runtime directory")


def test_the_node_stops_in_order(site, sit_down, the_end):
    account = sit_down("acmax")
    site.kill("node", signal.SIGTERM)
    assert processes_of(account.pw_uid) == []
    assert the_end(account)["ended_by"] == "node stopped"  # told while the node was still there to tell
    for screen in site.screens:
        assert [path.name for path in screen.directory.iterdir()] == ["lock"]
    site.start("node")

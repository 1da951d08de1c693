"""The network fails while somebody sits there: nobody wins a second by it, and nobody loses one."""

from __future__ import annotations

import os
import signal
import time

import pytest
from support.unix_people import named, processes_of
from support.waiting import wait_for, within
from support.workplace import GRACE

pytestmark = pytest.mark.root


def test_a_pulled_cable_ends_it_at_its_deadline(site, sit_down, the_end):
    """Hole 21: the master is gone, and the session ends all the same, not a second earlier or later."""
    account = sit_down("acida", daily_hours=6 / 3600)
    os.kill(site.processes["master"].pid, signal.SIGSTOP)
    try:
        wait_for(lambda: not processes_of(account.pw_uid), "the end of the session", 6 + GRACE + 1)
    finally:
        os.kill(site.processes["master"].pid, signal.SIGCONT)
    row = the_end(account)
    assert (row["ended_by"], round(row["hours"] * 3600)) == ("time", 6)
    site.screens[0].wait_for_greeter()


def test_cut_and_healed_nothing_is_lost_or_won(site, sit_down, the_end):
    """Hole 22: a switch that is restarted ended the session; here the same programs go on, and every second counts."""
    began = time.monotonic()
    account = sit_down("acjana", daily_hours=2.0)
    leader = named("openbox", account.pw_uid)
    promised = site.show(account.pw_name)
    with site.another_node():
        site.kill("master")
        cut = time.monotonic()
        wait_for(lambda: time.monotonic() - cut > 3, "a cut that somebody would notice")
        site.start("master")
    wait_for(lambda: site.sheet(account.pw_name)[-1]["node"] == "pc1", "the session to be known again")
    assert named("openbox", account.pw_uid) == leader
    left = site.show(account.pw_name)["left_hours"] * 3600
    assert 7200 - (time.monotonic() - began) - within(2) <= left < promised["left_hours"] * 3600
    os.kill(leader, signal.SIGTERM)
    wait_for(lambda: not processes_of(account.pw_uid), "the end of the session")
    lasted = time.monotonic() - began
    row = the_end(account)
    assert row["ended_by"] == "logout"
    assert 3 <= row["hours"] * 3600 <= lasted + within(2)
    assert len(site.sheet(account.pw_name)) == 1

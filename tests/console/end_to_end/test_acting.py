"""Mouse and keyboard in the console, and what comes of it in a person's session, at a node and in a worker."""

from __future__ import annotations

import re

import pytest
from support.processtable import lives
from support.unix_people import processes_of
from support.waiting import wait_for
from support.workplace import GRACE

import asyncluster as ac

pytestmark = pytest.mark.root


def time_bar_height(site) -> int:
    """Of the time bar's window in the person's session, by the X server's account; 0 as long as there is none."""
    tree = site.screens[0].x("xwininfo", "-root", "-tree").stdout
    found = re.findall(r'"AsynCluster[^"]*": \("[^)]*\) +\d+x(\d+)', tree)
    return max(map(int, found), default=0)


def left_hours(site, account) -> float:
    return float(site.show(account.pw_name)["left_hours"])


def test_a_message_appears_in_the_persons_session(site, lena, console):
    wait_for(lambda: time_bar_height(site), "the time bar")
    before = time_bar_height(site)
    console.click("pc1, in use", "RoomView")
    console.click("Message\u2026", "QPushButton")
    console.find("Text", "QPlainTextEdit")
    console.type("Please save your work")
    console.click("Send", "QPushButton")
    console.shows_soon("sees the message")
    wait_for(lambda: time_bar_height(site) > before, "the message under the time bar")


def test_fifteen_minutes_move_the_deadline(site, lena, console):
    """Who sits at the PC, how long, and 15 more minutes: two clicks."""
    before = left_hours(site, lena)
    console.click("pc1, in use", "RoomView")
    assert console.find(f"{lena.pw_name}, 1:5", "QLabel")
    console.click("+15 min", "QPushButton")
    assert console.clicks <= 3
    console.shows_soon(f"{lena.pw_name}, 2:1")
    assert left_hours(site, lena) == pytest.approx(before + 0.25, abs=0.05)


def test_the_palette_does_the_same_without_a_mouse(site, lena, console):
    before = left_hours(site, lena)
    console.palette(f"give {lena.pw_name} 30")
    console.shows_soon("30 min more today")
    assert left_hours(site, lena) == pytest.approx(before + 0.5, abs=0.05)


def test_a_kick_names_its_target_defaults_to_cancel_and_ends_the_session(site, lena, console):
    console.click("pc1, in use", "RoomView")
    console.key("x")
    console.find(f"Log {lena.pw_name} out?", "QLabel")
    console.key("Return")
    console.wait(lambda: not console.says("out?"), "the end of the question")
    assert processes_of(lena.pw_uid)
    console.key("x")
    console.click(f"Log {lena.pw_name} out", "QPushButton")
    wait_for(lambda: not processes_of(lena.pw_uid), "the end of the session", GRACE + 5)
    console.find("pc1, idle", "RoomView")
    assert site.sheet(lena.pw_name)[-1]["ended_by"] == "kicked"


def test_a_cancelled_job_stops_its_call(site, job, console):
    worker = job.run("pid").result(30)
    call = job.run("spin", 1)
    console.page(3, "Jobs")
    console.click(f"{job.number} busy", "TableView")
    console.key("c")
    console.find("Cancel job ", "QLabel")
    console.key("Tab", "space")
    with pytest.raises(ac.AsynClusterError):
        call.result(30)
    wait_for(lambda: not lives(worker), "the end of the worker")


def test_a_drained_node_finishes_and_gets_nothing_new_until_it_is_resumed(site, job, console):
    assert job.run("square", 2).result(30) == 4
    console.page(2, "Nodes")
    console.click("pc1", "TableView")
    console.click("Drain", "IconButton")
    console.find("Draining", "TableView")
    later = job.run("square", 3)
    wait_for(lambda: site.ask("job list")[0]["queued"] == 1, "the call that waits")
    console.click("Undo")
    assert later.result(30) == 9
    console.find("Idle", "TableView")

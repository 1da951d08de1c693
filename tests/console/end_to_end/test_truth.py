"""What somebody changes is on the page within a second, whichever page it is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from asyncluster.console.state import words

pytestmark = pytest.mark.root


def test_the_room_shows_who_comes_and_goes(site, sit_down, console):
    account = sit_down("mia")
    console.shows_soon(f"pc1, in use. {account.pw_name}")
    site.ask("user kick", name=account.pw_name)
    console.find("pc1, idle", "RoomView")


def test_the_nodes_show_what_they_are_told(site, console):
    console.page(2, "Nodes")
    site.ask("node drain", names=["pc1"])
    console.shows_soon("Draining")
    site.ask("node resume", names=["pc1"])
    console.no_longer_shows("Draining")


def test_the_jobs_and_one_job_in_detail(site, job, console):
    console.page(3, "Jobs")
    console.find(f"{job.number} busy", "TableView")
    call = job.run("spin", 1)
    console.shows_soon("Running")
    console.click(f"{job.number} busy", "TableView")
    console.shows_soon("1 running")
    call.cancel()
    console.no_longer_shows("1 running")


def test_people_and_their_hours(site, console):
    console.page(4, "People")
    site.ask("user add", name="noor", password="over the hills", daily_hours=3.0)
    try:
        console.shows_soon("noor")
        site.ask("user disable", name="noor")
        console.shows_soon("Disabled")
    finally:
        site.ask("user delete", name="noor")
    console.no_longer_shows("noor")


def test_openings(site, console):
    console.page(5, "Openings")
    day = date.today() + timedelta(days=7)
    site.ask("opening except", date=day.isoformat(), spans=[])
    try:
        console.shows_soon(words.day_of(day))
    finally:
        site.ask("opening except", date=day.isoformat(), spans=None)


def test_the_usage_grows_by_who_sits_down(site, sit_down, console):
    console.page(6, "Usage")
    account = sit_down("olga")
    console.shows_soon(account.pw_name)
    console.find("goes on", "TableView")
    site.ask("user kick", name=account.pw_name)
    console.find("kicked", "TableView")


def test_events(site, console):
    console.page(7, "Events")
    site.ask("node drain", names=["pc1"])
    console.shows_soon("Drains pc1.")
    site.ask("node resume", names=["pc1"])
    console.shows_soon("Lets pc1 work again.")

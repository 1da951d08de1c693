"""A person sits down: real keys in a real greeter, a real master, a real session."""

from __future__ import annotations

import os
import socket
import threading
from itertools import count
from pathlib import Path

import pytest
from support.processtable import lives
from support.unix_people import named, status_of
from support.waiting import wait_for
from support.workplace import LOGIN_PASSWORD

from asyncluster.core.client.cluster import Cluster

pytestmark = pytest.mark.root


def test_a_person_logs_in_with_the_keyboard(site, sit_down):
    account = sit_down("acada", daily_hours=2.0)
    screen = site.screens[0]
    status = status_of(named("openbox", account.pw_uid))
    assert status["Uid"].split() == [str(account.pw_uid)] * 4
    assert os.getpriority(os.PRIO_PROCESS, named("openbox", account.pw_uid)) == 10
    assert not screen.program("asyncluster.ndm.greeter")
    wait_for(lambda: screen.program("asyncluster.ndm.timebar"), "the time bar")
    wait_for(lambda: "AsynCluster" in screen.x("xwininfo", "-root", "-tree").stdout, "the time bar's window")
    (row,) = site.sheet(account.pw_name)
    assert (row["node"], row["to"]) == ("pc1", None)


def test_two_people_and_a_job_on_one_node(site, sit_down):
    """The workers compute while both sit there: before, between and after everything that people do."""
    results: list[int] = []
    stop = threading.Event()

    def compute() -> None:
        code = "def f(x):\n    return x + 1\n"
        with Cluster(socket=str(site.state / "control.sock")) as cluster, cluster.job(code) as job:
            for number in count():
                results.append(job.run("f", number).result())
                if stop.is_set():
                    return

    def goes_on(what: str) -> None:
        so_far = len(results)
        wait_for(lambda: len(results) > so_far + 20, f"results {what}")

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        goes_on("before anybody sits here")
        one = sit_down("acjohn", screen=0)
        goes_on("beside one person")
        two = sit_down("ackarl", screen=1)
        goes_on("beside two people")
        leaders = [named("openbox", account.pw_uid) for account in (one, two)]
        assert [leaders[n] in site.screens[n].group("inside") for n in (0, 1)] == [True, True]
        site.ask("user kick", name=one.pw_name)
        wait_for(lambda: not lives(leaders[0]), "the end of one session")
        goes_on("after one has left")
        assert lives(leaders[1])
    finally:
        stop.set()
        thread.join(60)
    assert results == list(range(1, len(results) + 1))


def test_logging_in_elsewhere_ends_the_earlier_session(site, sit_down):
    account = sit_down("aclena", screen=0)
    former = named("openbox", account.pw_uid)
    second = site.screens[1]
    second.wait_for_greeter()
    second.type(account.pw_name, LOGIN_PASSWORD)
    wait_for(lambda: not lives(former), "the end of the first session")
    wait_for(lambda: named("openbox", account.pw_uid) in second.group("inside"), "the second session")
    assert [row["ended_by"] for row in site.sheet(account.pw_name)] == ["elsewhere", None]
    wait_for(lambda: not site.screens[0].group("inside") or site.screens[0].program("greeter"), "the greeter")
    assert Path(f"/run/user/{account.pw_uid}").is_dir()  # the first one's end leaves it to the second


def test_no_port_is_open_on_any_display(site):
    for screen in site.screens:
        screen.wait_for_greeter()
        with socket.socket() as probe, pytest.raises(OSError):
            probe.connect(("127.0.0.1", 6000 + screen.number))

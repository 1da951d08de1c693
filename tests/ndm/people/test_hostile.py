"""What a hostile person runs in a session keeps neither the session nor anything of the next person's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from support.insiders import GRAB, SPY, run_inside
from support.unix_people import named, processes_of
from support.waiting import wait_for
from support.workplace import GRACE, LOGIN_PASSWORD

pytestmark = pytest.mark.root


def test_a_program_that_covers_the_screen_and_reads_all_keys(site, sit_down, person):
    """Hole 3, and libki-server#214: who sits down next types into a screen that nobody else has ever seen."""
    spy, victim = sit_down("acspy"), person("acvictim")
    screen = site.screens[0]
    run_inside(site, spy, SPY)
    wait_for(lambda: '"cover"' in screen.x("xwininfo", "-root", "-tree").stdout, "the cover")
    seen = Path(spy.pw_dir, "keys")
    while not seen.stat().st_size:  # it does read keys while it may
        screen.x("xdotool", "keydown", "a", "keyup", "a")
    site.ask("user kick", name=spy.pw_name)
    wait_for(lambda: not processes_of(spy.pw_uid), "the end of the spy", GRACE + 1)
    screen.wait_for_greeter()
    read = seen.stat().st_size
    screen.type(victim.pw_name, LOGIN_PASSWORD)
    wait_for(lambda: named("openbox", victim.pw_uid), "the next person's session")
    assert seen.stat().st_size == read
    assert '"cover"' not in screen.x("xwininfo", "-root", "-tree").stdout


def test_the_key_of_a_session_opens_no_other(site, sit_down):
    thief = sit_down("acthief")
    screen = site.screens[0]
    copied = Path(thief.pw_dir, "copied")
    shutil.copy(screen.directory / "client", copied)
    os.chown(copied, thief.pw_uid, thief.pw_gid)

    def connects() -> bool:
        environment = {"DISPLAY": f":{screen.number}", "XAUTHORITY": str(copied), "PATH": "/usr/bin:/bin"}
        asked = subprocess.run(
            ["xdotool", "getmouselocation"],
            user=thief.pw_uid, group=thief.pw_gid, extra_groups=[], env=environment, capture_output=True, cwd="/",
        )  # fmt: skip
        return asked.returncode == 0

    assert connects()
    site.ask("user kick", name=thief.pw_name)
    wait_for(lambda: not processes_of(thief.pw_uid), "the end of the session", GRACE + 1)
    screen.wait_for_greeter()
    assert not connects()


def test_a_program_that_grabs_server_and_keyboard(site, sit_down):
    """Hole 4: the session ends at its time all the same, and the greeter hears its keys again."""
    account = sit_down("acgrab")
    screen = site.screens[0]
    run_inside(site, account, GRAB)
    wait_for(lambda: named("python3", account.pw_uid), "the program")
    site.ask("user quota", name=account.pw_name, daily_hours=0.0)
    wait_for(lambda: not processes_of(account.pw_uid), "the end of the session", GRACE + 1)
    screen.wait_for_greeter()
    assert site.sheet(account.pw_name)[-1]["ended_by"] == "time"


def test_a_frozen_time_bar_keeps_nothing(site, sit_down):
    account = sit_down("acfreeze", daily_hours=2.0)
    screen = site.screens[0]
    wait_for(lambda: screen.program("asyncluster.ndm.timebar"), "the time bar")
    frozen = screen.program("asyncluster.ndm.timebar")
    os.kill(frozen, signal.SIGSTOP)
    wait_for(lambda: screen.program("asyncluster.ndm.timebar") not in (0, frozen), "another time bar")
    os.kill(screen.program("asyncluster.ndm.timebar"), signal.SIGSTOP)
    site.ask("user quota", name=account.pw_name, daily_hours=0.0)
    wait_for(lambda: not processes_of(account.pw_uid), "the end of the session", GRACE + 1)
    screen.wait_for_greeter()

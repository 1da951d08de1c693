"""A person sits down: real keys in a real greeter, a real master, a real session, and every way in which it ends."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest
from support.processtable import lives
from support.unix_people import named, processes_of, status_of, wait_for
from support.workplace import GRACE, LOGIN_PASSWORD

from asyncluster.core.client.cluster import Cluster

pytestmark = pytest.mark.root

#: Ignores every signal it can, has forked twice, and has left the session that it was in.
STUBBORN = """
import os, signal
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
for _ in range(2):
    if os.fork():
        os._exit(0)
    os.setsid()
while True:
    signal.pause()
"""


def run_inside(site, account, *command: str, screen: int = 0) -> None:
    """Somebody starts a program in their session, as from a terminal in it."""
    inside = named("openbox", account.pw_uid)
    assert inside in site.screens[screen].group("inside")
    group = Path(f"/proc/{inside}/cgroup").read_text().rpartition("::")[2].strip()
    pid = os.fork()
    if pid == 0:
        try:
            Path(f"/sys/fs/cgroup/unified{group}/cgroup.procs").write_text("0")
            os.setgroups([])
            os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
            os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
            entries = Path(f"/proc/{inside}/environ").read_bytes().decode().split("\0")
            os.execvpe(command[0], command, dict(entry.split("=", 1) for entry in entries if "=" in entry))
        finally:
            os._exit(1)
    os.waitpid(pid, os.WNOHANG)


def everybody_is_gone(account, seconds: float) -> None:
    wait_for(lambda: not processes_of(account.pw_uid), "the end of all processes", seconds)


def the_end(site, account) -> str:
    """Why the session ended, by the master's books."""
    wait_for(lambda: site.sheet(account.pw_name)[-1]["to"], "the booking")
    (row,) = site.sheet(account.pw_name)
    return row["ended_by"]


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


def test_a_wrong_password_opens_nothing(site, person):
    account = person("acbob")
    screen = site.screens[0]
    screen.wait_for_greeter()
    greeter = screen.program("asyncluster.ndm.greeter")
    screen.type(account.pw_name, "wrong")
    wait_for(lambda: throttled(site, account.pw_name), "the master to have counted the attempt")
    assert screen.program("asyncluster.ndm.greeter") == greeter
    assert processes_of(account.pw_uid) == []
    assert site.sheet(account.pw_name) == []
    screen.restart_greeter()


def throttled(site, name: str) -> bool:
    """Has the master refused an attempt with this name? It logs nothing that was typed, so ask its database."""
    import sqlite3

    with sqlite3.connect(site.state / "asyncluster.db") as database:
        return bool(database.execute("select count(*) from failures where user_name = ?", (name,)).fetchone()[0])


def test_a_kick_ends_everything_and_the_greeter_is_back(site, sit_down):
    account = sit_down("accarl")
    run_inside(site, account, "python3", "-c", STUBBORN)
    wait_for(lambda: named("python3", account.pw_uid), "the stubborn program")
    site.ask("user kick", name=account.pw_name)
    everybody_is_gone(account, GRACE + 1)
    site.screens[0].wait_for_greeter()
    assert the_end(site, account) == "kicked"


@pytest.mark.parametrize("victim", ["window manager", "X server", "keeper"])
def test_whatever_is_killed_everything_ends(site, sit_down, victim):
    account = sit_down(f"acdora-{victim[0].lower()}")
    screen = site.screens[0]
    run_inside(site, account, "python3", "-c", STUBBORN)
    leader = {
        "window manager": lambda: named("openbox", account.pw_uid),
        "X server": lambda: screen.group("x")[0],
        "keeper": lambda: int(status_of(screen.group("x")[0])["PPid"]),
    }[victim]()
    os.kill(leader, signal.SIGKILL)
    everybody_is_gone(account, GRACE + 1)
    screen.wait_for_greeter()
    assert the_end(site, account) in ("crashed", "logout")


def test_a_killed_node_daemon_takes_the_session_up_again(site, sit_down):
    account = sit_down("acemil")
    former = site.node_daemon()
    os.kill(former, signal.SIGKILL)
    wait_for(lambda: site.node_daemon() not in (0, former), "another node daemon")
    site.wait_for_node()
    assert named("openbox", account.pw_uid)
    wait_for(lambda: reaches(site, account), "the node to answer for the session")
    site.ask("user kick", name=account.pw_name)
    everybody_is_gone(account, GRACE + 1)
    assert the_end(site, account) == "kicked"


def reaches(site, account) -> bool:
    try:
        site.ask("user message", name=account.pw_name, text="Hello")
    except Exception:
        return False
    return True


def test_a_new_steward_takes_the_session_over(site, sit_down):
    account = sit_down("acfritz")
    site.kill("node")
    site.start("node")
    wait_for(lambda: reaches(site, account), "the new node to answer for the session")
    assert named("openbox", account.pw_uid)
    site.ask("user kick", name=account.pw_name)
    everybody_is_gone(account, GRACE + 1)
    assert the_end(site, account) == "kicked"


def test_without_a_steward_nothing_is_left(site, sit_down):
    account = sit_down("acgerd")
    run_inside(site, account, "python3", "-c", STUBBORN)
    site.kill("node")
    everybody_is_gone(account, GRACE + 1)
    site.start("node")
    assert the_end(site, account) == "node stopped"


def test_the_operator_ends_a_session_by_taking_its_time(site, sit_down):
    account = sit_down("achans", daily_hours=2.0)
    site.ask("user quota", name=account.pw_name, daily_hours=0.0)
    everybody_is_gone(account, GRACE + 1)
    assert the_end(site, account) == "time"


def test_a_pulled_cable_ends_it_at_its_deadline(site, sit_down):
    """Hole 21: the master is gone, and the session ends all the same, not a second earlier or later."""
    account = sit_down("acida", daily_hours=6 / 3600)
    os.kill(site.processes["master"].pid, signal.SIGSTOP)
    try:
        everybody_is_gone(account, 6 + GRACE + 1)
    finally:
        os.kill(site.processes["master"].pid, signal.SIGCONT)
    assert the_end(site, account) == "time"
    (row,) = site.sheet(account.pw_name)
    assert round(row["hours"] * 3600) == 6


def test_two_people_and_a_job_on_one_node(site, sit_down):
    one = sit_down("acjohn", screen=0)
    code = "def f(x):\n    return x + 1\n"
    with Cluster(socket=str(site.state / "control.sock")) as cluster, cluster.job(code) as job:
        assert list(job.map("f", range(20))) == list(range(1, 21))
        two = sit_down("ackarl", screen=1)
        assert list(job.map("f", range(20))) == list(range(1, 21))
    site.ask("user kick", name=one.pw_name)
    everybody_is_gone(one, GRACE + 1)
    assert named("openbox", two.pw_uid)


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


def test_the_node_stops_in_order(site, sit_down):
    account = sit_down("acmax")
    site.kill("node", signal.SIGTERM)
    assert processes_of(account.pw_uid) == []
    assert the_end(site, account) == "node stopped"  # told while the node was still there to tell
    for screen in site.screens:
        assert [path.name for path in screen.directory.iterdir()] == ["lock"]
    site.start("node")


def test_no_port_is_open_on_any_display(site):
    for screen in site.screens:
        screen.wait_for_greeter()
        with socket.socket() as probe, pytest.raises(OSError):
            probe.connect(("127.0.0.1", 6000 + screen.number))

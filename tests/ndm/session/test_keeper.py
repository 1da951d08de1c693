"""A keeper with a real X server, a real account, real PAM and a real window manager."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
from pathlib import Path

import pytest
from support.processtable import lives
from support.unix_people import PASSWORD, named, processes_of, status_of
from support.waiting import wait_for

from asyncluster.core.resources import resource
from asyncluster.ndm.session import errorlog, group
from asyncluster.ndm.session.orders import Close, Greet
from asyncluster.ndm.session.record import Records
from asyncluster.ndm.session.sitting import boot_clock

pytestmark = pytest.mark.root

# A program that ignores every signal it can, forks twice and leaves the session that it was in.
STUBBORN = "#!/bin/sh\n(setsid sh -c 'trap \"\" TERM HUP INT; while :; do sleep 0.2; done' &)\nexec openbox\n"


def environment_of(pid: int) -> dict[str, str]:
    entries = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def server_of(steward) -> int:
    (pid,) = group.ControlGroup(steward.order.place.group / "x").pids()
    return pid


def record_of(steward):
    (record,) = Records(Path(steward.order.records)).load()
    return record


def nothing_is_left(steward, uid: int) -> None:
    place = steward.order.place
    assert steward.process.wait(10) == 0
    assert processes_of(uid) == []
    assert not place.group.exists()
    assert sorted(path.name for path in place.directory.iterdir()) == []
    assert not Path(f"/run/user/{uid}").exists()
    assert not Path(f"/tmp/.X11-unix/X{place.display}").exists()


def script(account, text: str) -> str:
    path = Path(account.pw_dir) / "session"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_a_session_is_the_persons_own(unix_person, begin, keep, place):
    account = unix_person("actest1", "-G", "audio")
    listing = script(account, "#!/bin/sh\nfor fd in /proc/$$/fd/*; do readlink $fd; done > opened\nexec openbox\n")
    steward = keep(begin(account.pw_name, window_manager=(listing,)))
    steward.running()
    wait_for(lambda: named("openbox", account.pw_uid), "openbox")
    leader = named("openbox", account.pw_uid)
    status = status_of(leader)
    assert status["Uid"].split() == [str(account.pw_uid)] * 4
    assert status["Gid"].split() == [str(account.pw_gid)] * 4
    assert sorted(map(int, status["Groups"].split())) == sorted(os.getgrouplist(account.pw_name, account.pw_gid))
    assert os.getpriority(os.PRIO_PROCESS, leader) == 10
    assert os.getsid(leader) != os.getsid(steward.process.pid)
    assert status["SigBlk"] == "0" * 16
    assert f"/{place.group.name}/inside" in Path(f"/proc/{leader}/cgroup").read_text()
    environment = environment_of(leader)
    assert environment["HOME"] == account.pw_dir == os.readlink(f"/proc/{leader}/cwd")
    assert environment["XDG_RUNTIME_DIR"] == f"/run/user/{account.pw_uid}"
    assert environment["DBUS_SESSION_BUS_ADDRESS"]
    assert "sbin" not in environment["PATH"]
    assert not {"TERM", "PS1", "SUDO_USER", "PYTHONPATH"} & set(environment)
    opened = Path(account.pw_dir, "opened").read_text().split()
    assert opened
    assert all(link.startswith(("/dev/null", account.pw_dir, "socket:", "pipe:")) for link in opened), opened
    wait_for(Path(account.pw_dir, ".xsession-errors").exists, "the log")
    log = Path(account.pw_dir, ".xsession-errors").stat()
    assert (log.st_uid, log.st_mode & 0o777) == (account.pw_uid, 0o600)


def test_nobody_else_reaches_the_screen(unix_person, begin, keep, place):
    """Another person without a cookie, with an empty one, or with a guess is refused (hole 1; CVE-2020-28049)."""
    account, other = unix_person("actest1"), unix_person("actest2")
    steward = keep(begin(account.pw_name))
    steward.running()
    guess = Path(other.pw_dir, "guess")
    right = place.directory.joinpath("server").read_bytes()
    for content in (b"", right.replace(right[-16:], bytes(16))):
        guess.write_bytes(content)
        guess.chmod(0o644)
        asked = subprocess.run(
            ["xdotool", "getmouselocation"],
            user=other.pw_uid,
            group=other.pw_gid,
            env={"DISPLAY": f":{place.display}", "XAUTHORITY": str(guess), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            cwd="/",
        )
        assert asked.returncode != 0
    for name, owner in (("server", 0), ("client", account.pw_uid)):
        status = place.directory.joinpath(name).stat()
        assert (status.st_uid, status.st_mode & 0o777) == (owner, 0o600)
    sockets = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    assert f":{6000 + place.display:04X} " not in sockets
    arguments = Path(f"/proc/{server_of(steward)}/cmdline").read_bytes().split(b"\0")
    assert b"-ac" not in arguments
    assert not any(Path(place.directory, "client").read_bytes()[-16:].hex().encode() in word for word in arguments)


def test_logout_leaves_nothing(unix_person, begin, keep):
    account = unix_person()
    steward = keep(begin(account.pw_name, window_manager=(script(account, STUBBORN),)))
    steward.running()
    wait_for(lambda: named("openbox", account.pw_uid), "openbox")
    os.kill(named("openbox", account.pw_uid), signal.SIGTERM)
    assert steward.wait("ended", 5)["reason"] == "logout"
    nothing_is_left(steward, account.pw_uid)
    assert record_of(steward).reason == "logout"


def test_time_over_ends_what_ignores_it(unix_person, begin, keep):
    account = unix_person()
    now = boot_clock()
    order = begin(
        account.pw_name, window_manager=(script(account, STUBBORN),), began=now - 100, deadline=now + 3, grace=1.0
    )
    steward = keep(order)
    steward.running()
    assert steward.wait("ended")["reason"] == "time"
    assert boot_clock() - order.deadline < 2.0
    nothing_is_left(steward, account.pw_uid)
    assert record_of(steward).elapsed == 103


def test_a_deadline_moves_and_an_order_ends(unix_person, begin, keep):
    account = unix_person()
    steward = keep(begin(account.pw_name, deadline=boot_clock() + 3600))
    steward.running()
    steward.send({"do": "deadline", "at": None})
    wait_for(lambda: record_of(steward).deadline is None, "the new deadline on disk")
    steward.send({"do": "end", "reason": "kicked"})
    assert steward.wait("ended", 6)["reason"] == "kicked"
    nothing_is_left(steward, account.pw_uid)


@pytest.mark.parametrize("victim", ["X", "window manager"])
def test_a_killed_server_or_window_manager_ends_it(unix_person, begin, keep, victim):
    account = unix_person()
    steward = keep(begin(account.pw_name))
    steward.running()
    wait_for(lambda: named("openbox", account.pw_uid), "openbox")
    os.kill(server_of(steward) if victim == "X" else named("openbox", account.pw_uid), signal.SIGKILL)
    assert steward.wait("ended", 5)["reason"] in ("crashed", "logout")
    nothing_is_left(steward, account.pw_uid)


def test_the_time_bar_comes_back(unix_person, begin, keep):
    account = unix_person()
    steward = keep(begin(account.pw_name))
    steward.running()

    def bar() -> int:
        for pid in steward.group():
            with contextlib.suppress(OSError):  # it has just ended
                if b"asyncluster.ndm.timebar" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
        return 0

    wait_for(bar, "a time bar")
    for number in (signal.SIGKILL, signal.SIGSTOP):
        former = bar()
        os.kill(former, number)
        wait_for(lambda former=former: bar() not in (0, former), "another time bar")
    steward.listen()
    assert len(steward.windows) >= 3
    assert status_of(bar())["Uid"].split()[0] == str(account.pw_uid)


def test_a_session_outlives_its_steward_if_another_takes_over(unix_person, begin, keep):
    account = unix_person()
    steward = keep(begin(account.pw_name, grace=5.0))
    steward.running()
    steward.hang_up()
    steward.take_over()
    assert steward.wait("adopted")["session"] == steward.order.session
    assert steward.process.poll() is None
    steward.send({"do": "end", "reason": "kicked"})
    assert steward.wait("ended", 8)["reason"] == "kicked"
    nothing_is_left(steward, account.pw_uid)


def test_a_session_without_a_steward_ends(unix_person, begin, keep):
    account = unix_person()
    steward = keep(begin(account.pw_name, window_manager=(script(account, STUBBORN),), grace=1.0))
    steward.running()
    steward.hang_up()
    nothing_is_left(steward, account.pw_uid)
    assert record_of(steward).reason == "node stopped"


def test_links_in_the_home_lead_nowhere(unix_person, begin, keep, tmp_path):
    """CVE-2014-7272, CVE-2011-3349 and four more: root never follows what a person has planted."""
    account = unix_person()
    target = tmp_path / "precious"
    target.write_text("untouched")
    target.chmod(0o600)
    for name in (".xsession-errors", ".Xauthority", ".ICEauthority", ".dmrc", ".cache"):
        Path(account.pw_dir, name).symlink_to(target)
    steward = keep(begin(account.pw_name))
    steward.running()
    wait_for(lambda: named("openbox", account.pw_uid), "openbox")
    steward.send({"do": "end", "reason": "kicked"})
    steward.wait("ended", 8)
    assert (target.read_text(), target.stat().st_uid) == ("untouched", 0)


def test_pipes_in_the_home_block_nobody(unix_person, begin, keep):
    account = unix_person()
    for name in (".xsession-errors", ".Xauthority", ".dmrc"):
        os.mkfifo(Path(account.pw_dir, name))
    steward = keep(begin(account.pw_name))
    steward.running()
    wait_for(lambda: named("openbox", account.pw_uid), "openbox")


def test_pam_checks_the_password_if_told_to(unix_person, begin, keep):
    account = unix_person()
    wrong = keep(begin(account.pw_name, password="wrong"))
    assert "refuses" in wrong.wait("refused")["words"]
    assert processes_of(account.pw_uid) == []
    right = keep(begin(account.pw_name, password=PASSWORD))
    right.running()


def test_an_expired_account_is_refused_by_pam(unix_person, begin, keep):
    account = unix_person("actest1", "-e", "2001-01-01")
    steward = keep(begin(account.pw_name))
    assert "expired" in steward.wait("refused")["words"]


@pytest.mark.parametrize("name", ["root", "daemon", "nobody", "nosuchperson", "../etc", ""])
def test_nobody_but_people_sits_down(begin, keep, name):
    """CVE-2014-7271 and hole 9."""
    steward = keep(begin(name))
    steward.wait("refused")
    assert steward.process.wait(5) == 0


def test_a_steward_that_changes_its_mind_leaves_no_trace(unix_person, begin, keep):
    account = unix_person()
    steward = keep(begin(account.pw_name))
    steward.wait("admitted")
    steward.hang_up()
    assert steward.process.wait(5) == 0
    assert Records(Path(steward.order.records)).load() == []


def test_a_greeter_is_nobody_with_a_screen(keep, place):
    steward = keep(Greet(place, 61300, 61300))
    steward.running()
    pids = steward.group()
    assert pids
    status = status_of(pids[0])
    assert status["Uid"].split() == ["61300"] * 4
    assert status["Groups"] == ""
    assert len(steward.windows) == 1
    server = server_of(steward)
    steward.send({"do": "end"})
    assert steward.process.wait(5) == 0
    assert not lives(server)
    assert list(place.directory.iterdir()) == []


def test_a_greeter_whose_server_does_not_start_says_so(keep, place):
    steward = keep(Greet(dataclasses.replace(place, program=("Xvfb", "-nonsense")), 61300, 61300))
    assert "nonsense" in steward.wait("failed")["words"]
    assert steward.process.wait(5) == 0


FLOOD = """#!/bin/bash
trap "" TERM
yes "all work and no play" | head -c 30000000
touch ready
exec sleep 1000
"""


def test_a_log_that_is_flooded_is_cut_off_and_ends_with_its_session(unix_person, begin, keep):
    account = unix_person()
    steward = keep(begin(account.pw_name, window_manager=(script(account, FLOOD),), grace=1.0))
    steward.running()
    wait_for(Path(account.pw_dir, "ready").exists, "the end of the flood")
    log, old = (Path(account.pw_dir, name) for name in (".xsession-errors", ".xsession-errors.old"))
    wait_for(old.exists, "somebody to look at the log")
    wait_for(lambda: old.stat().st_size == errorlog.KEPT, "its end to be kept")
    assert log.stat().st_size <= errorlog.LIMIT
    assert old.stat().st_uid == account.pw_uid
    steward.send({"do": "end", "reason": "kicked"})
    steward.wait("ended", 5)
    nothing_is_left(steward, account.pw_uid)


@pytest.fixture
def noting_service(tmp_path):
    """A PAM service that notes down what it is asked; yields its name and the notes."""
    notes, note = tmp_path / "notes", tmp_path / "note"
    note.write_text(f'#!/bin/sh\necho "$PAM_TYPE $PAM_USER $PAM_TTY" >> {notes}\n')
    note.chmod(0o700)
    service = Path(f"/etc/pam.d/actest-{os.getpid()}")
    service.write_text(f"account required pam_permit.so\nsession required pam_exec.so quiet {note}\n")
    yield service.name, notes
    service.unlink()


def test_a_killed_keepers_pam_session_is_closed_by_another(unix_person, begin, keep, place, noting_service):
    account, (service, notes) = unix_person(), noting_service
    steward = keep(begin(account.pw_name, service=service))
    steward.running()
    steward.process.kill()
    group.ControlGroup(place.group).kill()  # as the steward does before
    wait_for(lambda: not processes_of(account.pw_uid), "the end of the session")
    said = f"{account.pw_name} :{place.display}\n"
    assert notes.read_text() == f"open_session {said}"
    assert Path(f"/run/user/{account.pw_uid}").is_dir()
    keep(Close(place, account.pw_name, service)).wait("ended")
    assert notes.read_text() == f"open_session {said}close_session {said}"
    assert not Path(f"/run/user/{account.pw_uid}").exists()


def test_closing_for_an_account_that_is_gone_says_so(keep, place):
    steward = keep(Close(place, "nosuchperson", "other"))
    assert "nosuchperson" in steward.wait("failed")["words"]
    assert steward.process.wait(5) == 0


def test_the_next_person_gets_another_screen(unix_person, begin, keep, place):
    """Holes 2 and 3: nobody sits on an X server that somebody else has used, nor with the same key."""
    account = unix_person()
    seen = []
    for order in (Greet(place, 61300, 61300), begin(account.pw_name), Greet(place, 61300, 61300)):
        steward = keep(order)
        steward.running()
        seen.append((server_of(steward), place.directory.joinpath("client").read_bytes()))
        steward.send({"do": "end", "reason": "kicked"})
        assert steward.process.wait(10) == 0
    assert len({server for server, _ in seen}) == len({key for _, key in seen}) == 3


def test_our_own_pam_service_works(unix_person, begin, keep):
    service = Path(f"/etc/pam.d/actest-{os.getpid()}")
    service.write_text(resource("pam.d/asyncluster").read_text())
    try:
        account = unix_person()
        limits = Path("/etc/security/limits.d/actest.conf")
        limits.write_text(f"{account.pw_name} hard nofile 777\n")
        steward = keep(begin(account.pw_name, service=service.name, password=PASSWORD))
        steward.running()
        wait_for(lambda: named("openbox", account.pw_uid), "openbox")
        opened = Path(f"/proc/{named('openbox', account.pw_uid)}/limits").read_text()
        assert " 777 " in next(line for line in opened.splitlines() if line.startswith("Max open files"))
    finally:
        service.unlink()
        limits.unlink()


def test_without_control_groups_the_process_table_does(unix_person, begin, keep, place):
    account = unix_person()
    bare = dataclasses.replace(place, group=None)
    steward = keep(begin(account.pw_name, place=bare, window_manager=(script(account, STUBBORN),), grace=1.0))
    steward.running()
    wait_for(lambda: named("openbox", account.pw_uid), "openbox")
    steward.send({"do": "end", "reason": "kicked"})
    assert steward.wait("ended", 5)["reason"] == "kicked"
    assert steward.process.wait(10) == 0
    assert processes_of(account.pw_uid) == []
    assert list(place.directory.iterdir()) == []

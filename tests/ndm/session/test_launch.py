"""Giving up root's rights, and the places that a person can prepare against it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.unix_people import processes_of
from support.waiting import wait_for

from asyncluster.ndm.session.group import ControlGroup, Descendants, home, tell
from asyncluster.ndm.session.lastwords import last_words
from asyncluster.ndm.session.launch import LaunchFailed, Who, drop, launch
from asyncluster.ndm.session.runtime import RuntimeDirectory

NUMBER = 61399  # nobody's
WHO = Who(NUMBER, NUMBER, (), "/", None)


class Nothing:
    """Processes that nobody counts."""

    def join(self) -> None:
        pass


def output_of(who: Who, *argv: str, **options) -> str:
    pid = launch(list(argv), who, {"PATH": "/usr/bin:/bin"}, Nothing(), **options)
    os.waitpid(pid, 0)
    return Path(who.home, "log").read_text()


@pytest.fixture
def own(tmp_path) -> Who:
    tmp_path.chmod(0o755)
    place = Path(f"/tmp/asyncluster-launch-{os.getpid()}")
    place.mkdir(exist_ok=True)
    os.chown(place, NUMBER, NUMBER)
    yield Who(NUMBER, NUMBER, (), str(place), "log")
    for path in place.iterdir():
        path.unlink()
    place.rmdir()


@pytest.mark.root
def test_nothing_of_root_is_left(own):
    """Hole 6: the session ran with root's group; cosmic-greeter CVE-2026-25704: only the effective user was dropped."""
    shown = output_of(own, "/bin/cat", "/proc/self/status")
    lines = dict(line.split(":\t", 1) for line in shown.splitlines() if ":\t" in line)
    assert lines["Uid"].split() == lines["Gid"].split() == [str(NUMBER)] * 4
    assert lines["Groups"].split() == []
    assert lines["CapEff"] == lines["CapPrm"] == "0" * 16
    ignored = {bit + 1 for bit in range(64) if int(lines["SigIgn"], 16) >> bit & 1}
    assert not ignored & signal.valid_signals()  # Python ignores SIGPIPE; the session must not


@pytest.mark.root
def test_no_descriptor_leaks_but_the_one_that_is_meant(own):
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    listed = output_of(own, "/bin/ls", "/proc/self/fd", keep=writing).split()
    assert sorted(map(int, listed)) == sorted([0, 1, 2, writing, *({3} - {writing})])
    os.close(reading)
    os.close(writing)


@pytest.mark.root
@pytest.mark.parametrize("who", [Who(0, NUMBER, (), "/"), Who(NUMBER, 0, (), "/")])
def test_root_is_nobody_to_become(who):
    with pytest.raises(LaunchFailed, match="giving up"):
        launch(["/bin/true"], who, {}, Nothing())


@pytest.mark.root
def test_a_program_that_is_not_there_is_named():
    with pytest.raises(LaunchFailed, match="starting /bin/nosuch"):
        launch(["/bin/nosuch"], WHO, {}, Nothing())


@pytest.mark.root
def test_a_home_that_cannot_be_entered_is_no_reason_to_stay_out(own):
    pid = launch(["/bin/sleep", "60"], Who(NUMBER, NUMBER, (), "/root/nowhere", "log"), {}, Nothing())
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    os.kill(pid, 9)
    os.waitpid(pid, 0)


@pytest.mark.root
def test_a_session_dies_with_its_keeper(own):
    keeper = os.fork()
    if keeper == 0:
        launch(["/bin/sleep", "60"], WHO, {}, Nothing())
        os._exit(0)
    os.waitpid(keeper, 0)
    wait_for(lambda: not processes_of(NUMBER), "the end of the session")


@pytest.mark.root
@pytest.mark.parametrize("kind", ["control group", "descendants"])
def test_all_processes_are_found_and_ended(kind):
    """Hole 11: a loop that traps SIGTERM survived; here also what has forked twice and left the session."""
    stubborn = "trap '' TERM; while :; do sleep 1; done"
    script = f"trap '' TERM HUP; for i in 1 2 3; do (setsid sh -c \"{stubborn}\" &); done; wait; sleep 99"
    pid = os.fork()
    if pid == 0:
        _end_them_all(kind, script)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert processes_of(NUMBER) == []


def _end_them_all(kind: str, script: str) -> None:
    """In a process of its own, which becomes their subreaper."""
    import ctypes
    import signal

    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    place = home()
    assert place is not None
    processes: ControlGroup | Descendants = Descendants()
    if kind == "control group":
        processes = ControlGroup(place / f"asyncluster-test-{os.getpid()}")
        processes.make()
    launch(["/bin/sh", "-c", script], WHO, {"PATH": "/usr/bin:/bin"}, processes)
    wait_for(lambda: len(processes_of(NUMBER)) >= 7, "all of them")
    assert set(processes_of(NUMBER)) == set(processes.pids())
    tell(processes, signal.SIGTERM)
    assert len(processes.pids()) >= 4
    processes.kill()
    left = processes_of(NUMBER)
    if isinstance(processes, ControlGroup):
        processes.remove()
    os._exit(1 if left else 0)


def test_drop_refuses_what_it_cannot_do():
    with pytest.raises((PermissionError, RuntimeError)):
        drop(Who(0, 0, (), "/"))


@pytest.mark.root
def test_a_runtime_directory_goes_with_the_last_session(tmp_path):
    place = Path(f"/tmp/asyncluster-runtime-{os.getpid()}")
    first, second = (RuntimeDirectory(WHO, tmp_path, place) for _ in range(2))
    first.make()
    second.make()
    assert first.path.stat().st_mode & 0o7777 == 0o700
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("untouched")
    for name in ("bus", "deep"):
        (first.path / name).mkdir()
        os.chown(first.path / name, NUMBER, NUMBER)
    (first.path / "link").symlink_to(precious)
    first.remove()
    assert second.path.is_dir()
    second.remove()
    assert not second.path.exists()
    assert (precious / "file").read_text() == "untouched"
    place.rmdir()


@pytest.mark.root
def test_what_stands_in_place_of_a_runtime_directory_is_not_used(tmp_path):
    place = tmp_path / "user"
    place.mkdir()
    (place / str(NUMBER)).symlink_to(tmp_path)
    directory = RuntimeDirectory(WHO, tmp_path, place)
    with pytest.raises(Exception, match="not this person"):
        directory.make()


def test_last_words_are_not_read_through_links_or_pipes(tmp_path):
    log = tmp_path / "log"
    assert last_words(log) == ""
    log.write_text("first words\nlast \x1b[2Jwords here\n(EE)\n\n")
    assert last_words(log) == "last [2Jwords here"
    (tmp_path / "link").symlink_to(log)
    assert last_words(tmp_path / "link") == ""
    os.mkfifo(tmp_path / "pipe")
    assert last_words(tmp_path / "pipe") == ""


DROP = """
import os
from asyncluster.ndm.session.launch import Who, drop
os.setgroups([61398]); os.setresgid({0}, {0}, {0}); os.setresuid({0}, {0}, {0})
drop(Who({0}, {0}, (), "/"))
print(os.getgroups())
drop(Who({1}, {0}, (), "/"))
"""


@pytest.mark.root
@pytest.mark.parametrize("other", [0, 61397])
def test_without_root_nobody_becomes_another_and_groups_stay(other):
    """What lets a user's own keeper open that user's session lets nobody into another one's."""
    command = [sys.executable, "-c", DROP.format(NUMBER, other)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.stdout == "[61398]\n"
    assert result.returncode == 1
    assert "Root's rights were not given up." in result.stderr

"""From facts to findings, topic by topic; no machine is looked at."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from asyncluster import __version__
from asyncluster.core.config import Problem, Role, Surroundings, read
from asyncluster.core.config.template import fresh
from asyncluster.doctor import accounts, configuration, displays, examination, files, machine, master, network
from asyncluster.doctor.findings import Finding, Severity

HERE = Surroundings(0, "pc-01", Path("/root"), {})
SETTINGS = read(
    fresh(Role.ALL, HERE, iter(("one-password-here", "another-password")).__next__), Role.ALL, HERE
).settings
assert SETTINGS is not None
assert SETTINGS.server is not None


def only(findings: Iterable[Finding]) -> Finding:
    """The one finding that is not fine."""
    (finding,) = [finding for finding in findings if finding.severity is not Severity.OK]
    assert finding.fix
    return finding


def fine(findings: Iterable[Finding]) -> bool:
    return all(finding.severity is Severity.OK and not finding.fix for finding in findings)


# --- Configuration ------------------------------------------------------------------------------------------


def test_a_good_configuration_is_fine():
    assert fine(configuration.judge(configuration.Facts(Path("/c"), SETTINGS)))


def test_every_problem_and_warning_of_the_file_is_one_of_the_machine():
    problems, warnings = (Problem(3, "server", "subnets", "Wrong."),), (Problem(None, "", "", "Open to all."),)
    found = list(configuration.judge(configuration.Facts(Path("/c"), None, problems, warnings)))
    assert [finding.severity for finding in found] == [Severity.PROBLEM] * 2
    assert found[0].message == "/c: line 3: [server] subnets: Wrong."


@pytest.mark.parametrize(
    ("network", "severity"),
    [
        ("0.0.0.0/0", Severity.PROBLEM),
        ("::/0", Severity.PROBLEM),
        ("8.0.0.0/8", Severity.WARNING),
        ("2001:4860::/32", Severity.WARNING),
        ("10.0.0.0/8", None),
        ("fd00::/8", None),
        ("192.168.135.0/24", None),
        ("8.8.8.8", None),
    ],
)
def test_networks_that_let_in_the_world(network, severity):
    server = replace(SETTINGS.server, subnets=(ip_network(network),))
    found = list(configuration.judge(configuration.Facts(Path("/c"), replace(SETTINGS, server=server))))
    assert only(found).severity is severity if severity else fine(found)


def test_short_passwords_of_people():
    server = replace(SETTINGS.server, minimum_password_length=4)
    found = configuration.judge(configuration.Facts(Path("/c"), replace(SETTINGS, server=server)))
    assert "4 characters" in only(found).message


# --- Accounts -----------------------------------------------------------------------------------------------

ACCOUNTS = accounts.Facts(
    root=True,
    daemon=True,
    greeter=True,
    worker="asyncluster-job",
    worker_dedicated=True,
    worker_groups=(),
    worker_runs=True,
    operators=True,
)
EVERYTHING = {"master": True, "node": True, "displays": True}


def test_all_accounts_are_fine():
    assert fine(accounts.judge(ACCOUNTS, **EVERYTHING))


@pytest.mark.parametrize(
    ("change", "severity", "words"),
    [
        ({"daemon": False}, Severity.PROBLEM, "the master runs as root"),
        ({"greeter": False}, Severity.WARNING, "asyncluster-greeter"),
        ({"operators": False}, Severity.WARNING, "asyncluster-admin"),
        ({"worker": ""}, Severity.PROBLEM, "no job can run"),
        ({"worker": "root", "worker_dedicated": False}, Severity.PROBLEM, "Jobs run as root"),
        ({"worker": "nobody", "worker_dedicated": False}, Severity.WARNING, "Jobs run as nobody"),
        ({"worker_runs": False}, Severity.PROBLEM, "cannot execute this Python"),
        ({"worker_groups": ("asyncluster-admin",)}, Severity.PROBLEM, "every job can give orders"),
    ],
)
def test_accounts_that_are_wrong(change, severity, words):
    found = only(accounts.judge(replace(ACCOUNTS, **change), **EVERYTHING))
    assert found.severity is severity
    assert words in found.message


def test_a_node_alone_needs_no_operators_and_can_do_with_another_daemon_account():
    facts = replace(ACCOUNTS, daemon=False, greeter=False, operators=False)
    found = only(accounts.judge(facts, master=False, node=True, displays=False))
    assert found.severity is Severity.WARNING
    assert "runs as daemon" in found.message


def test_without_root_accounts_do_not_matter():
    facts = replace(ACCOUNTS, root=False, daemon=False, worker="")
    assert fine(accounts.judge(facts, **EVERYTHING))


# --- Files --------------------------------------------------------------------------------------------------

KEY = files.Place(Path("/s/master.pem"), "the master's key", stat.S_IFREG, files.Guard.READERS)
FOLDER = files.Place(Path("/s"), "the state directory", stat.S_IFDIR, files.Guard.WRITERS)
SOCKET = files.Place(Path("/r/control.sock"), "the control socket", stat.S_IFSOCK, files.Guard.WRITERS)


def seen(place: files.Place, mode: int, uid: int = 0, kind: int | None = None) -> list[files.Seen]:
    return [files.Seen(place, uid, "mallory" if uid else "root", (kind or place.kind) | mode)]


@pytest.mark.parametrize(
    ("place", "mode"), [(KEY, 0o600), (KEY, 0o400), (FOLDER, 0o755), (FOLDER, 0o700), (SOCKET, 0o660)]
)
def test_files_that_are_as_they_should_be(place, mode):
    assert fine(files.judge(seen(place, mode), {0}))


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        (seen(KEY, 0o644), "Others can read the master's key"),
        (seen(KEY, 0o640), "Others can read the master's key"),
        (seen(KEY, 0o602), "Others can write to the master's key"),
        (seen(FOLDER, 0o775), "Others can write to the state directory"),
        (seen(FOLDER, 0o1777), "Others can write to the state directory"),
        (seen(SOCKET, 0o666), "Others can write to the control socket"),
        (seen(SOCKET, 0o660, uid=1000), "mallory owns the control socket"),
        (seen(SOCKET, 0o600, kind=stat.S_IFREG), "Something else is where the control socket"),
        (seen(KEY, 0o777, kind=stat.S_IFLNK), "Something else is where the master's key"),
    ],
)
def test_files_that_are_not(entries, words):
    found = only(files.judge(entries, {0, 990}))
    assert found.severity is Severity.PROBLEM
    assert words in found.message


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:////var/lib/a.db", "/var/lib/a.db"),
        ("sqlite+pysqlite:////a.db?timeout=3", "/a.db"),
        ("sqlite://", None),
        ("postgresql:///a", None),
        ("postgresql://u:p@h/a", None),
    ],
)
def test_the_file_of_a_database(url, path):
    assert files.sqlite_file(url) == (Path(path) if path else None)


# --- Master and network -------------------------------------------------------------------------------------

MASTER = master.Facts(__version__, "", "0003", "0003", "")
NETWORK = network.Facts("main", 9080, ("192.168.135.1",), "")


def test_a_good_master_and_the_way_to_it():
    assert fine(master.judge(MASTER))
    assert fine(master.judge(replace(MASTER, schema=None)))
    assert fine(network.judge(NETWORK))


@pytest.mark.parametrize(
    ("change", "severity", "words"),
    [
        ({"release": "", "silence": "No master answers."}, Severity.PROBLEM, "No master answers."),
        ({"release": "0.9"}, Severity.WARNING, "version 0.9"),
        ({"schema": "0001"}, Severity.PROBLEM, "schema 0001"),
        ({"schema": "memory"}, Severity.WARNING, "gone when the master ends"),
        ({"database_trouble": "The database cannot be reached."}, Severity.PROBLEM, "cannot be reached"),
    ],
)
def test_a_master_in_trouble(change, severity, words):
    found = only(master.judge(replace(MASTER, **change)))
    assert found.severity is severity
    assert words in found.message


def test_a_name_without_an_address_and_a_port_without_a_master():
    assert "has no address" in only(network.judge(replace(NETWORK, addresses=(), trouble="unknown"))).message
    refused = only(network.judge(replace(NETWORK, trouble="Connection refused")))
    assert "main (192.168.135.1), port 9080: Connection refused" in refused.message


# --- Machine ------------------------------------------------------------------------------------------------

MACHINE = machine.Facts(
    now=1_795_000_000,
    synchronised=True,
    zone="Europe/Berlin",
    kernel=(6, 1),
    groups=True,
    memory_files=True,
    files=1 << 19,
    free=1 << 40,
    systemd=True,
    units=frozenset({"master", "node"}),
    links=True,
)


def test_a_machine_in_order():
    assert fine(machine.judge(MACHINE, master=True, node=True))
    assert fine(machine.judge(replace(MACHINE, systemd=False, units=frozenset()), master=True, node=True))
    assert fine(machine.judge(replace(MACHINE, files=-1), master=True, node=True))  # no limit


@pytest.mark.parametrize(
    ("change", "severity", "words"),
    [
        ({"now": 0.0}, Severity.PROBLEM, "years behind"),
        ({"synchronised": False}, Severity.WARNING, "keeps the clock"),
        ({"zone": ""}, Severity.PROBLEM, "TZ names no time zone"),
        ({"kernel": (5, 13)}, Severity.WARNING, "Linux 5.13"),
        ({"groups": False}, Severity.WARNING, "control groups"),
        ({"links": False}, Severity.WARNING, "links in /tmp"),
        ({"memory_files": False}, Severity.PROBLEM, "memfd"),
        ({"files": 1024}, Severity.WARNING, "1024 files"),
        ({"free": 900 << 20}, Severity.WARNING, "900 MB"),
        ({"free": 1 << 20}, Severity.PROBLEM, "1 MB"),
        ({"units": frozenset({"master"})}, Severity.WARNING, "Nothing starts the node"),
    ],
)
def test_a_machine_in_trouble(change, severity, words):
    found = only(machine.judge(replace(MACHINE, **change), master=True, node=True))
    assert found.severity is severity
    assert words in found.message


# --- Displays -----------------------------------------------------------------------------------------------

DISPLAYS = displays.Facts(
    root=True,
    x_server="Xorg",
    x_server_found=True,
    window_manager="/usr/bin/icewm",
    window_manager_found=True,
    sessions=2,
    pam=True,
    qt=True,
    fonts=True,
    sockets_safe=True,
    run_safe=True,
)


def test_displays_in_order():
    assert fine(displays.judge(DISPLAYS))
    assert fine(displays.judge(replace(DISPLAYS, window_manager="", window_manager_found=False)))


@pytest.mark.parametrize(
    ("change", "severity", "words"),
    [
        ({"root": False}, Severity.PROBLEM, "need root"),
        ({"x_server_found": False}, Severity.PROBLEM, "Xorg is not installed"),
        ({"window_manager_found": False}, Severity.WARNING, "icewm is not installed"),
        ({"window_manager_found": False, "sessions": 0}, Severity.PROBLEM, "icewm is not installed"),
        ({"window_manager": "", "sessions": 0}, Severity.PROBLEM, "no session"),
        ({"pam": False}, Severity.WARNING, "/etc/pam.d/asyncluster"),
        ({"qt": False}, Severity.PROBLEM, "PyQt6"),
        ({"fonts": False}, Severity.WARNING, "fonts"),
        ({"sockets_safe": False}, Severity.PROBLEM, "/tmp/.X11-unix"),
        ({"run_safe": False}, Severity.PROBLEM, "/run/asyncluster-node"),
    ],
)
def test_displays_in_trouble(change, severity, words):
    found = only(displays.judge(replace(DISPLAYS, **change)))
    assert found.severity is severity
    assert words in found.message


# --- Parts --------------------------------------------------------------------------------------------------


def test_the_parts_of_a_machine():
    shown = replace(SETTINGS, display=replace(SETTINGS.display, displays=(":0",)))
    node = replace(SETTINGS, server=None)
    assert examination.parts(SETTINGS, node_was_here=False) == examination.Parts(True, False, False)
    assert examination.parts(SETTINGS, node_was_here=True) == examination.Parts(True, True, False)
    assert examination.parts(node, node_was_here=False) == examination.Parts(False, True, False)
    assert examination.parts(shown, node_was_here=False) == examination.Parts(True, True, True)

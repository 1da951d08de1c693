"""The command, and looking at this very machine."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.processes import RealCluster

from asyncluster.core.commands.options import GlobalOptions
from asyncluster.core.config import Role, Settings, load
from asyncluster.core.database.database import Database
from asyncluster.core.database.schema import REVISION
from asyncluster.doctor import accounts, displays, files, machine, master, network
from asyncluster.doctor.command import doctor
from asyncluster.doctor.findings import Severity


@pytest.fixture
def configuration(tmp_path: Path) -> RealCluster:
    """A valid configuration whose master does not run."""
    return RealCluster(tmp_path, database=f"sqlite:///{tmp_path}/asyncluster.db")


@pytest.fixture
def settings(configuration: RealCluster) -> Settings:
    return load(configuration.config, Role.MASTER)[0]


def run(configuration: RealCluster, *arguments: str, quiet: bool = False) -> Result:
    return CliRunner().invoke(doctor, arguments, obj=GlobalOptions(config=configuration.config, quiet=quiet))


def test_problems_are_told_with_their_fix_and_the_exit_code(configuration):
    configuration.config.chmod(0o666)
    result = run(configuration)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "Configuration"
    (at,) = [number for number, line in enumerate(lines) if "Others can write the file" in line]
    assert lines[at].startswith("  ✗ problem  ")
    assert lines[at + 1].strip().startswith("→ ")
    assert "problem" in lines[-1]


def test_json_has_one_object_for_each_finding(configuration):
    configuration.config.chmod(0o644)
    result = run(configuration, "--json")
    assert result.exit_code == 1
    findings = json.loads(result.stdout)
    assert all(sorted(finding) == ["fix", "message", "severity", "topic"] for finding in findings)
    assert all(bool(finding["fix"]) == (finding["severity"] != "ok") for finding in findings)
    assert any("Everybody can read the file" in finding["message"] for finding in findings)


def test_no_secret_is_shown(configuration, settings):
    for arguments in ([], ["--json"]):
        shown = run(configuration, *arguments).output
        assert settings.client.password not in shown
        assert settings.common.server_password not in shown


def test_a_missing_configuration_does_not_stop_it(tmp_path):
    result = CliRunner().invoke(doctor, ["--json"], obj=GlobalOptions(config=tmp_path / "none"))
    assert result.exit_code == 1
    topics = {finding["topic"] for finding in json.loads(result.stdout)}
    assert topics == {"Configuration", "Machine"}


def test_quiet_tells_only_what_is_not_fine(configuration):
    assert "✓" not in run(configuration, quiet=True).stdout


def test_it_changes_nothing(configuration, settings):
    with Database(settings.server.database):
        pass
    configuration.config.chmod(0o600)
    before = {path: path.lstat().st_mtime_ns for path in [configuration.folder, *configuration.folder.rglob("*")]}
    run(configuration)
    assert {
        path: path.lstat().st_mtime_ns for path in [configuration.folder, *configuration.folder.rglob("*")]
    } == before


def test_a_running_master_is_asked(configuration, settings):
    configuration.start_master()
    try:
        facts = master.look(settings)
        assert facts.schema == facts.needed_schema == REVISION
        assert all(finding.severity is Severity.OK for finding in master.judge(facts))
        assert network.look(settings.client.host, settings.common.tcp_port).trouble == ""
        assert [finding.message for finding in files.judge(files.look(settings), files.trusted()) if finding.fix] == []
        places = {entry.place.what for entry in files.look(settings)}
        assert {"the control socket", "the master's key", "the database", "the state directory"} <= places
    finally:
        configuration.stop()


def test_nobody_at_the_socket_and_nobody_at_the_port(settings):
    facts = master.look(settings)
    assert facts.release == ""
    assert str(settings.common.socket) in facts.silence
    assert network.look(settings.client.host, settings.common.tcp_port).trouble


def test_a_name_that_does_not_resolve(monkeypatch):
    def unknown(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert network.look("main", 9080) == network.Facts("main", 9080, (), "Name or service not known")


@pytest.mark.parametrize(
    ("make", "schema", "trouble"),
    [
        (lambda path: None, None, ""),
        (lambda path: path.write_bytes(b""), None, ""),
        (lambda path: path.write_bytes(b"no database" * 1000), None, "cannot be read: file is not a database"),
        (lambda path: _old(path), "0000", ""),
    ],
    ids=["missing", "empty", "garbage", "old"],
)
def test_databases_that_are_not_there_yet_or_not_right(settings, make: Callable[[Path], object], schema, trouble):
    path = files.sqlite_file(settings.server.database)
    make(path)
    facts = master.look(settings)
    assert facts.schema == schema
    assert trouble in facts.database_trouble
    assert bool(trouble) == bool(facts.database_trouble)


def _old(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.execute("INSERT INTO alembic_version VALUES ('0000')")
    connection.close()


def test_a_database_in_memory_and_one_that_cannot_be_reached(settings):
    def look(url: str) -> master.Facts:
        return master.look(replace(settings, server=replace(settings.server, database=url)))

    assert look("sqlite://").schema == "memory"
    trouble = look("postgresql://nobody:s3cret@127.0.0.1:1/none").database_trouble
    assert trouble.startswith("The database cannot be reached")
    assert "s3cret" not in trouble


def test_a_squatted_socket_is_seen(settings):
    settings.common.socket.write_text("mine")
    found = [finding for finding in files.judge(files.look(settings), files.trusted()) if finding.fix]
    assert ["control socket" in finding.message for finding in found] == [True]


@pytest.mark.root
def test_whether_workers_could_run_is_tried(tmp_path, monkeypatch):
    assert accounts.look(("nobody",), node=True).worker_runs is True
    tmp_path.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    assert accounts.look(("nobody",), node=True).worker_runs is False
    assert accounts.look(("nobody",), node=False).worker_runs is None


def test_accounts_that_do_not_exist():
    facts = accounts.look(("no-such-account-here",), node=False)
    assert facts.worker == ""
    assert facts.root == (os.geteuid() == 0)


def test_this_machine_can_be_looked_at(settings, tmp_path):
    facts = machine.look(tmp_path / "not" / "yet")
    assert facts.memory_files
    assert facts.free > 0
    assert facts.kernel >= (5, 0)
    shown = displays.look(replace(settings.display, x_server=("no-such-x-server",)))
    assert not shown.x_server_found
    assert shown.window_manager == "/usr/bin/startkde"


def test_directories_that_others_can_change_are_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(displays, "_SOCKETS", tmp_path)
    tmp_path.chmod(0o777)
    configuration = RealCluster(tmp_path)
    settings, _ = load(configuration.config, Role.NODE)
    assert not displays.look(settings.display).sockets_safe

"""`asyncluster node run`: what goes from the command line and the configuration to the daemon."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from asyncluster.core.commands.options import GlobalOptions
from asyncluster.core.errors import UsageError
from asyncluster.ndm import commands
from asyncluster.ndm.node import daemon
from asyncluster.ndm.node.settings import NodeSettings
from asyncluster.ndm.steward import running

CONFIGURATION = """
[client]
host = main
user = test
password = sentinel-of-the-nodes
workers = 3
worker memory = 1 GiB
worker user = {worker_user}
when in use = stop
node name = pc7
[common]
tcp port = 9080
server password = sentinel-of-the-master
[display]
size = 300, 200
window manager = /usr/bin/startkde
niceness = 10
displays = :5
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command as some user; returns who would have run which settings."""
    ran: list[tuple[str, NodeSettings]] = []
    monkeypatch.setattr(daemon, "run", lambda node, **_options: ran.append(("daemon", node)))
    monkeypatch.setattr(running, "run", lambda _settings, node, **_options: ran.append(("steward", node)))

    def run(*arguments: str, uid: int = 1000, worker_user: str = "nobody") -> tuple[str, NodeSettings]:
        path = tmp_path / "asyncluster.conf"
        path.write_text(CONFIGURATION.format(worker_user=worker_user))
        path.chmod(0o600)
        monkeypatch.setattr("os.geteuid", lambda: uid)
        path_owner = path.stat().st_uid
        monkeypatch.setattr("asyncluster.core.config.surroundings.os.geteuid", lambda: path_owner)
        monkeypatch.setattr("asyncluster.ndm.commands.os.geteuid", lambda: uid)
        result = CliRunner().invoke(commands.run, arguments, obj=GlobalOptions(config=path))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return ran.pop()

    return run


def test_the_configuration_reaches_the_daemon(run):
    who, node = run(uid=0)
    assert who == "steward"
    assert (node.host, node.port, node.user, node.name) == ("main", 9080, "test", "pc7")
    assert (node.slots, node.memory, node.when_in_use, node.displays) == (3, 2**30, "stop", (":5",))
    assert "sentinel" not in repr(node)


def test_the_command_line_goes_before_it(run):
    _who, node = run("--workers", "1", "--display", ":1", "--display", ":2", uid=0)
    assert (node.slots, node.displays) == (1, (":1", ":2"))


def test_without_root_there_are_workers_only(run):
    who, node = run("--headless")
    assert (who, node.displays) == ("daemon", ())
    with pytest.raises(UsageError, match="Displays need root"):
        run()


def test_headless_and_displays_exclude_each_other(run):
    with pytest.raises(UsageError, match="exclude each other"):
        run("--headless", "--display", ":1")


def test_root_has_a_steward_unless_all_is_to_run_as_root(run):
    assert run(uid=0)[0] == "steward"
    assert run("--headless", uid=0, worker_user="root")[0] == "daemon"
    assert run(uid=0, worker_user="root")[0] == "steward"  # displays need one


@pytest.mark.parametrize("display", ["77", ":x", "", ":99999", "pc:1"])
def test_what_is_no_display_is_refused_before_anything_starts(run, display):
    with pytest.raises(UsageError, match="--display must be X displays"):
        run("--display", display, uid=0)

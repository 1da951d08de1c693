from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from asyncluster.core.resources import resource
from asyncluster.ndm import install


@pytest.fixture
def accounts(monkeypatch):
    """Accounts that are made by this test alone; the commands that make them."""
    made: set[str] = set()
    commands: list[list[str]] = []

    def run(argv):
        commands.append(list(argv))
        made.add(argv[-1])

    class Found:
        pw_uid, pw_gid = os.getuid(), os.getgid()

    monkeypatch.setattr(install, "find_account", lambda name: Found() if name in made else None)
    monkeypatch.setattr(install.Group, "is_done", lambda self: self.name in made)
    return run, commands


@pytest.mark.parametrize("plan", [install.master_plan, install.node_plan])
def test_a_second_run_does_nothing(tmp_path, accounts, plan, capsys):
    run, commands = accounts
    assert install.carry_out(plan(tmp_path, "/opt/asyncluster", run), dry_run=False)
    first = list(commands)
    assert {argv[0] for argv in first} <= {"useradd", "groupadd"}
    assert not install.carry_out(plan(tmp_path, "/opt/asyncluster", run), dry_run=False)
    assert commands == first
    assert "made:" not in capsys.readouterr().out.partition("there already")[2]


@pytest.mark.parametrize("plan", [install.master_plan, install.node_plan])
def test_a_dry_run_changes_nothing(tmp_path, accounts, plan, capsys):
    run, commands = accounts
    assert install.carry_out(plan(tmp_path, "/opt/asyncluster", run), dry_run=True)
    assert (list(tmp_path.iterdir()), commands) == ([], [])
    assert "would make: user asyncluster" in capsys.readouterr().out


def test_accounts_have_no_shell_and_no_home(tmp_path, accounts):
    run, commands = accounts
    install.carry_out(install.node_plan(tmp_path, "/opt/asyncluster", run), dry_run=False)
    assert [argv[-1] for argv in commands] == ["asyncluster", "asyncluster-job", "asyncluster-greeter"]
    for argv in commands:
        assert {"--system", "--no-create-home"} <= set(argv)
        assert argv[argv.index("--shell") + 1].endswith(("nologin", "false"))


def test_what_an_administrator_changed_is_kept_and_what_is_ours_is_brought_up_to_date(tmp_path, accounts):
    run, _ = accounts
    plan = install.node_plan(tmp_path, "/opt/asyncluster", run)
    install.carry_out(plan, dry_run=False)
    pam, unit = tmp_path / install.PAM, tmp_path / install.UNITS / "asyncluster-node.service"
    pam.write_text("# mine\n")
    unit.write_text("# old\n")
    assert install.carry_out(plan, dry_run=False)
    assert pam.read_text() == "# mine\n"
    assert "ExecStart=/opt/asyncluster node run" in unit.read_text()


def test_packages_make_the_same_accounts():
    lines = resource("sysusers.d/asyncluster.conf").read_text().splitlines()
    listed = [line.split()[:2] for line in lines if line and not line.startswith("#")]
    expected = [["u", name] for name in install.NODE_ACCOUNTS] + [["g", install.OPERATORS]]
    assert listed == expected


@pytest.mark.parametrize("unit", ["asyncluster-master.service", "asyncluster-node.service"])
def test_units_start_what_there_is(unit):
    text = resource(f"systemd/{unit}").read_text()
    assert {"Type=notify", "LimitNOFILE=16384"} <= set(text.splitlines())
    assert "WatchdogSec=" in text
    assert text.count("@program@") == 1


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize(
    "command",
    [
        ["verify", "asyncluster-master.service"],
        ["verify", "asyncluster-node.service"],
        # The node's cannot be: whatever it forbade would be forbidden to people's sessions.
        ["security", "--offline=true", "--threshold=50", "asyncluster-master.service"],
    ],
    ids=" ".join,
)
def test_systemd_finds_no_fault_in_the_units(tmp_path, command):
    *options, unit = command
    (tmp_path / unit).write_text(resource(f"systemd/{unit}").read_text().replace("@program@", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", *options, tmp_path / unit], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Unknown" not in done.stderr


def test_only_root_installs(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    result = CliRunner().invoke(install.install_node, [])
    assert "Only root" in str(result.exception)
    assert CliRunner().invoke(install.install_node, ["--dry-run"]).exit_code == 0


def test_a_failing_command_says_what_failed():
    with pytest.raises(install.AsynClusterError, match="not installed"):
        install._run(["asyncluster-no-such-program"])
    with pytest.raises(install.AsynClusterError, match="false failed"):
        install._run(["false"])
    assert Path(install._program()).is_absolute()

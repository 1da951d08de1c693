from __future__ import annotations

import os

import pytest

from asyncluster.core.errors import ConfigError, ExitCode
from asyncluster.ndm.steward.spawn import User
from asyncluster.ndm.steward.users import check_runs, first_account


def test_the_first_account_that_exists_is_taken():
    user = first_account(["no-such-account", "nobody", "daemon"], "workers")
    assert (user.name, user.dedicated) == ("nobody", False)


def test_an_account_of_its_own_is_dedicated():
    assert first_account(["games"], "workers").dedicated
    assert not first_account(["root"], "workers").dedicated


def test_without_an_account_it_says_how_to_make_one():
    with pytest.raises(ConfigError, match="useradd --system --no-create-home --shell /usr/sbin/nologin jobber"):
        first_account(["jobber", "nobbody"], "workers")


@pytest.mark.root
def test_an_account_that_can_run_the_package_is_fine():
    check_runs((first_account(["nobody"], "workers"), "asyncluster.ndm.worker.loop"))


@pytest.mark.root
def test_an_account_that_cannot_run_the_interpreter_is_refused(tmp_path, monkeypatch):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "python").symlink_to("/usr/bin/python3")
    monkeypatch.setattr("sys.executable", str(closed / "python"))
    with pytest.raises(ConfigError, match=r"cannot run .*closed/python.*Install AsynCluster where") as caught:
        check_runs((first_account(["nobody"], "workers"), "asyncluster"))
    assert caught.value.exit_code == ExitCode.CONFIG


def test_a_package_that_cannot_be_read_is_refused():
    with pytest.raises(ConfigError):
        check_runs((User("me", os.getuid(), os.getgid(), dedicated=False), "asyncluster.no_such_module"))

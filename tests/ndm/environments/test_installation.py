"""The installing process as the node daemon has it: real processes, in the real reactor."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.reactor import ReactorThread
from support.waiting import wait_for

from asyncluster.ndm.environments import installation
from asyncluster.ndm.environments.installation import Installation

FOR_EVER = "import signal; signal.pause()"


class Site:
    """Starts programs as if they were the installer, and keeps what is heard of them."""

    def __init__(self, thread: ReactorThread, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.thread = thread
        self.directory = directory
        self.words: list[str] = []
        self.process: Installation | None = None
        self._monkeypatch = monkeypatch

    def begin(self, program: str) -> Installation:
        """Starts a program, which finds `folder` and `target` in sys.argv."""
        command = lambda folder, target: [sys.executable, "-c", program, str(folder), str(target)]  # noqa: E731
        self._monkeypatch.setattr(installation, "program", command)
        self.process = self.thread.call(
            Installation, self.thread.reactor, self.directory, Path("in"), Path("out"), self.words.append
        )
        return self.process

    def end(self) -> str:
        """What is heard when it is over."""
        self.thread.wait_until(lambda: self.words, 30)
        return self.words.pop()


@pytest.fixture
def site(reactor_thread: ReactorThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    site = Site(reactor_thread, tmp_path, monkeypatch)
    yield site
    if site.process is not None:
        reactor_thread.call(site.process.close)


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_it_works_in_the_directory_and_says_nothing_when_it_is_done(site: Site) -> None:
    process = site.begin("import os, sys; os.mkdir(sys.argv[2])")
    assert site.end() == ""
    assert (site.directory / "out").is_dir()
    assert is_gone(process.pid)


def test_its_own_words_are_the_reason(site: Site) -> None:
    site.begin("import sys; print('The wheel x.whl is damaged.'); sys.exit(1)")
    assert site.end() == "The wheel x.whl is damaged."


def test_one_that_ends_without_words_is_told_by_its_status(site: Site) -> None:
    site.begin("import sys; sys.exit(7)")
    assert site.end() == "The installation ended with status 7."


def test_one_that_is_killed_took_too_much(site: Site) -> None:
    process = site.begin(FOR_EVER)
    os.kill(process.pid, signal.SIGKILL)
    assert site.end() == "Installing it took too long or too much memory, and was ended."


def test_one_that_takes_too_long_is_ended(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "PATIENCE", 0.2)
    process = site.begin(FOR_EVER)
    assert "took too long" in site.end()
    assert is_gone(process.pid)


def test_when_it_is_closed_the_process_is_gone_and_nothing_is_told(site: Site) -> None:
    process = site.begin(FOR_EVER)
    site.thread.call(process.close)
    site.thread.call(process.close)  # once more does no harm
    wait_for(lambda: is_gone(process.pid), "the end of the process")
    assert site.words == []


def test_secrets_of_the_environment_do_not_reach_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASYNCLUSTER_SECRET", "S3NTINEL")
    site.begin("import os, sys; print(sorted(set(os.environ) - {'LC_CTYPE'})); sys.exit(1)")
    names = site.end()
    assert "ASYNCLUSTER_SECRET" not in names
    assert "PATH" in names


def test_without_a_descriptor_it_does_not_begin(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(pid: int) -> int:
        started.append(pid)
        raise OSError(24, "Too many open files")

    started: list[int] = []
    monkeypatch.setattr(os, "pidfd_open", none_left)
    with pytest.raises(OSError, match="Too many open files"):
        site.begin(FOR_EVER)
    assert is_gone(started[0])

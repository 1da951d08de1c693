"""The process that keeps a `LocalCluster`'s processes: it starts them, and nothing of them outlives their owner.

    python -m asyncluster.core.client.guardian DIRECTORY NODES

The directory, private to the user, holds master.conf, node-1.conf and so on. What happens is told on standard output,
one JSON object a line: {"started": {"master": pid, ...}} when all are ready, or {"failed": "master", "words": "..."}.

The owner holds the other end of standard input. When that closes, however the owner came to its end, everything is
ended, orphans of orphans included, and the directory is removed. Should this process be killed itself, the kernel kills
the daemons, and they their workers.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

#: Seconds for master and nodes to come up, and for their orderly end.
START_SECONDS = 60.0
END_SECONDS = 10.0

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_libc = ctypes.CDLL(None, use_errno=True)


class Failed(Exception):
    """A daemon did not come up."""


class Guardian:
    """Starts the daemons of a local cluster and ends them.

    Args:
        directory: theirs, with their configurations.
        owner: process id of whoever the cluster belongs to.
    """

    def __init__(self, directory: Path, owner: int) -> None:
        self._directory = directory
        self._owner = owner
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self._ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ready.bind(str(directory / "ready"))
        os.chmod(directory / "ready", 0o666)  # noqa: S103 - daemons may have become another user by then

    def start(self, nodes: int) -> dict[str, int]:
        """Starts the master and the nodes, who look for it until it is there; returns their process ids.

        Raises:
            Failed: one of them ended, or took too long; or the owner is gone.
        """
        deadline = time.monotonic() + START_SECONDS
        self._spawn("master", "master", "run")
        for number in range(1, nodes + 1):
            self._spawn(f"node-{number}", "node", "run", "--headless")
        self._wait_until_ready(1 + nodes, deadline)
        return {name: daemon.pid for name, daemon in self._daemons.items()}

    def _spawn(self, name: str, *command: str) -> None:
        config = self._directory / f"{name}.conf"
        with open(self._directory / f"{name}.log", "wb") as log:
            self._daemons[name] = subprocess.Popen(
                [sys.executable, "-P", "-m", "asyncluster", "--config", str(config), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._directory,
                env={**os.environ, "NOTIFY_SOCKET": str(self._directory / "ready")},
                preexec_fn=_die_with_parent,
            )

    def _wait_until_ready(self, count: int, deadline: float) -> None:
        while count:
            if not self.owned():
                raise Failed("owner", "The program that started the cluster is gone.")
            for name, daemon in self._daemons.items():
                if daemon.poll() is not None:
                    raise Failed(name, self._last_words(name))
            if time.monotonic() > deadline:
                raise Failed("cluster", f"It did not come up within {START_SECONDS:g} s.")
            # Ready daemons write; whether one has died instead is looked at now and then.
            if select.select([self._ready], [], [], 0.2)[0]:
                count -= b"READY=1" in self._ready.recv(4096).split(b"\n")

    def _last_words(self, name: str) -> str:
        log = (self._directory / f"{name}.log").read_text(errors="replace")
        return "\n".join(log.strip().splitlines()[-5:])

    def owned(self) -> bool:
        """Whether the owner lives and wants its cluster."""
        return os.getppid() == self._owner and not select.select([sys.stdin], [], [], 0)[0]

    def wait_for_the_end(self) -> None:
        """Returns when the owner is gone, or wants no more."""
        # Its end of the pipe may have been inherited by a process that it forked: so look at its life as well.
        while os.getppid() == self._owner and not select.select([sys.stdin], [], [], 1.0)[0]:
            for daemon in self._daemons.values():
                daemon.poll()

    def end(self) -> None:
        """Ends all daemons and whatever they left behind, and removes the directory."""
        # Nodes first: they end their workers themselves if they are given the time.
        deadline = time.monotonic() + END_SECONDS
        for daemon in reversed(self._daemons.values()):
            daemon.terminate()
        for daemon in self._daemons.values():
            try:
                daemon.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self._ready.close()
        while children := _children():
            for child in children:
                os.kill(child, signal.SIGKILL)
            for child in children:
                os.waitpid(child, 0)
        shutil.rmtree(self._directory, ignore_errors=True)


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _children() -> list[int]:
    """Children of this process, orphans that became its children included."""
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def main(directory: str, nodes: str, owner: str) -> None:
    """Runs a cluster until its owner is gone."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: sys.exit())
    guardian = Guardian(Path(directory), int(owner))
    try:
        print(json.dumps({"started": guardian.start(int(nodes))}), flush=True)
        guardian.wait_for_the_end()
    except Failed as failed:
        print(json.dumps({"failed": failed.args[0], "words": failed.args[1]}), flush=True)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        guardian.end()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A real master frees what refers to itself, as connections that have ended do, though nothing else happens."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.processes import RealCluster
from support.waiting import wait_for

PROGRAM = """
import os, sys, weakref
from pathlib import Path
from asyncluster.core.master import service
from asyncluster.core.wire import limits

class Circle:
    def __init__(self):
        self.myself = self
        weakref.finalize(self, Path(os.environ["FREED"]).touch)

class Master(service.Master):
    def start(self):
        from twisted.internet import reactor
        super().start()
        reactor.callWhenRunning(Circle)  # what is made now is never looked at again

limits.SWEEP_SECONDS = 0.1
service.Master = Master
from asyncluster.__main__ import main
sys.exit(main())
"""


def test_what_refers_to_itself_is_freed_now_and_then(tmp_path: Path, real_cluster: RealCluster) -> None:
    freed = tmp_path / "freed"
    arguments = ["-q", "--config", str(real_cluster.config), "master", "run"]
    master = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], env={**os.environ, "FREED": str(freed)})
    try:
        wait_for(freed.exists, "the sweep")
    finally:
        master.terminate()
        assert master.wait(20) == 0

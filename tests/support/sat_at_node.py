"""`python tests/support/sat_at_node.py ...`: a node daemon like any other, to which people come by signal.

SIGUSR1: somebody sits down. SIGUSR2: they have gone. Sessions need root and displays; what they mean for workers does
not, and this is all that the node's workers ever learn of them.

TEST_RENEW_AFTER in the environment: seconds after which the node renews its certificate, whatever the master says.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from msgspec.structs import replace


def main() -> None:
    """The command line, with the node daemon changed."""
    from asyncluster.__main__ import main as command_line
    from asyncluster.ndm.node import daemon

    class WatchedDaemon(daemon.NodeDaemon):
        def start(self) -> None:
            from twisted.internet import reactor  # not before the daemon has installed its own

            super().start()
            call: Any = reactor
            for number, people in ((signal.SIGUSR1, 1), (signal.SIGUSR2, 0)):
                signal.signal(number, lambda *_, people=people: call.callFromThread(self.shell.people, people))

    daemon.NodeDaemon = WatchedDaemon  # type: ignore[misc]
    if "TEST_RENEW_AFTER" in os.environ:
        _renew_after(int(os.environ["TEST_RENEW_AFTER"]))
    command_line()


def _renew_after(seconds: int) -> None:
    """Has the node's crew renew its certificate earlier."""
    from asyncluster.ndm.engine.crew import Crew

    passed = Crew.passed
    Crew.passed = lambda crew, message, now: passed(crew, replace(message, renew=seconds), now)  # type: ignore[method-assign]


if __name__ == "__main__":
    main()

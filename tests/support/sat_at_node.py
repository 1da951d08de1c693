"""`python tests/support/sat_at_node.py ...`: a node daemon like any other, to which people come by signal.

SIGUSR1: somebody sits down. SIGUSR2: they have gone. Sessions need root and displays; what they mean for workers does
not, and this is all that the node's workers ever learn of them.
"""

from __future__ import annotations

import signal
from typing import Any


def main() -> None:
    """The command line, with the node daemon changed."""
    from twisted.internet import reactor

    from asyncluster.__main__ import main as command_line
    from asyncluster.ndm.node import daemon

    class WatchedDaemon(daemon.NodeDaemon):
        def start(self) -> None:
            super().start()
            call: Any = reactor
            for number, people in ((signal.SIGUSR1, 1), (signal.SIGUSR2, 0)):
                signal.signal(number, lambda *_, people=people: call.callFromThread(self.shell.people, people))

    daemon.NodeDaemon = WatchedDaemon  # type: ignore[misc]
    command_line()


if __name__ == "__main__":
    main()

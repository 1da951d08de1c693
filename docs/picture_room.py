"""Twenty-four PCs for the pictures of the console: they speak the real protocol to a real master, people included.

    python docs/picture_room.py CONFIG

Everybody's password comes by standard input.

What they have not got is workers: a call is answered after some seconds, a few of them with an exception. Prints a
line when everybody is there, and stays until it is ended.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from twisted.internet.endpoints import TCP4ClientEndpoint

from asyncluster.core.config import Role, load
from asyncluster.core.net.connector import MasterConnector
from asyncluster.core.net.link import Link
from asyncluster.core.net.pin import MasterPin
from asyncluster.core.wire import messages as m
from asyncluster.core.wire import people as p
from asyncluster.core.wire.passwords import LoginKeys
from benchmarks.simulated_nodes import SimulatedNode, Tally

#: Who sits at which PC, hours they have a day, and how many cores their own programs keep busy.
PEOPLE = {
    "pc01": ("mkoval", 2.0, 2), "pc03": ("trey", 0.65, 3), "pc05": ("amori", 3.1, 1), "pc07": ("lfischer", 0.21, 4),
    "pc09": ("jberg", 2.4, 8), "pc11": ("pnair", 1.2, 1), "pc12": ("wzhang", 0.8, 2), "pc14": ("shaddad", 2.9, 3),
    "pc17": ("cmartin", 0.08, 4), "pc20": ("dosei", 1.6, 2),
}  # fmt: skip
COUNT = 24
LARGE = frozenset(("pc08", "pc13", "pc14", "pc15", "pc16", "pc17", "pc18"))
GONE = "pc19"  # was there, and is away now
SUSPENDED = "pc09"
FULL = "pc22"
_TELEMETRY_SECONDS = 2.0
_GIB = 1 << 30


class RoomNode(SimulatedNode):
    """One of them, perhaps with somebody before it."""

    def __init__(self, clock: Any, name: str, password: str, tally: Tally) -> None:
        slots = 16 if name in LARGE else 8
        super().__init__(clock, name, slots, 6.0, tally, telemetry=True)
        self._person, _hours, self._busy = PEOPLE.get(name, ("", 0.0, 0))
        self._password = password
        self._session = str(uuid.uuid4())
        if name == FULL:
            self._slots = 0

    def connected(self, link: Link) -> None:
        self._link = link
        self._tally.up += 1
        slots = self._slots or 8
        self._send(
            m.Attach(
                m.PROTOCOL_VERSION,
                self._name,
                self._instance,
                "1.0.0",
                "3.11",
                slots,
                self._slots,
                2 * slots * _GIB,
                [":0"],
                str(uuid.UUID(int=1)),
                0,
                self._holding(),
            )
        )

    def _received(self, message: m.Message) -> None:
        super()._received(message)
        if isinstance(message, m.Attached) and self._person:
            self._send(p.BeginSession(1, self._session, ":0", self._person, self._password))
        elif isinstance(message, p.SessionGranted):
            live = p.LiveSession(self._session, message.user, ":0", message.lease.started, 0, message.lease.ends_after)
            self._send(p.SessionReport([live], []))
        elif isinstance(message, p.SessionRefused):
            raise SystemExit(f"{self._person} cannot log in at {self._name}: {message.reason}")

    def _tell(self, link: Link | None) -> None:
        if link is None or link is not self._link:
            return
        suspended = self._name == SUSPENDED
        running: dict[int, int] = {}
        for job, _call, _attempt in self._running:
            running[job] = running.get(job, 0) + 1
        ours = 0 if suspended else min(sum(running.values()), 16)
        cores = [m.CoreUse(0.0, random.uniform(0.3, 0.9)) for _ in range(self._busy)]
        cores += [m.CoreUse(random.uniform(0.88, 1.0), 0.0) for _ in range(ours)]
        every = self._slots or 8
        cores = (cores + [m.CoreUse(0.0, 0.01)] * every)[:every]
        trouble = "The disk of /scratch is full." if self._name == FULL else ""
        state = "suspend" if suspended else "run"
        used = round((1.5 + 0.6 * len(self._running) + 0.9 * self._busy) * _GIB)
        self._send(m.Telemetry(cores, sum(c.ours + c.others for c in cores), used, state, running, {}, trouble))
        self._clock.callLater(_TELEMETRY_SECONDS, self._tell, link)


def main() -> None:
    """Lets them connect."""
    from twisted.internet import reactor

    config, password = Path(sys.argv[1]), sys.stdin.readline().rstrip("\n")
    settings, _warnings = load(config, Role.NODE)
    client, common = settings.client, settings.common
    keys = LoginKeys(client.user, client.password, common.server_password)
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        pin = MasterPin(Path(folder) / "master.pin", strict=False)
        connectors = {}
        for number in range(1, COUNT + 1):
            node = RoomNode(reactor, f"pc{number:02}", password, tally)
            endpoint = TCP4ClientEndpoint(reactor, client.host, common.tcp_port)
            connector = MasterConnector(reactor, endpoint, keys, lambda _peer, node=node: node, pin, lambda _now: None)
            connectors[node._name] = connector
            connector.start()

        def look() -> None:
            if tally.up < COUNT:
                reactor.callLater(0.1, look)  # type: ignore[attr-defined]
                return
            connectors[GONE].stop()
            print("ready", flush=True)

        look()
        reactor.run()  # type: ignore[attr-defined]
    os._exit(0)


if __name__ == "__main__":
    main()

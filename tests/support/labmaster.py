"""A master for the console that has only a simulated lab behind its control socket.

    PYTHONPATH=tests python -m support.labmaster SOCKET [NODES [CALLS]]

Tests run it in a process of its own; whoever works on the console can look at its pages with it. Every question is
printed, a line of JSON each; those about time and draining change the lab.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from support.lab import Lab

from asyncluster.core.errors import AsynClusterError
from asyncluster.core.master.feed import RATE, Subscription
from asyncluster.core.net import control
from asyncluster.core.wire import messages as m
from asyncluster.core.wire.feed import NodeRow, Watch


class Client:
    """A frame handler for one console."""

    def __init__(self, lab: Lab, heard: Callable[[str, Any], None]) -> None:
        self._lab = lab
        self._heard = heard
        self._decoder = m.decoder(m.FromClient)
        self._watching: Subscription | None = None

    def connected(self, link: Any) -> None:
        self.link = link

    def frames(self, bodies: list[Any]) -> None:
        for body in bodies:
            message = self._decoder.decode(body)
            if isinstance(message, m.Hello):
                self._send(m.Welcome(m.PROTOCOL_VERSION, "main", 1, "operator", 1))
            elif isinstance(message, m.Ask):
                self._answer(message)

    def paused(self) -> None: ...
    def resumed(self) -> None: ...

    def lost(self, reason: str) -> None:
        if self._watching is not None:
            self._watching.close()

    def _answer(self, ask: m.Ask) -> None:
        try:
            arguments = msgspec.msgpack.decode(ask.arguments)
            self._heard(ask.verb, arguments)
            value: Any = None
            if ask.verb == "watch":
                self._watch(msgspec.convert(arguments, Watch))
            else:
                value = act(self._lab, ask.verb, arguments)
        except AsynClusterError as error:
            self._send(m.Refusal(ask.id, error.exit_code, str(error)))
        else:
            self._send(m.Answer(ask.id, msgspec.Raw(msgspec.msgpack.encode(value))))

    def _watch(self, watch: Watch) -> None:
        if self._watching is None:
            self._watching = self._lab.feed.subscribe(self._send, watch.topics, lambda: not self.link.waiting)
        else:
            self._watching.change(watch.topics)
        self._lab.feed.tick(self._lab.now)

    def _send(self, message: m.Message) -> None:
        self.link.send(m.encode(message))


def act(lab: Lab, verb: str, arguments: dict[str, Any]) -> Any:
    """What a verb does to the lab."""
    if verb in ("node drain", "node resume"):
        for name in arguments["names"]:
            _change(lab, name, state="draining" if verb == "node drain" else "idle")
    elif verb == "user grant":
        person = lab.people[arguments["name"]]
        node = lab.nodes.get(person.node)
        if node is not None and node.until is not None:
            _change(lab, node.name, until=node.until + 60 * int(arguments["duration"].removesuffix("min")))
    elif verb == "timesheet list":
        return timesheet(lab)
    elif verb == "timesheet compute" and arguments.get("by") == "hour":
        return computed_hours(lab)
    elif verb == "timesheet compute":
        owners = ("mkoval", "jberg", "amori", "pnair", "shaddad")
        return [{"owner": owner, "hours": 412.5 / (place + 1), "calls": 9000} for place, owner in enumerate(owners)]
    elif verb == "user kick" and not lab.people[arguments["name"]].node:
        raise AsynClusterError(f"{arguments['name']} is not logged in.")
    lab.feed.event("info", "nadia", "", f"nadia: {verb}.", lab.now)
    return None


def computed_hours(lab: Lab) -> list[dict[str, Any]]:
    """Four weeks of computing, most of it at night."""
    from datetime import UTC, datetime

    starts = [datetime.fromtimestamp(lab.now // 3600 * 3600 - 3600 * back, UTC) for back in reversed(range(28 * 24))]
    rows: list[dict[str, Any]] = [
        {"start": start.isoformat(), "hours": 90 + 70 * abs(start.hour - 13) / 12, "calls": 9000} for start in starts
    ]
    rows[-1]["hours"] *= lab.now % 3600 / 3600  # that hour is not over
    return rows


def timesheet(lab: Lab) -> list[dict[str, Any]]:
    """Four weeks of sessions."""
    from datetime import UTC, datetime

    rows = []
    people = list(lab.people)
    for day in range(28):
        for number in range(14):
            begin = lab.now - 86_400 * day - 3600 * (5 - number % 9) + 340 * number
            if datetime.fromtimestamp(begin, UTC).weekday() > 4:
                continue
            end = begin + 1800 + 700 * (number * 7 % 11)
            rows.append(
                {
                    "name": people[(number * 3 + day) % len(people)],
                    "node": f"pc{number + 1:02}",
                    "display": ":0",
                    "from": datetime.fromtimestamp(begin, UTC).isoformat(),
                    "to": datetime.fromtimestamp(end, UTC).isoformat(),
                    "hours": (end - begin) / 3600,
                    "ended_by": "logout",
                }
            )
    return sorted(rows, key=lambda row: row["from"])


def _change(lab: Lab, name: str, **changes: Any) -> None:
    row = lab.nodes[name]
    fields = {field: getattr(row, field) for field in row.__struct_fields__}
    lab.nodes[name] = NodeRow(**{**fields, **changes})
    lab.feed.publish("nodes", name, lab.nodes[name])


def main() -> None:
    """Serves until it is ended."""
    from twisted.internet import reactor
    from twisted.internet.task import LoopingCall

    path, nodes, calls = Path(sys.argv[1]), *(int(word) for word in [*sys.argv[2:4], "0", "0"][:2])
    began = time.time()
    lab = Lab(nodes=nodes, calls=calls)

    def heard(verb: str, arguments: Any) -> None:
        print(json.dumps([verb, arguments]), flush=True)

    first = lab.now

    def moment() -> float:
        return time.time() - began + first

    factory = control.ControlFactory(reactor, lambda who: Client(lab, heard))
    control.listen(reactor, path, factory)
    LoopingCall(lambda: lab.step(moment())).start(2.0, now=False)
    LoopingCall(lambda: lab.feed.tick(moment())).start(1 / RATE)
    print("ready", flush=True)
    reactor.run()  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()

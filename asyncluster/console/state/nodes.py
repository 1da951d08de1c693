"""What is said about a node: the same words in its tile, in the tables and for screen readers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo

from asyncluster.console.state import words
from asyncluster.console.state.query import Field
from asyncluster.core.qt.tokens import State
from asyncluster.core.wire.feed import CoresRow, NodeRow

SOON = 15 * 60
VERY_SOON = 5 * 60

#: Least load, 0 to 255, that counts as doing something.
_BUSY = 20

_OWNERS = ("person", "other", "ours", "idle")


@dataclass(frozen=True)
class Core:
    """One core: who has most of it ("person", "other", "ours" or "idle") and its load, 0 to 1.

    "other" is what neither we nor a person who is logged in do: the machine's own programs.
    """

    owner: str
    load: float


def cores_of(row: CoresRow, *, person: bool) -> list[Core]:
    """The cores of a node in the order of drawing: the person's, ours, idle ones. `person`: somebody is logged in."""
    rest = "person" if person else "other"
    cores = [_core(ours, others, rest) for ours, others in zip(row.ours, row.others, strict=False)]
    return sorted(cores, key=lambda core: _OWNERS.index(core.owner))


def _core(ours: int, others: int, rest: str) -> Core:
    load = min(255, ours + others) / 255
    if max(ours, others) < _BUSY:
        return Core("idle", load)
    return Core("ours" if ours >= others else rest, load)


def state_of(node: NodeRow) -> State:
    """Its state as a token of the theme."""
    return State(node.state)


def person_of(node: NodeRow) -> str:
    """Who is logged in, as people say it; "" if nobody is."""
    return node.full_name or node.person


def seconds_left(node: NodeRow, now: float) -> float | None:
    """Seconds until the person's time is over; None: no limit, or nobody."""
    return None if node.until is None else max(0.0, node.until - now)


def urgency(seconds: float | None) -> State:
    """The state whose colour a bar of time left has."""
    if seconds is None or seconds >= SOON:
        return State.IN_USE
    return State.DRAINING if seconds >= VERY_SOON else State.ERROR


def share_left(node: NodeRow, now: float) -> float | None:
    """Which part of the day's quota is left, 0 to 1; None without a limit."""
    seconds = seconds_left(node, now)
    if seconds is None:
        return None
    return min(1.0, seconds / node.quota) if node.quota else 1.0


def lines(node: NodeRow, now: float, zone: tzinfo | None) -> list[str]:
    """What its tile says in place of a person: at most two lines."""
    since = words.moment(node.since, now, zone)
    running = sum(node.running.values())
    match node.state:
        case "offline":
            return [f"Last seen {since}", node.note or "Wake it, or look at it"]
        case "error":
            return [node.trouble or "Needs a look", f"Since {since}"]
        case "draining":
            to_finish = words.counted(running + node.queued, "call", "calls")
            return [f"{to_finish} to finish" if running + node.queued else "Drained"]
        case "idle":
            return [f"Ready since {since}"]
        case _:
            return ["Nobody logged in"]


def spoken(node: NodeRow, now: float, zone: tzinfo | None) -> str:
    """All of it in a sentence, for screen readers and tooltips."""
    parts = [f"{node.name}, {words.STATE_WORDS[node.state].lower()}"]
    if node.person:
        seconds = seconds_left(node, now)
        parts.append(f"{person_of(node)}, {words.left(seconds).lower() if seconds is None else words.left(seconds)}")
    else:
        parts += lines(node, now, zone)
    if node.trouble and node.state != "error":
        parts.append(node.trouble)
    if node.running:
        jobs = ", ".join(f"{count} of job {number}" for number, count in sorted(node.running.items()))
        parts.append(f"runs {jobs}")
    return ". ".join(part.rstrip(".") for part in parts) + "."


def fields(now: Callable[[], float]) -> dict[str, Field[NodeRow]]:
    """What a search can ask about nodes."""
    return {
        "name": Field(lambda node: node.name),
        "state": Field(lambda node: words.STATE_WORDS[node.state]),
        "user": Field(lambda node: f"{node.person} {node.full_name}".strip()),
        "left": Field(lambda node: seconds_left(node, now()), seconds=True),
        "cores": Field(lambda node: node.cores),
        "load": Field(lambda node: node.load),
        "workers": Field(lambda node: node.workers),
        "running": Field(lambda node: sum(node.running.values())),
        "queued": Field(lambda node: node.queued),
        "rate": Field(lambda node: node.rate),
        "job": Field(lambda node: " ".join(map(str, sorted(node.running)))),
        "trouble": Field(lambda node: node.trouble),
        "release": Field(lambda node: node.release),
    }

"""Verbs about nodes."""

from __future__ import annotations

from typing import Any

from asyncluster.core.database.sessions import open_sessions
from asyncluster.core.errors import UsageError
from asyncluster.core.jobs.records import NodeRecord
from asyncluster.core.master.verbs.desk import Question
from asyncluster.core.master.verbs.verb import Verb, act_of
from asyncluster.core.wire.roles import Role
from asyncluster.core.wire.verbs.cluster import Nodes, Nothing


async def list_nodes(question: Question, args: Nothing) -> list[dict[str, Any]]:
    """All nodes, by name."""
    nodes = question.switchboard.dispatcher.nodes()
    people = await _people(question)
    return [_answer(question, node, people) for node in sorted(nodes, key=lambda node: node.name)]


async def show_nodes(question: Question, args: Nodes) -> list[dict[str, Any]]:
    """The nodes named."""
    nodes, people = _find(question, args.names), await _people(question)
    return [_answer(question, node, people) for node in nodes]


async def drain(question: Question, args: Nodes) -> None:
    """Lets nodes finish what they run."""
    await _drain(question, args.names, True)


async def resume(question: Question, args: Nodes) -> None:
    """Lets nodes work again."""
    await _drain(question, args.names, False)


async def _drain(question: Question, names: list[str], on: bool) -> None:
    switchboard = question.switchboard
    nodes = _find(question, names)
    for node in nodes:
        switchboard.dispatcher.drain(node.name, on, switchboard.now())
    switchboard.settle()
    for node in nodes:
        await question.people.note(act_of(question, "node drain" if on else "node resume", node.name))


def _find(question: Question, names: list[str]) -> list[NodeRecord]:
    found = [(name, question.switchboard.dispatcher.node(name)) for name in names]
    unknown = [name for name, node in found if node is None]
    if unknown:
        raise UsageError(f"There is no node {', '.join(unknown)}. asyncluster node list shows those that are.")
    return [node for _, node in found if node is not None]


async def _people(question: Question) -> dict[str, list[str]]:
    """Who is logged in, by node. Who sits where concerns operators only."""
    if question.role is not Role.OPERATOR:
        return {}
    people: dict[str, list[str]] = {}
    for session in await question.database.run(open_sessions):
        people.setdefault(session.node, []).append(session.user)
    return people


def _answer(question: Question, node: NodeRecord, people: dict[str, list[str]]) -> dict[str, Any]:
    telemetry, attach = node.telemetry, node.attach
    switchboard = question.switchboard
    return {
        "name": node.name,
        "state": node.state,
        "since": switchboard.iso(node.since),
        "people": people.get(node.name, []),
        "cores": attach.cores,
        "workers": node.slots,
        "running": min(node.outstanding, node.slots),
        "queued": max(0, node.outstanding - node.slots),
        "jobs": sorted(switchboard.numbers_of(node.jobs)),
        "load": telemetry and telemetry.load,
        "memory": attach.memory,
        "memory_used_share": telemetry and attach.memory and telemetry.memory_used / attach.memory,
        "displays": attach.displays,
        "release": attach.release,
        "python": attach.python,
        "trouble": node.trouble or (telemetry.trouble if telemetry else ""),
    }


VERBS = {
    "node list": Verb(Role.SUBMITTER, Nothing, list_nodes),
    "node show": Verb(Role.SUBMITTER, Nodes, show_nodes),
    "node drain": Verb(Role.OPERATOR, Nodes, drain),
    "node resume": Verb(Role.OPERATOR, Nodes, resume),
}

"""Verbs about environments. Everybody who may run jobs sees them; operators bring and remove them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeAlias

from twisted.internet.defer import Deferred

from asyncluster.core.environments import manifest as manifests
from asyncluster.core.environments.kept import KEY_SHOWN, NONE, Kept, check_name
from asyncluster.core.environments.manifest import Manifest
from asyncluster.core.errors import UsageError
from asyncluster.core.master.verbs.desk import Question
from asyncluster.core.master.verbs.verb import Verb, act_of
from asyncluster.core.wire.roles import Role
from asyncluster.core.wire.verbs.cluster import Nothing
from asyncluster.core.wire.verbs.environments import Begin, Environment, Piece, Progress, Spread

Handler: TypeAlias = Callable[[Question, Any], Coroutine[Any, Any, object]]


async def ready(question: Question, args: Nothing) -> None:
    """Says nothing; but whoever may bring no environment is refused before pip has worked for it."""


async def begin(question: Question, args: Begin) -> dict[str, Any]:
    """Begins to bring an environment, or joins whoever does; says what is still to be done, and which nodes get it."""
    wheels = tuple(manifests.Wheel(wheel.filename, wheel.sha256, wheel.size) for wheel in args.wheels)
    manifest = manifests.check(Manifest(args.python, wheels))
    name = None if args.name is None else check_name(args.name)
    office = question.environments
    joined = False
    if not args.dry:
        await office.settled()
        sync = office.syncing.begin(manifest, name, question.identity.name, question.asker)
        joined = sync.state != "uploading"
    return {
        "key": manifest.key,
        "size": manifest.size,
        "known": office.is_kept(manifest.key),
        "joined": joined,
        "nodes": sorted(question.switchboard.nodes),
    }


async def piece(question: Question, args: Piece) -> None:
    """Takes a piece of a wheel."""
    question.environments.syncing.piece(question.asker, args.key, args.filename, args.offset, args.data)


async def spread(question: Question, args: Spread) -> None:
    """Lets all nodes have what was brought; `env progress` tells what becomes of it."""
    sync = await question.environments.syncing.spread(question.asker, args.key, args.patience)
    await question.people.note(act_of(question, "env sync", sync.name or args.key[:KEY_SHOWN], args.key))


async def progress(question: Question, args: Progress) -> dict[str, Any]:
    """How far the nodes are."""
    sync = question.environments.syncing.sync
    if sync is None or sync.manifest.key != args.key:
        raise UsageError("Nobody is bringing this environment. asyncluster env list shows those that are here.")
    nodes = sync.spread.nodes if sync.spread is not None else {}
    return {
        "state": sync.state,
        "words": sync.words,
        "nodes": [
            {"name": name, "state": node.state, "share": node.share, "words": node.words}
            for name, node in nodes.items()
        ],
    }


async def list_environments(question: Question, args: Nothing) -> list[dict[str, Any]]:
    """All that are kept, the newest first."""
    return [_answer(question, one) for one in reversed(question.environments.kept)]


async def show(question: Question, args: Environment) -> dict[str, Any]:
    """One, with its wheels, the nodes that have it and the jobs that need it."""
    office = question.environments
    one = office.find(args.environment)
    wheels = sorted(office.store.manifest(one.key).wheels, key=lambda wheel: wheel.filename)
    jobs = [job.number for job in question.switchboard.dispatcher.jobs() if job.environment == one.key]
    return _answer(question, one) | {
        "on": sorted(node.name for node in _nodes(question) if one.key in node.environments),
        "jobs": sorted(number for number in jobs if number is not None),
        "wheel_files": [{"filename": wheel.filename, "size": wheel.size} for wheel in wheels],
    }


async def use(question: Question, args: Environment) -> None:
    """Makes one current, or none."""
    office = question.environments
    one = None if args.environment == NONE else office.find(args.environment)
    await office.use(one.key if one is not None else None)
    await question.people.note(act_of(question, "env use", _called(one), one.key if one is not None else ""))


async def remove(question: Question, args: Environment) -> None:
    """Removes one."""
    one = question.environments.find(args.environment)
    await question.environments.remove(one.key)
    await question.people.note(act_of(question, "env remove", _called(one), one.key))


def _called(one: Kept | None) -> str:
    return NONE if one is None else one.name or one.key[:KEY_SHOWN]


def _nodes(question: Question) -> list[Any]:
    return [node for node in question.switchboard.dispatcher.nodes() if node.state != "lost"]


def _answer(question: Question, one: Kept) -> dict[str, Any]:
    nodes = _nodes(question)
    return {
        "key": one.key,
        "name": one.name,
        "standing": one.standing,
        "python": one.python,
        "wheels": one.wheels,
        "size": one.size,
        "created": datetime.fromtimestamp(one.created, UTC).isoformat(timespec="seconds"),
        "by": one.by,
        "nodes": sum(one.key in node.environments for node in nodes),
        "nodes_connected": len(nodes),
    }


def _to_its_end(handler: Handler) -> Handler:
    """One that is not left half-way when the client goes: what has begun is everybody's, and stands in the audit."""

    async def handle(question: Question, args: Any) -> object:
        waiting: Deferred[object] = Deferred()
        Deferred.fromCoroutine(handler(question, args)).chainDeferred(waiting)
        return await waiting

    return handle


VERBS = {
    "env ready": Verb(Role.OPERATOR, Nothing, ready),
    "env list": Verb(Role.SUBMITTER, Nothing, list_environments),
    "env show": Verb(Role.SUBMITTER, Environment, show),
    "env begin": Verb(Role.OPERATOR, Begin, begin),
    "env piece": Verb(Role.OPERATOR, Piece, piece),
    "env sync": Verb(Role.OPERATOR, Spread, _to_its_end(spread)),
    "env progress": Verb(Role.OPERATOR, Progress, progress),
    "env use": Verb(Role.OPERATOR, Environment, _to_its_end(use)),
    "env remove": Verb(Role.OPERATOR, Environment, _to_its_end(remove)),
}

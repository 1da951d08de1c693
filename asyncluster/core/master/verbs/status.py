"""The verb that shows everything at a glance."""

from __future__ import annotations

from typing import Any

from asyncluster import __version__
from asyncluster.core.database.sessions import open_sessions
from asyncluster.core.master.verbs.desk import Question
from asyncluster.core.master.verbs.verb import Verb
from asyncluster.core.wire.feed import DaskRow
from asyncluster.core.wire.roles import Role
from asyncluster.core.wire.verbs.cluster import Nothing


async def status(question: Question, args: Nothing) -> dict[str, Any]:
    """Master, nodes, jobs and sessions at a glance."""
    switchboard = question.switchboard
    nodes, jobs = switchboard.dispatcher.nodes(), switchboard.dispatcher.jobs()
    engine = question.engine
    lost = sum(node.state == "lost" for node in nodes)
    return {
        "master": switchboard.name,
        "release": __version__,
        "uptime_seconds": switchboard.uptime(),
        "nodes": {
            "connected": len(nodes) - lost,
            "draining": sum(node.state == "draining" for node in nodes),
            "lost": lost,
        },
        "workers": {
            "all": sum(node.slots for node in nodes if node.state != "lost"),
            "busy": sum(min(node.slots, node.outstanding) for node in nodes),
        },
        "jobs": {
            "open": len(jobs),
            "running": sum(job.running for job in jobs),
            "queued": sum(job.queued for job in jobs),
        },
        "dask": None if engine is None else dask_facts(engine.standing.row()),
        "sessions": len(await question.database.run(open_sessions)),
    }


def dask_facts(row: DaskRow) -> dict[str, Any]:
    """How Dask is, as people see it."""
    return {
        "state": "ready" if row.ready else "down",
        "trouble": row.trouble,
        "starts": row.starts,
        "workers": row.workers,
        "paused": row.paused,
        "clients": row.clients,
        "tasks": {"running": row.running, "waiting": row.waiting, "done": row.done, "failed": row.failed},
        "memory": row.memory,
        "kept": row.kept,
    }


VERBS = {"status": Verb(Role.SUBMITTER, Nothing, status)}

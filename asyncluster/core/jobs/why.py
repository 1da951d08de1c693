"""Why is this job not running? One sentence for a person."""

from __future__ import annotations

from collections.abc import Iterable

from asyncluster.core.environments.kept import KEY_SHOWN
from asyncluster.core.jobs.job import Job
from asyncluster.core.jobs.node import Node

_NAMED = 3


def why(job: Job, nodes: list[Node], jobs: Iterable[Job]) -> str:
    """The first thing that keeps the job's calls from running, looking from the outside in.

    Args:
        job: the job that is asked about.
        nodes: all nodes, attached or not.
        jobs: all jobs.
    """
    if job.number is None:
        return "The job is being written into the history; its calls run as soon as that is done."
    if job.running:
        begun = sum(min(node.slots, len(node.shares[job.key])) for node in job.nodes.values())
        names = _names([node.name for node in job.nodes.values() if len(node.shares[job.key])])
        waiting = f"; {len(job.queue)} more are waiting" if job.queue else ""
        return f"It is running: {job.running} calls are on up to {begun} workers of {names}{waiting}."
    if not job.queue:
        if job.client is None:
            return "It has nothing to do, and its client is away."
        return "It has nothing to do: its client has not submitted any call that is not finished."
    if job.unread:
        return "Its client does not take the results that it has; more calls run as soon as it does."
    return _why_waiting(job, nodes, jobs)


def _why_waiting(job: Job, nodes: list[Node], jobs: Iterable[Job]) -> str:
    attached = [node for node in nodes if node.attached]
    if not attached:
        lost = _names([node.name for node in nodes if node.leased])
        return f"No node is connected{f'; waiting for {lost} to come back' if lost else ''}."
    staffed = [node for node in attached if node.slots]
    if not staffed:
        return "No connected node has workers."
    active = [node for node in staffed if not node.draining]
    if not active:
        return f"All nodes are being drained ({_names([node.name for node in staffed])}); `node resume` lets them work."
    fit = [node for node in active if node.name not in job.unfit]
    if not fit:
        name, reason = next(iter(job.unfit.items()))
        return f"Its code fails on all nodes that are there now; on {name} with: {reason}"
    able = [node for node in fit if job.environment in node.environments]
    if not able:
        return f"It waits for its environment {job.environment[:KEY_SHOWN]} on {_names([node.name for node in fit])}."
    working = [node for node in able if node.state in ("run", "nice")]
    if not working:
        return f"People are using the nodes, so workers are suspended there ({_names([node.name for node in able])})."
    others = [other for other in jobs if other is not job and other.running]
    if others:
        longest = max(others, key=lambda other: other.running)
        name = f"job {longest.number} ({longest.name!r})"
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        return f"All workers are busy with {name}{more}; it gets the next one that its share (niceness) allows."
    return f"{_names([node.name for node in working])} has just handed calls back; they go out again in a moment."


def _names(names: list[str]) -> str:
    """The first few of them."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more

"""Our rules inside Dask's scheduler: a plug-in of it, with three calls that our workers make.

**Blame.** Dask counts a worker's loss against all tasks that the worker had, whatever the reason: computers that are
switched off would make tasks fail that did nothing. Here nothing counts until a node says that a worker process died
while the node lived, and of which task; after `program.DEATHS` such deaths Dask itself fails the task (`KilledWorker`).

**Making way.** Before a worker is stopped or ended because of people, it says which tasks it has begun; all others
go elsewhere at once (`hand_back`), and results that only its computer has are copied to others (`bring_away`), so
that nobody waits for a computer that somebody sits at. A worker that leaves (`leave`) is no failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from distributed.diagnostics.plugin import SchedulerPlugin

from asyncluster.core.wire.engine import mark

_LOOK_SECONDS = 0.02
_MOST_SUSPECTS = 1000  # workers that are gone without a word about why


class Warden(SchedulerPlugin):  # type: ignore[misc]  # Dask says nothing of types
    """See the module."""

    name = "asyncluster"

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self._names: dict[str, str] = {}  # of workers, by address
        self._suspects: dict[str, dict[int, Any]] = {}  # by name of a worker that is gone: mark -> key
        self._done = 0
        self._failed = 0
        scheduler.handlers.update(
            asyncluster_hand_back=self.hand_back,
            asyncluster_bring_away=self.bring_away,
            asyncluster_leave=self.leave,
        )

    # --- from workers ---------------------------------------------------------------------------------------

    async def hand_back(self, worker: str, released: list[Any]) -> None:
        """A worker begins nothing new; tasks that it has released run elsewhere."""
        ws = self._scheduler.workers.get(worker)
        if ws is None:
            return
        stimulus = f"asyncluster-hand-back-{worker}"
        self._scheduler.handle_worker_status_change("paused", ws, stimulus)
        for key in released:
            self._scheduler._reschedule(key, worker=worker, stimulus_id=stimulus)

    async def bring_away(self, worker: str, patience: float) -> bool:
        """Copies to other computers what only that worker's has; False if something has to stay."""
        ws = self._scheduler.workers.get(worker)
        if ws is None:
            return True
        others = [other for other in self._scheduler.running if _node(other) != _node(ws)]
        precious = [ts for ts in ws.has_what if all(_node(holder) == _node(ws) for holder in ts.who_has)]
        if precious and not others:
            return False
        stimulus = f"asyncluster-bring-away-{worker}"
        shares: dict[str, list[Any]] = {}
        for number, ts in enumerate(sorted(precious, key=lambda ts: -ts.nbytes)):
            others_by_load = sorted(others, key=lambda other: other.nbytes)
            shares.setdefault(others_by_load[number % len(others)].address, []).append(ts.key)
        for address, keys in shares.items():
            self._scheduler.request_acquire_replicas(address, keys, stimulus_id=stimulus)
        safe = await self._wait_for_copies(ws, precious, patience)
        if worker in self._scheduler.workers:
            spare = [ts.key for ts in ws.has_what if any(_node(holder) != _node(ws) for holder in ts.who_has)]
            # Nobody may ask a stopped process for a copy that there is elsewhere.
            self._scheduler.request_remove_replicas(worker, spare, stimulus_id=stimulus)
        return safe

    async def leave(self, worker: str) -> None:
        """A worker goes because its node wants it to."""
        await self._scheduler.remove_worker(
            worker, stimulus_id=f"asyncluster-leave-{worker}", expected=True, close=False
        )

    async def _wait_for_copies(self, ws: Any, precious: Iterable[Any], patience: float) -> bool:
        clock = asyncio.get_running_loop().time
        deadline = clock() + patience
        while waiting := [ts for ts in precious if ts in ws.has_what and len(ts.who_has) == 1]:
            if clock() > deadline or ws.address not in self._scheduler.workers:
                return False
            precious = waiting
            await asyncio.sleep(_LOOK_SECONDS)
        return True

    # --- from the scheduler ---------------------------------------------------------------------------------

    def add_worker(self, scheduler: Any, worker: str) -> None:
        self._names[worker] = str(scheduler.workers[worker].name)

    def remove_worker(self, scheduler: Any, worker: str, *, stimulus_id: str, **_unused: Any) -> None:
        name = self._names.pop(worker, worker)
        event = _last_removal(scheduler, worker, stimulus_id)
        if event is None or event["expected"]:
            return
        keys = event["processing-tasks"]
        for key in keys:
            task = scheduler.tasks.get(key)
            if task is not None and task.state != "erred":
                task.suspicious -= 1
        self._suspects[name] = {mark(key): key for key in keys}
        while len(self._suspects) > _MOST_SUSPECTS:
            del self._suspects[next(iter(self._suspects))]

    def transition(self, key: Any, start: str, finish: str, *_unused: Any, **_unused_too: Any) -> None:
        if start == "processing":
            self._done += finish == "memory"
            self._failed += finish == "erred"

    # --- from the master ------------------------------------------------------------------------------------

    def died(self, worker: str, task_mark: int) -> None:
        """A worker process died while its node lived, of the task with this mark."""
        address = self._scheduler.aliases.get(worker)
        if address is not None:  # we hear of its death before Dask does
            suspects = {mark(ts.key): ts.key for ts in self._scheduler.workers[address].processing}
        else:
            suspects = self._suspects.pop(worker, {})
        task = self._scheduler.tasks.get(suspects.get(task_mark))
        if task is not None:
            task.suspicious += 1

    def facts(self) -> dict[str, Any]:
        """What the master shows of this scheduler: counts of tasks, and of each node's workers."""
        scheduler = self._scheduler
        nodes: dict[str, dict[str, int]] = {}
        for ws in scheduler.workers.values():
            node = nodes.setdefault(_node(ws), {"workers": 0, "paused": 0, "tasks": 0, "memory": 0})
            node["workers"] += 1
            node["paused"] += ws not in scheduler.running
            node["tasks"] += len(ws.processing)
            node["memory"] += ws.nbytes
        return {
            "nodes": nodes,
            "clients": sum(1 for client in scheduler.clients if client != "fire-and-forget"),
            "processing": sum(node["tasks"] for node in nodes.values()),
            "waiting": len(scheduler.queued) + len(scheduler.unrunnable),
            "done": self._done,
            "failed": self._failed,
        }


def _node(ws: Any) -> str:
    """The node that a worker runs on; our workers are called NODE/NUMBER."""
    return str(ws.name).rpartition("/")[0] or str(ws.name)


def _last_removal(scheduler: Any, worker: str, stimulus: str) -> dict[str, Any] | None:
    for _at, event in reversed(scheduler.get_events(worker)):
        if isinstance(event, dict) and event.get("action") == "remove-worker" and event["stimulus_id"] == stimulus:
            return event
    return None

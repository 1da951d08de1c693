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
import heapq
from typing import Any

from distributed.diagnostics.plugin import SchedulerPlugin

from asyncluster.core.wire.engine import mark

#: Name of the worker that keeps results and runs nothing; see `depot`. A node's workers have a "/" in theirs.
DEPOT = "depot"
_LOOK_SECONDS = 0.02
_MOST_SUSPECTS = 1000  # workers that are gone without a word about why


class Warden(SchedulerPlugin):  # type: ignore[misc]  # Dask says nothing of types
    """See the module.

    Args:
        scheduler: Dask's.
        room: bytes of results that the depot may keep.
    """

    name = "asyncluster"

    def __init__(self, scheduler: Any, room: int = 0) -> None:
        self._scheduler = scheduler
        self._room = room
        self._booked = 0  # bytes that are on their way to the depot
        self._names: dict[str, str] = {}  # of workers, by address
        self._suspects: dict[str, dict[int, Any]] = {}  # by name of a worker that is gone: mark -> key
        self._done = 0
        self._failed = 0
        scheduler.handlers.update(
            asyncluster_hand_back=self.hand_back,
            asyncluster_bring_away=self.bring_away,
            asyncluster_leave=self.leave,
            broadcast=self.broadcast,
        )
        scheduler.extensions["shuffle"].scheduler = _WithoutDepot(scheduler)

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
        """Copies to other computers, or else to the depot, what only that worker's has; False if something stays."""
        ws = self._scheduler.workers.get(worker)
        if ws is None:
            return True
        stimulus = f"asyncluster-bring-away-{worker}"
        safe = await self._copy_away(ws, patience, stimulus)
        if self._scheduler.workers.get(worker) is ws:
            spare = [ts.key for ts in ws.has_what if self._is_safe(ts, ws)]
            # Nobody may ask a stopped process for a copy that there is elsewhere.
            self._scheduler.request_remove_replicas(worker, spare, stimulus_id=stimulus)
        return safe

    async def leave(self, worker: str) -> None:
        """A worker goes because its node wants it to."""
        await self._scheduler.remove_worker(
            worker, stimulus_id=f"asyncluster-leave-{worker}", expected=True, close=False
        )

    async def _copy_away(self, ws: Any, patience: float, stimulus: str) -> bool:
        clock = asyncio.get_running_loop().time
        deadline = clock() + patience
        places: dict[Any, Any] = {}  # by task: who is to take its result
        booked = 0
        unsafe = list(ws.has_what)
        try:
            while unsafe := [ts for ts in unsafe if ts in ws.has_what and not self._is_safe(ts, ws)]:
                # Everybody may sit down at the same time: who was to take a result may have to make way itself by now.
                homeless = [ts for ts in unsafe if not self._takes(places.get(ts))]
                for taker, tasks in self._places(ws, homeless).items():
                    keys = [ts.key for ts in tasks]
                    self._scheduler.request_acquire_replicas(taker.address, keys, stimulus_id=stimulus)
                    places.update(dict.fromkeys(tasks, taker))
                    if taker is self._depot:
                        size = sum(ts.nbytes for ts in tasks)
                        booked, self._booked = booked + size, self._booked + size
                on_their_way = any(self._takes(places.get(ts)) for ts in unsafe)
                if not on_their_way or clock() > deadline or self._scheduler.workers.get(ws.address) is not ws:
                    return False
                await asyncio.sleep(_LOOK_SECONDS)
            return True
        finally:
            self._booked -= booked

    def _is_safe(self, ts: Any, ws: Any) -> bool:
        """Whether there is a copy that nobody sits down at, nor is about to."""
        return any(self._takes(holder) and _node(holder) != _node(ws) for holder in ts.who_has)

    def _takes(self, ws: Any) -> bool:
        """Whether a worker is there to take results: it works, or it is the depot."""
        return ws in self._scheduler.running or (ws is not None and ws is self._depot)

    def _places(self, ws: Any, tasks: list[Any]) -> dict[Any, list[Any]]:
        """Who is to take the results of these tasks: other computers evenly, or else the depot while it has room."""
        loads = [(other.nbytes, other.address, other) for other in self._scheduler.running if _node(other) != _node(ws)]
        if not loads:
            return self._places_in_depot(tasks)
        heapq.heapify(loads)
        shares: dict[Any, list[Any]] = {}
        for ts in sorted(tasks, key=lambda ts: -ts.nbytes):
            load, address, other = loads[0]
            shares.setdefault(other, []).append(ts)
            heapq.heapreplace(loads, (load + ts.nbytes, address, other))
        return shares

    def _places_in_depot(self, tasks: list[Any]) -> dict[Any, list[Any]]:
        depot = self._depot
        if depot is None:
            return {}
        fitting = []
        room = self._room - depot.nbytes - self._booked
        for ts in sorted(tasks, key=lambda ts: ts.nbytes):
            room -= ts.nbytes
            if room < 0:
                break
            fitting.append(ts)
        return {depot: fitting} if fitting else {}

    @property
    def _depot(self) -> Any:
        """The depot, if it is there."""
        return self._scheduler.workers.get(self._scheduler.aliases.get(DEPOT))

    # --- from clients ---------------------------------------------------------------------------------------

    async def broadcast(self, *, workers: list[str] | None = None, hosts: Any = None, **question: Any) -> Any:
        """What clients ask all workers is for those that work."""
        if workers is None and hosts is None:
            depot = self._depot
            workers = [address for address, ws in self._scheduler.workers.items() if ws is not depot]
        return await self._scheduler.broadcast(workers=workers, hosts=hosts, **question)

    # --- from the scheduler ---------------------------------------------------------------------------------

    def add_worker(self, scheduler: Any, worker: str) -> None:
        self._names[worker] = str(scheduler.workers[worker].name)
        if self._names[worker] == DEPOT:  # it works, since a paused worker would fetch nothing, but it gets no task
            scheduler.handle_worker_status_change("paused", worker, "asyncluster-depot")

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

    def stopped(self, worker: str, task_mark: int) -> None:
        """A worker process is stopped that has not made way; it had begun the task with this mark."""
        ws = self._scheduler.workers.get(self._scheduler.aliases.get(worker))
        if ws is None:
            return
        stimulus = f"asyncluster-stopped-{worker}"
        self._scheduler.handle_worker_status_change("paused", ws, stimulus)
        for ts in [ts for ts in ws.processing if mark(ts.key) != task_mark]:
            self._scheduler._reschedule(ts.key, worker=ws.address, stimulus_id=stimulus)

    async def lost(self, node: str) -> None:
        """A computer is gone."""
        for ws in [ws for ws in self._scheduler.workers.values() if _node(ws) == node]:
            await self._scheduler.remove_worker(ws.address, stimulus_id=f"asyncluster-lost-{ws.name}", expected=True)

    def facts(self) -> dict[str, Any]:
        """What the master shows of this scheduler: counts of tasks, and of each node's workers."""
        scheduler = self._scheduler
        nodes: dict[str, dict[str, int]] = {}
        depot = self._depot
        for ws in scheduler.workers.values():
            if ws is depot:
                continue
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
            "kept": depot.nbytes if depot is not None else 0,
        }


class _WithoutDepot:
    """The scheduler as it is for Dask's shuffles, which otherwise spread over all workers that there are."""

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scheduler, name)

    @property
    def workers(self) -> dict[str, Any]:
        return {address: ws for address, ws in self._scheduler.workers.items() if ws.name != DEPOT}


def _node(ws: Any) -> str:
    """The node that a worker runs on; our workers are called NODE/NUMBER."""
    return str(ws.name).rpartition("/")[0] or str(ws.name)


def _last_removal(scheduler: Any, worker: str, stimulus: str) -> dict[str, Any] | None:
    for _at, event in reversed(scheduler.get_events(worker)):
        if isinstance(event, dict) and event.get("action") == "remove-worker" and event["stimulus_id"] == stimulus:
            return event
    return None

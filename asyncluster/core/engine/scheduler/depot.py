"""`python -m asyncluster.core.engine.scheduler.depot`: keeps results for nodes that have to make way for people.

To Dask it is a worker, on the master's machine. It begins no task: the warden has the scheduler think that it is
paused. Results come to it when no other node can take them, and go from it as from any other worker. It keeps them as
the bytes that they came in and unpickles nothing, so it needs no module of anybody's, and no code runs in it.

    scheduler  {"address": "tls://...", "ports": [9200, 9231], "subnets": [...], "authority": "...", "certificate":
                "...", "key": "...", "directory": "..."}                              one line to its standard input

It ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from typing import Any

import dask
from distributed import Worker

from asyncluster.core.engine.scheduler.door import keep_out_strangers
from asyncluster.core.engine.scheduler.warden import DEPOT
from asyncluster.core.engine.security import UNUSED_HTTP, dask_security
from asyncluster.core.guard import forbid_unpickling

_JOIN_SECONDS = 30.0
#: All that others may ask of it.
_SERVED = {"get_data", "free_keys", "ping", "identity", "versions", "keys", "get_logs", "terminate"}


async def serve(setup: dict[str, Any]) -> None:
    """Keeps results until nobody writes to the standard input any more."""
    logging.getLogger("distributed").setLevel(logging.WARNING)
    dask.config.set({"distributed.comm.timeouts.tcp": "60s", "distributed.worker.http.routes": []})
    ports = setup["ports"]
    depot = Depot(
        setup["address"],
        name=DEPOT,
        nthreads=1,
        port=f"{ports[0]}:{ports[1]}" if ports else 0,
        memory_limit=0,  # the warden knows how much may be here
        data={},
        local_directory=setup["directory"],
        dashboard=False,
        dashboard_address=UNUSED_HTTP,
        death_timeout=_JOIN_SECONDS,
        security=dask_security(setup["authority"].encode(), setup["certificate"].encode(), setup["key"].encode()),
        deserialize=False,
    )
    await depot
    keep_out_strangers(depot, setup["subnets"])
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)


class Depot(Worker):
    """See the module."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for operation in self.handlers.keys() - _SERVED:
            self.handlers[operation] = _ignore if operation.startswith("plugin-") else _refuse

    async def plugin_add(self, *_unused: Any, **_unused_too: Any) -> Any:
        """Clients' plug-ins are for workers that work."""
        return _ignore()

    def _send_worker_status_change(self, stimulus_id: str) -> None:
        """Says nothing: the scheduler must go on thinking that it is paused, since it would give it tasks otherwise."""

    async def close(self, *_unused: Any, **_unused_too: Any) -> Any:
        """The scheduler is gone, or has sent it away."""
        os._exit(0)


def _ignore(**_unused: Any) -> dict[str, Any]:
    return {"status": "OK"}


def _refuse(**_unused: Any) -> None:
    raise PermissionError("The master's machine runs no code of Dask's clients.")


if __name__ == "__main__":
    forbid_unpickling()
    asyncio.run(serve(json.loads(sys.stdin.buffer.readline())))
    os._exit(0)

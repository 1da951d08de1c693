"""Keeps a depot beside a scheduler: a child process, started again each time a little later when it ends."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

_FIRST, _LONGEST, _GOOD = 0.5, 30.0, 60.0


async def keep_depot(setup: dict[str, Any]) -> None:
    """Has a depot running until this is cancelled.

    Args:
        setup: see `depot`.
    """
    clock = asyncio.get_running_loop().time
    wait = _FIRST
    while True:
        began = clock()
        await _run(json.dumps(setup).encode() + b"\n")
        wait = _FIRST if clock() - began > _GOOD else min(2 * wait, _LONGEST)
        await asyncio.sleep(wait)


async def _run(setup: bytes) -> None:
    """One depot, from its beginning to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-s",
        "-m",
        "asyncluster.core.engine.scheduler.depot",
        stdin=subprocess.PIPE,
    )
    assert process.stdin is not None
    try:
        process.stdin.write(setup)  # and leaves it open: when we end, for whatever reason, so does the depot
        await process.wait()
    finally:
        process.stdin.close()
        if process.returncode is None:
            process.kill()
            await process.wait()

"""`python -m asyncluster.core.engine.scheduler FD`: started by the master's starter only, FD its line to it."""

from __future__ import annotations

import asyncio
import os
import socket
import sys

from asyncluster.core.engine.scheduler.program import run

if __name__ == "__main__":
    asyncio.run(run(socket.socket(fileno=int(sys.argv[1]))))
    os._exit(0)  # whatever threads a client's code has left here must not keep a process that is done

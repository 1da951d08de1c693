"""The worker process: `python -m asyncluster.ndm.worker ORDERS`, started by a node daemon or its steward only.

ORDERS is a line of JSON (`Orders`): no secret, just descriptors and limits. It exits when its socket is closed.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import socket
import sys

from asyncluster.ndm.worker.channel import Channel
from asyncluster.ndm.worker.confine import Orders, confine
from asyncluster.ndm.worker.loop import Handover, Worker
from asyncluster.ndm.worker.page import Page


def main(orders: Orders) -> None:
    """Runs a worker until its node daemon hangs up."""
    confine(orders.limits)
    faulthandler.enable(file=2, all_threads=False)  # a crash in C leaves the Python lines in the last stderr lines
    os.set_inheritable(orders.socket, False)
    page = Page(orders.page)
    os.close(orders.page)
    channel = Channel(socket.socket(fileno=orders.socket))
    worker = Worker(channel, page)
    sys.stdout, sys.stderr = worker.out, worker.err
    gc.freeze()  # nothing that was imported so far will ever be garbage
    worker.ready()
    try:
        worker.run()
    except Handover as handover:
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        from asyncluster.ndm.engine.worker import serve  # which brings Dask along

        serve(handover.setup, channel, page)


if __name__ == "__main__":
    main(Orders.read(sys.argv[1]))
    # Threads and exit handlers that calls left behind must not keep a process that has no work.
    os._exit(0)

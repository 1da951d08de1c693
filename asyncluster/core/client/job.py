"""A job in the blocking flavour: a namespace on every worker, and the verbs to update and to call it."""

from __future__ import annotations

from functools import partial
from typing import Any

from asyncluster.core.client.futures import CallFuture
from asyncluster.core.client.kinds import Function, single
from asyncluster.core.client.namespace import Namespace, store_all
from asyncluster.core.client.options import CallOptions
from asyncluster.core.client.threads import Connection
from asyncluster.core.wire.payloads import encode_call, encode_update

_KEEP: Any = object()


class Job:
    """A namespace that lives on every worker of the cluster; made by `Cluster.job`.

    Leaving its `with` block waits for its calls and closes it; leaving it by an exception cancels it.
    """

    def __init__(self, connection: Connection, namespace: Namespace, options: CallOptions, niceness: int) -> None:
        self._connection = connection
        self._namespace = namespace
        self._options = options
        with connection.lock:
            self._variant = namespace.variant(niceness)

    # --- verbs --------------------------------------------------------------------------------------------

    def update(self, function: Function, /, *args: Any, **kwargs: Any) -> None:
        """Calls a function in every process of the job, present and future, before its next call.

        Returns when the master has it: calls that are submitted from now on see it, wherever they run. Large
        arguments go to each node once.

        Args:
            function: a name of the namespace, or a function.

        Raises:
            JobBroken: an earlier update or the job's code failed. If this one fails, the job's calls will say so.
        """
        packed = encode_update(function, args, kwargs)
        blobs = store_all(packed)
        with self._connection.lock:
            logs = self._namespace.update(packed.payload, blobs)
        for log, entries in logs:
            self._connection.ask(partial(log.when_logged, entries))

    def run(self, function: Function, /, *args: Any, **kwargs: Any) -> CallFuture:
        """Calls a function once, on the next worker that is free.

        Args:
            function: a name of the namespace, or a function.

        Raises:
            CannotPickle: an argument cannot travel.
            JobCancelled, JobBroken: the job has ended.
        """
        variant = self._variant
        kind = variant.kinds.find(function, self._options)
        if kind is None:
            function, args, encoded = single(function, args)
        packed = encode_call(args, kwargs)
        blobs = store_all(packed) if packed.buffers else ()
        connection = self._connection
        future = CallFuture(connection)
        with connection.lock:
            if kind is None:
                kind = variant.kinds.add(function, encoded, self._options)
            future.attach(variant.log.submit(kind, packed.payload, blobs, future))
            connection.flush()
        return future

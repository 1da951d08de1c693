"""A cluster in the blocking flavour."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import msgspec

from asyncluster.core.client.address import locate
from asyncluster.core.client.defaults import default_options, environment_or_default, niceness_or_default
from asyncluster.core.client.ledger import Phase
from asyncluster.core.client.options import SAME
from asyncluster.core.client.session import Session
from asyncluster.core.client.threads import Connection
from asyncluster.core.errors import UsageError

if TYPE_CHECKING:
    from asyncluster.core.client.daskjob import DaskJob
    from asyncluster.core.client.job import Job
    from asyncluster.core.client.namespace import JobCode


class Cluster:
    """The computers that a master has work for.

    Args:
        socket: the master's control socket; else $ASYNCLUSTER_SOCKET, else what the configuration says.
        config: the configuration to look into; else $ASYNCLUSTER_CONF, else /etc/asyncluster.conf.
        patience: seconds to wait for a master that has gone away, keeping all calls; None: for ever; default:
            $ASYNCLUSTER_PATIENCE, else for ever.

    Attributes:
        socket: path of the master's control socket.

    Raises:
        MasterUnreachable: no master is there.
        NotAllowed: it does not want this account.
    """

    def __init__(
        self,
        socket: str | os.PathLike[str] | None = None,
        config: str | os.PathLike[str] | None = None,
        *,
        patience: float | None = SAME,
    ) -> None:
        self.socket: Path = locate(socket, config)
        self._connection = Connection(Session(self.socket, patience=patience))

    def job(
        self, code: JobCode, name: str | None = None, niceness: int = SAME, *, environment: str | None = SAME
    ) -> Job:
        """Opens a job: a namespace that lives on every worker until the job is closed.

        Args:
            code: functions, in a list or tuple; a path; or a string. A string with a line break in it is Python; one
                without is a path if it ends in ".py" or names a file, else it is Python, too.
            name: what people see; default: the file's or the first function's.
            niceness: 0 to 19; each step up takes a fifth off the job's share of the workers; default:
                $ASYNCLUSTER_NICENESS, else 0.
            environment: what its calls run in, of those that `asyncluster env list` shows: a name, a key or the first
                digits of one; None: the one that is current when the job is opened; "": none, the nodes as they are.
                Default: $ASYNCLUSTER_ENVIRONMENT, else None. If there is no such one, the job ends with `JobBroken`.

        Raises:
            OSError: the file cannot be read.
            CannotPickle: a function cannot travel.
            UsageError: the niceness, or a variable of the environment, is out of range.
        """
        from asyncluster.core.client.job import Job  # commands that only ask need none of it, and start without
        from asyncluster.core.client.namespace import Namespace, read_code

        niceness, options = niceness_or_default(niceness), default_options()
        environment = environment_or_default(environment)
        packed, default = read_code(code)
        with self._connection.lock:
            namespace = Namespace(self._connection.ledger, name or default, niceness, packed, environment)
            self._connection.flush()
        return Job(self._connection, namespace, options, niceness)

    def ask(self, verb: str, /, **arguments: Any) -> Any:
        """Asks the master a verb of its control table.

        Returns:
            The answer: lists, dicts, strings, numbers, None.

        Raises:
            NotAllowed: this account may not ask that.
            UsageError: the verb or its arguments make no sense.
            MasterUnreachable: the connection broke; whether the master did it is unknown.
        """
        try:
            encoded = msgspec.Raw(msgspec.msgpack.encode(arguments))
        except (OverflowError, UnicodeEncodeError) as error:
            raise UsageError(f"The arguments of {verb} cannot be sent: {error}.") from error
        return self._connection.ask(lambda tell: self._connection.ledger.ask(verb, encoded, tell))

    def nodes(self) -> list[dict[str, Any]]:
        """All nodes and what they do, as `asyncluster node list --json` shows them."""
        nodes: list[dict[str, Any]] = self.ask("node list")
        return nodes

    def status(self) -> dict[str, Any]:
        """Master, nodes, jobs and sessions at a glance, as `asyncluster status --json` shows them."""
        status: dict[str, Any] = self.ask("status")
        return status

    def dask_client(self, **options: Any) -> Any:
        """A `distributed.Client` of the cluster's Dask scheduler, for graphs, arrays and data frames.

        It has a certificate of its own, and is the caller's to close; it does not need this cluster any more. See
        docs/dask.md.

        Args:
            options: of `distributed.Client`.

        Raises:
            UsageError: this cluster has no Dask, or Dask is not installed here.
            NotAllowed: this account may not use it.
            AsynClusterError: there is no scheduler at the moment.
        """
        from asyncluster.core.client.dask import dask_client

        return dask_client(self, **options)

    def dask_job(self, code: JobCode, name: str | None = None, niceness: int = SAME) -> DaskJob:
        """Opens a job whose calls Dask hands out; docs/dask.md says what is different.

        Args:
            code, name, niceness: as of `job`.

        Raises:
            As `job` and `dask_client`.
        """
        from asyncluster.core.client.daskjob import DaskJob
        from asyncluster.core.client.namespace import read_code

        niceness = niceness_or_default(niceness)
        packed, default = read_code(code)
        return DaskJob(self.dask_client(set_as_default=False), name or default, niceness, packed)

    def close(self) -> None:
        """Ends all jobs of this client, and the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.socket}>"

    def _repr_html_(self) -> str:
        from asyncluster.core.client.notebook import cluster_html

        ledger = self._connection.ledger
        if ledger.error is not None or ledger.phase is not Phase.UP:  # to show something must not take for ever
            return cluster_html(f"{self!r}: not connected", [])
        return cluster_html(repr(self), self.nodes())

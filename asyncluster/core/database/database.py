"""The privilege & usage database, and the one thread that may use it.

A query is a plain synchronous function: it gets a connection and arguments, and returns frozen records or plain
values. `Database.run` runs it in one transaction in the database's own thread and gives a Deferred of its result;
`Database.call` does the same at once, for commands and tests. Transactions of a process run one after the other in
the order in which they were asked for, so queries need no locks and no retries among themselves. Nothing is
acknowledged before it is committed: whoever gets an error instead of a result knows that nothing was changed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from asyncluster.core.database.engine import LOCK_WAIT, open_engine, parse_url
from asyncluster.core.database.errors import explained
from asyncluster.core.database.upgrading import upgrade
from asyncluster.core.failpoints import failpoint

P = ParamSpec("P")
R = TypeVar("R")


class Database:
    """An open database whose schema is up to date.

    Opening creates the tables or upgrades them, after a backup copy of an SQLite file. `reactor` is needed for
    `run` only; the master gives its own.

    Args:
        url: any URL of SQLAlchemy; `sqlite://` is a database in memory.
        reactor: in whose thread the Deferreds of `run` fire.
        lock_wait: seconds to wait for another process that writes.

    Raises:
        DatabaseUnreachable, DatabaseBusy, DatabaseFull: it cannot be opened.
        DatabaseTooNew: a newer version of AsynCluster has upgraded it.
    """

    def __init__(self, url: str, *, reactor: IReactorFromThreads | None = None, lock_wait: float = LOCK_WAIT) -> None:
        parsed = parse_url(url)
        self._reactor = reactor
        self._engine = open_engine(parsed, lock_wait=lock_wait)
        self._turn = threading.Lock()  # `call` and `run` share the one connection
        self._thread: ThreadPool | None = None
        try:
            self.backup = upgrade(self._engine)
        except DBAPIError as error:
            self._engine.dispose()
            raise explained(error) from None
        except BaseException:
            self._engine.dispose()
            raise

    def call(self, function: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `function(connection, ...)` in one transaction, now and in this thread.

        Raises:
            DatabaseError: it was rolled back; the subclass and the message say why.
        """
        try:
            with self._turn, self._engine.begin() as connection:
                result = function(connection, *args, **kwargs)
                failpoint("transaction-before-commit")
        except DBAPIError as error:
            raise explained(error) from None
        failpoint("transaction-committed")
        return result

    def run(self, function: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> Deferred[R]:
        """`call`, but in the database's thread: the reactor goes on, and the Deferred fires in its thread."""
        assert self._reactor is not None, "this database was opened without a reactor"
        if self._thread is None:
            self._thread = ThreadPool(1, 1, name="database")
            self._thread.start()
        return deferToThreadPool(self._reactor, self._thread, lambda: self.call(function, *args, **kwargs))

    def close(self) -> None:
        """Finish what was asked for and close the database."""
        if self._thread is not None:
            self._thread.stop()
            self._thread = None
        self._engine.dispose()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_exc: Any) -> None:
        self.close()

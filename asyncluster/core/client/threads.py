"""The blocking flavour: a session that one background thread reads, and that any thread may submit to.

Whoever submits sends at once, if nothing was sent within the last `PACE`; what follows closer is left for the next of:
a submit after that time, a wait for a result, or the background thread, which looks after `PACE`. So a single call
leaves without delay and a hundred thousand leave in a few hundred frames.

One lock guards the session. Results are unpickled and futures are settled in the background thread, without the lock.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import select
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from asyncluster.core.client.calls import Call, Event, Tell, tell_all
from asyncluster.core.client.collector import collector
from asyncluster.core.client.session import LAST_WORDS, Session
from asyncluster.core.errors import JobCancelled, UsageError

_log = logging.getLogger("asyncluster")

#: Seconds within which calls are gathered into one frame.
PACE = 0.0003

_connections: weakref.WeakSet[Connection] = weakref.WeakSet()


class Connection:
    """A session with its thread.

    Args:
        session: not started yet.

    Raises:
        MasterUnreachable, NotAllowed: the master is not there, or does not want us.
    """

    def __init__(self, session: Session) -> None:
        self.lock = threading.RLock()  # re-entered when the garbage collector finds something of ours under it
        self.session = session
        self.ledger = session.ledger
        self._written = 0.0
        self._gathering = False  # the thread will look again within PACE
        self._untold: list[Event] = []  # events that the thread is to tell
        self._closing_until: float | None = None
        self._alarm = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name="asyncluster", daemon=True)
        answer = Answer(self)
        try:
            with self.lock:
                self._untold += session.start(answer)
        except BaseException:
            os.close(self._alarm)
            raise
        _connections.add(self)
        self._thread.start()
        try:
            answer.wait()
        except BaseException:
            self.close()
            raise

    # --- from the author's threads ------------------------------------------------------------------------

    def flush(self) -> None:
        """Sends what has been submitted, soon; to be called under the lock."""
        now = time.monotonic()
        if now - self._written >= PACE:  # the usual case of a single call
            self._write(now)
        elif not self._gathering:
            self._gathering = True
            self._ring()

    def in_background(self) -> bool:
        """Whether this is the background thread, which must not wait for anything."""
        return threading.current_thread() is self._thread

    def before_waiting(self) -> None:
        """To be called by a thread that is about to wait for something.

        Raises:
            UsageError: it is the background thread, for which it would wait for ever.
        """
        if self.in_background():
            raise UsageError("A callback of a future must not wait for another call: nobody would bring its result.")
        with self.lock:
            if self.ledger.has_more:
                self._write(time.monotonic())

    def cancel(self, calls: Iterable[Call]) -> None:
        """Ends these calls."""
        with self.lock:
            for call in calls:
                self._untold += call.job.cancel([call])
            self.flush()

    def ask(self, request: Callable[[Tell], Iterable[Event] | None]) -> Any:
        """Makes a request under the lock and waits for its answer.

        Args:
            request: is given whom to tell; may return events.
        """
        answer = Answer(self)
        with self.lock:
            events = request(answer) or ()
            self.flush()
        tell_all(events)
        return answer.wait()

    def close(self) -> None:
        """Ends all jobs, says so to the master and ends the thread."""
        with self.lock:
            if self._closing_until is None:
                self._closing_until = time.monotonic() + LAST_WORDS
                for job in list(self.ledger.jobs.values()):
                    self._untold += self.ledger.close_job(job, JobCancelled("The cluster was closed."))
                self._ring()
        if not self.in_background() and self._thread.is_alive():
            self._thread.join()

    def _write(self, now: float) -> None:
        self._written = now
        self._untold += self.session.write()
        if self._untold or self.session.blocked:
            self._ring()

    def _ring(self) -> None:
        with contextlib.suppress(OSError):  # the thread is over
            os.eventfd_write(self._alarm, 1)

    # --- the background thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._loop()
        except Exception:  # a bug of ours must not leave anybody waiting for ever
            _log.critical("The client of AsynCluster stopped because of a bug.", exc_info=True)
        with self.lock:
            events = self._untold + self.session.close()
            os.close(self._alarm)
        collector.note(self, 0)
        tell_all(events)

    def _loop(self) -> None:
        poll = select.poll()
        poll.register(self._alarm, select.POLLIN)
        watched: tuple[int, int] = (-1, 0)
        while True:
            with self.lock:
                if self._is_over():
                    return
                wanted = self.session.fileno, select.POLLIN | (select.POLLOUT if self.session.blocked else 0)
                wait = self._wait()
            if wanted != watched:
                if watched[0] >= 0:
                    poll.unregister(watched[0])
                if wanted[0] >= 0:
                    poll.register(*wanted)
                watched = wanted
            ready = dict(poll.poll(wait))
            tell_all(self._turn(ready))  # and keep no reference to results while waiting

    def _is_over(self) -> bool:
        if self._closing_until is None:
            return self.ledger.error is not None
        said = not self.session.blocked and not self.ledger.has_more
        return said or self.session.fileno < 0 or time.monotonic() >= self._closing_until

    def _wait(self) -> float | None:
        """Milliseconds until there is something to do unasked."""
        if self._untold:
            return 0.0
        now = time.monotonic()
        times = [at for at in (self.session.retry_at, self._closing_until) if at is not None]
        if self._gathering:
            times.append(self._written + PACE)
        return max(0.0, min(times) - now) * 1000 + 0.1 if times else None

    def _turn(self, ready: dict[int, int]) -> list[Event]:
        if self._alarm in ready:
            os.eventfd_read(self._alarm)
        with self.lock:
            now = time.monotonic()
            if ready.get(self.session.fileno, 0) & ~select.POLLOUT:
                self._untold += self.session.read()
            if self._closing_until is not None or self.session.blocked or now >= self._written + PACE:
                self._gathering = False
                if self.ledger.has_more or self.session.blocked:  # else the next call may leave at once
                    self._written = now
                    self._untold += self.session.write()
            if self.session.retry_at is not None and now >= self.session.retry_at:
                self._untold += self.session.retry()
            collector.note(self, self.ledger.pending)
            events, self._untold = self._untold, []
        return events

    def forked(self) -> None:
        """In a child process: the link is the parent's, and the lock may be held by a thread that is not here."""
        self.lock = threading.RLock()
        self.session.forked()


class Answer:
    """Something that the master has been asked for, and that a thread waits for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._come = threading.Event()
        self._value: Any = None
        self._error: BaseException | None = None

    def __call__(self, value: Any, error: BaseException | None) -> None:
        self._value, self._error = value, error
        self._come.set()

    def wait(self) -> Any:
        """The answer; raises the refusal."""
        if not self._come.is_set():
            self._connection.before_waiting()
        self._come.wait()
        if self._error is not None:
            raise self._error
        return self._value


def _close_all() -> None:
    """At the end of the program: the master need not wait for clients that do not come back."""
    for connection in list(_connections):
        connection.close()


def _forked() -> None:
    for connection in list(_connections):
        connection.forked()
    _connections.clear()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_forked)

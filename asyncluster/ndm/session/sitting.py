"""A person's session as its keeper runs it: admit, open, watch over, end. The keeper's only thread is in here.

Whatever goes wrong after PAM's session is open goes through the same end as a logout. `Course` decides when; this does.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asyncluster.core.errors import AsynClusterError
from asyncluster.core.people.ends import End
from asyncluster.ndm.display.screen import Screen
from asyncluster.ndm.session.channel import Channel, ChannelClosed, Fields
from asyncluster.ndm.session.ending import Course, Move
from asyncluster.ndm.session.errorlog import ErrorLog
from asyncluster.ndm.session.group import tell
from asyncluster.ndm.session.guest import Guest
from asyncluster.ndm.session.launch import launch
from asyncluster.ndm.session.login import Login
from asyncluster.ndm.session.orders import Begin
from asyncluster.ndm.session.record import MARK_SECONDS, Record, Records, boot_id
from asyncluster.ndm.session.timebar import TimeBar
from asyncluster.ndm.session.watch import Watch

SOCKET = "keeper.sock"
_OPEN_SECONDS = 60.0
_POLITE = frozenset({signal.SIGTERM, signal.SIGHUP, signal.SIGINT})
_SIGNALLED = 128  # a shell's exit code for a program that a signal has ended, less the signal


def boot_clock() -> float:
    """Seconds that the machine has been up, suspend included; nobody can set it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Sitting:
    """See the module.

    Args:
        order: the steward's.
        channel: to the steward.
        watch: of this process.
        clock: CLOCK_BOOTTIME.
    """

    def __init__(self, order: Begin, channel: Channel, watch: Watch, clock: Callable[[], float] = boot_clock) -> None:
        self._order = order
        self._channel: Channel | None = channel
        self._watch = watch
        self._clock = clock
        self._screen = Screen(order.place)
        self._course = Course(order.deadline, order.grace)
        self._records = Records(Path(order.records))
        self._marked = clock()
        self._leader = 0
        self._bar: TimeBar | None = None
        self._log: ErrorLog | None = None
        self._door: socket.socket | None = None
        self._record = Record(
            session=order.session,
            user=order.user,
            display=f":{order.place.display}",
            started=order.started,
            boot=boot_id(),
            began=order.began,
            deadline=order.deadline,
        )

    def run(self) -> None:
        """The whole session."""
        try:
            login = self._login()
            login.admit()
        except (AsynClusterError, OSError) as error:
            self._tell({"event": "refused", "words": str(error)})
            return
        self._tell({"event": "admitted"})
        if not self._may_open():
            login.close()
            return
        self._records.save(self._record)
        try:
            self._open(login)
            self._watch_over()
        except (AsynClusterError, OSError) as error:
            self._tell({"event": "told", "words": str(error)})
            self._course.end(End.CRASHED, self._clock())
        finally:
            self._end(login)

    # --- the beginning ---------------------------------------------------------------------------------------

    def _may_open(self) -> bool:
        """Waits for the word that the display is free."""
        until = self._clock() + _OPEN_SECONDS
        while self._clock() < until and not self._watch.told_to_stop:
            for channel in self._watch.wait([self._channel] if self._channel else [], until - self._clock()):
                try:
                    received = channel.receive()
                except ChannelClosed:
                    return False
                if received is not None:
                    return bool(received[0].get("do") == "open")
        return False

    def _login(self) -> Login | Guest:
        """Root's keepers ask PAM and become the person; others can only be who they are."""
        if os.geteuid() != 0:
            return Guest(self._order)
        return Login(self._order, lambda words: self._tell({"event": "told", "words": words}))

    def _open(self, login: Login | Guest) -> None:
        self._open_door()
        self._screen.up()
        login.open(self._screen.let_in(*login.ids()))
        niceness, inside = self._order.niceness, self._screen.inside
        self._leader = launch(login.command(), login.who, login.environment, inside, niceness=niceness)
        self._bar = TimeBar(login.who, login.environment, inside, niceness)
        self._log = ErrorLog(login.who, inside)
        self._tell({"event": "running"})

    def _open_door(self) -> None:
        """Where a new steward finds this session; the directory is root's, so nobody else gets there."""
        path = self._order.place.directory / SOCKET
        path.unlink(missing_ok=True)
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        self._door.bind(str(path))
        path.chmod(0o600)
        self._door.listen(1)
        self._door.setblocking(False)

    # --- while it goes on ------------------------------------------------------------------------------------

    def _watch_over(self) -> None:
        """Returns when nothing of the session may go on."""
        while True:
            now = self._clock()
            self._look_at_children(now)
            match self._course.move(now, alive=bool(self._screen.inside.pids())):
                case Move.KILL:
                    return
                case Move.ASK:
                    self._write_down(now)
                    tell(self._screen.inside, signal.SIGTERM)
            self._mark(now)
            self._listen(self._seconds_to_next(now))

    def _look_at_children(self, now: float) -> None:
        ended = self._watch.ended()
        if self._screen.pid in ended:
            self._course.end(End.CRASHED, now)
        if self._leader in ended:
            left = _meant_to(ended[self._leader]) and self._screen.serves()
            self._course.end(End.LOGOUT if left else End.CRASHED, now)
        if self._watch.told_to_stop:
            self._course.end(End.NODE_STOPPED, now)
        if self._bar is not None and self._channel is not None and self._course.reason is None:
            self._bar.tend(ended, now, self._channel)
        if self._log is not None and self._course.reason is None:
            self._log.tend(ended, now)

    def _mark(self, now: float) -> None:
        if now - self._marked >= MARK_SECONDS and self._course.reason is None:
            self._write_down(now)

    def _write_down(self, now: float) -> None:
        """A disk that is full must not end a session; the next mark may succeed."""
        self._marked = now
        if self._course.reason is not None and self._course.ended is not None:
            self._record = self._record.ended(self._course.ended, self._course.reason)
        else:
            self._record = self._record.marked(now)
        try:
            self._records.save(self._record)
        except OSError as error:
            self._tell({"event": "told", "words": f"The session's record cannot be written: {error.strerror}."})

    def _seconds_to_next(self, now: float) -> float:
        moments = [self._course.wake_at(), self._marked + MARK_SECONDS]
        moments += [tended.wake_at() for tended in (self._bar, self._log) if tended is not None]
        return max(0.0, min(at for at in moments if at is not None) - now)

    # --- the steward -----------------------------------------------------------------------------------------

    def _listen(self, seconds: float) -> None:
        sources: list[Any] = [source for source in (self._channel, self._door) if source is not None]
        for source in self._watch.wait(sources, seconds):
            if source is self._door:
                self._taken_over()
            else:
                self._obey()

    def _obey(self) -> None:
        assert self._channel is not None
        try:
            received = self._channel.receive()
        except ChannelClosed:
            self._channel.close()
            self._channel = None
            self._course.steward_lost(self._clock())
            return
        match received[0] if received is not None else {}:
            case {"do": "deadline", "at": float() | int() | None as at}:
                self._course.deadline = at
                self._record = self._record.with_deadline(at)
                self._write_down(self._clock())
            case {"do": "end", "reason": str(reason)} if reason in list(End):
                self._course.end(End(reason), self._clock())

    def _taken_over(self) -> None:
        assert self._door is not None
        try:
            accepted, _ = self._door.accept()
        except OSError:
            return
        if self._channel is not None:
            self._channel.close()
        self._channel = Channel(accepted)
        self._course.steward_back()
        self._tell({"event": "adopted", "session": self._order.session})

    def _tell(self, fields: Fields) -> None:
        if self._channel is not None:
            try:
                self._channel.send(fields)
            except ChannelClosed:
                pass  # the end of the stream is noticed where messages are read

    # --- the end ---------------------------------------------------------------------------------------------

    def _end(self, login: Login | Guest) -> None:
        now = self._clock()
        self._course.end(End.CRASHED, now)  # unless it has ended for another reason
        self._write_down(now)
        self._screen.down()
        login.close()
        if self._door is not None:
            self._door.close()
            (self._order.place.directory / SOCKET).unlink(missing_ok=True)
        self._tell({"event": "ended", "reason": str(self._course.reason)})


def _meant_to(code: int) -> bool:
    """Has a window manager ended by itself, with whatever exit code, or because it was asked to?"""
    number = -code if code < 0 else code - _SIGNALLED
    return number <= 0 or number in _POLITE

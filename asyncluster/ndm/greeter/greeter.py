"""The greeter behind its windows: takes what the node daemon says and what people do, and tells the windows to look.

All state that windows show is here; a window keeps none of its own, so two screens cannot disagree.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from asyncluster.core.qt.theme import Look, Mode
from asyncluster.core.qt.walltime import wall_clock, zone_named
from asyncluster.core.wire.greeter import (
    Accepted,
    Configuration,
    Layout,
    MasterState,
    Message,
    Openings,
    Power,
    Refused,
    ToGreeter,
)
from asyncluster.ndm.greeter import layouts, words
from asyncluster.ndm.greeter.keyboard import Keyboard
from asyncluster.ndm.greeter.login import Field, LoginModel


class Greeter(QObject):
    """What all windows of a greeter show.

    Attributes:
        configuration: what the node daemon said last; its sessions and layouts are the choice.
        model: the login that is being typed.
        master: whether the master answers.
        openings: today's, or None while nobody has told.
        session: id of the chosen session.
        layout: code of the keyboard layout in use.
        layouts: the choice of layouts.

    Signals:
        changed: look again.
        answered: a Login was refused; the keyboard belongs to the password.

    Args:
        look: the theme, which the person may change.
        keyboard: the X server's keyboard.
        send: takes a message to the node daemon.
        monotonic: seconds of a clock that only runs forward.
        wall: seconds since 1970.
    """

    changed = pyqtSignal()
    answered = pyqtSignal()

    def __init__(
        self,
        configuration: Configuration,
        look: Look,
        keyboard: Keyboard,
        send: Callable[[Message], None],
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.look = look
        self.keyboard = keyboard
        self.model = LoginModel()
        self.master = MasterState(True)
        self.openings: Openings | None = None
        self._send = send
        self._monotonic = monotonic
        self._wall = wall
        self._names: dict[str, str] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.tick)
        keyboard.changed.connect(self.changed)
        self._configure(configuration)

    # --- from the node daemon

    def receive(self, message: ToGreeter) -> None:
        """Takes a message; whatever it is, the windows look again."""
        match message:
            case Configuration():
                self._configure(message)
            case MasterState():
                self.master = message
                self.model.master_away = not message.reachable
            case Openings():
                self.openings = message
            case Refused():
                self.model.refused(message, self._monotonic())
            case Accepted():
                self.model.accepted()
        self.tick()
        if isinstance(message, Refused):
            self.answered.emit()

    def _configure(self, configuration: Configuration) -> None:
        self.configuration = configuration
        known = {session.id for session in configuration.sessions}
        first = configuration.sessions[0].id if configuration.sessions else ""
        self.session = configuration.session if configuration.session in known else first
        self.look.choose(Mode(configuration.mode), scale=configuration.scale)

    # --- from the windows

    def edit(self, field: Field, text: str) -> None:
        """A field holds `text` now."""
        self.model.edit(field, text)
        self.tick()

    def submit(self) -> Field | None:
        """Enter was pressed. Returns the field that is still to be filled, if that is why nothing was sent."""
        login = self.model.submit(self.session, self.keyboard.layout[:40], self._monotonic())
        if login is not None:
            self._send(login)
        self.tick()
        return None if login else self.model.wants()

    def choose_session(self, identity: str) -> None:
        """Another session is chosen."""
        self.session = identity
        self.changed.emit()

    def choose_layout(self, code: str) -> None:
        """Another keyboard layout is chosen; `changed` follows when the X server has it."""
        self.keyboard.choose(code)

    def choose_appearance(self, mode: Mode, scale: float) -> None:
        """Other colours or another size of text."""
        self.look.choose(mode, scale=scale)
        self.changed.emit()

    def power(self, action: str) -> None:
        """Restart or shut down was asked for, and confirmed."""
        self._send(Power("restart" if action == "restart" else "shut down"))

    # --- what windows ask

    def now(self) -> datetime:
        """The room's wall clock."""
        return wall_clock(self._wall(), zone_named(self.openings.zone if self.openings else ""))

    def instant(self) -> float:
        """Seconds since 1970."""
        return self._wall()

    def notice(self) -> words.Notice:
        """What stands under the fields."""
        return words.notice(self.model, self._monotonic(), self.configuration.hint)

    def layouts(self) -> list[Layout]:
        """The choice of keyboard layouts."""
        return layouts.offered(self.configuration.layouts, self.keyboard.layout, self._layout_names())

    def layout_name(self) -> str:
        """The layout in use as people call it; "" if the X server does not say."""
        code = self.keyboard.layout
        configured = {layout.code: layout.name for layout in self.configuration.layouts}
        return configured.get(code) or self._layout_names().get(code, code)

    def _layout_names(self) -> dict[str, str]:
        if self._names is None:
            try:
                with open(layouts.RULES, encoding="utf-8", errors="replace") as rules:
                    self._names = layouts.names_in(rules.read())
            except OSError:
                self._names = {}
        return self._names

    # --- from the clock

    def tick(self) -> None:
        """Time has passed or something changed: the windows look again, and the next tick is set."""
        now = self._monotonic()
        self.model.tick(now)
        to_next_minute = 60 - self._wall() % 60
        to_next_word = self.model.next_tick(now)
        wait = to_next_minute if to_next_word is None else min(to_next_minute, to_next_word)
        self._timer.start(int(wait * 1000) + 1)
        self.changed.emit()

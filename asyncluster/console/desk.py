"""Where pages find what they show and whom they ask: the mirror, the look, the settings, and the way to the master.

A page gets a desk and nothing else. Actions go through `perform`, which asks first where something would be lost,
and says afterwards what came of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any, Protocol, TypeAlias

from PyQt6.QtCore import QObject, QSettings, pyqtSignal

from asyncluster.console.state.actions import Action, Question, Request
from asyncluster.console.state.mirror import Mirror
from asyncluster.core.qt.theme import Look
from asyncluster.core.qt.walltime import zone_named


class Ask(Protocol):
    """A way to ask the master; exactly one of `done` and `failed` is called, once."""

    def __call__(
        self, verb: str, arguments: Mapping[str, Any], done: Callable[[Any], None], failed: Callable[[str], None]
    ) -> None: ...


#: Asks the operator a question; the callable is called if the answer is yes.
Confirm: TypeAlias = Callable[[Question, Callable[[], None]], object]


class Desk(QObject):
    """All that a page needs.

    Attributes:
        mirror: what the master has published.
        look: the theme.
        settings: what is remembered from run to run.
        confirm: asks the operator; the window sets it.

    Signals:
        told: something was done; the sentence, and the action that undoes it or None.
        failed: something was not done; a sentence.
        opened: something wants to be shown, as "node:pc07", "job:214" or "user:lena".
    """

    told = pyqtSignal(str, object)
    failed = pyqtSignal(str)
    opened = pyqtSignal(str)

    def __init__(self, mirror: Mirror, look: Look, settings: QSettings, ask: Ask) -> None:
        super().__init__()
        self.mirror = mirror
        self.look = look
        self.settings = settings
        self.confirm: Confirm = lambda _question, yes: yes()
        self._ask = ask

    def now(self) -> float:
        """The master's clock, seconds since 1970."""
        return self.mirror.now()

    def zone(self) -> tzinfo | None:
        """The master's time zone; this computer's as long as it is not known."""
        master = self.mirror.master
        return zone_named(master.zone) if master is not None else None

    def ask(self, verb: str, arguments: Mapping[str, Any], done: Callable[[Any], None]) -> None:
        """Asks the master something; a refusal is told to the operator."""
        self._ask(verb, arguments, done, self.failed.emit)

    def perform(self, action: Action) -> None:
        """Does something to its targets, after the operator has agreed if it asks a question."""
        if action.question is None:
            _Errand(self._ask, action, self._over).go()
        else:
            self.confirm(action.question, lambda: _Errand(self._ask, action, self._over).go())

    def _over(self, action: Action, problems: list[str]) -> None:
        if not problems:
            self.told.emit(action.done, action.undo)
            return
        done = len(action.requests) - len(problems)
        others = f" ({done} of {len(action.requests)} were done.)" if done else ""
        self.failed.emit(" ".join(dict.fromkeys(problems)) + others)


class _Errand:
    """Asks for the requests of one action, one after the other."""

    def __init__(self, ask: Ask, action: Action, over: Callable[[Action, list[str]], None]) -> None:
        self._ask = ask
        self._action = action
        self._over = over
        self._left: list[Request] = list(action.requests)
        self._problems: list[str] = []

    def go(self) -> None:
        if not self._left:
            self._over(self._action, self._problems)
            return
        request = self._left.pop(0)
        self._ask(request.verb, request.arguments, lambda _answer: self.go(), self._failed)

    def _failed(self, problem: str) -> None:
        self._problems.append(problem)
        self.go()

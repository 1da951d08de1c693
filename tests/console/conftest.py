from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PyQt6.QtCore import QCoreApplication, QEvent, QSettings
from support.lab import NOW, Lab

from asyncluster.console.desk import Desk
from asyncluster.console.state.mirror import Mirror
from asyncluster.core.qt.theme import Look, Mode
from asyncluster.core.wire import messages
from asyncluster.core.wire.feed import TOPICS, Options


@dataclass
class Asked:
    """A master that writes down what it is asked, and answers as the test says.

    Attributes:
        questions: (verb, arguments) in order.
        answers: by verb; a string that begins with "!" is a refusal.
    """

    questions: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)

    def ask(self, verb: str, arguments: Any, done: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        self.questions.append((verb, dict(arguments)))
        answer = self.answers.get(verb)
        if isinstance(answer, str) and answer.startswith("!"):
            failed(answer[1:])
        else:
            done(answer)

    @property
    def verbs(self) -> list[str]:
        return [verb for verb, _arguments in self.questions]


@dataclass
class Said:
    """What a desk told the operator."""

    told: list[str] = field(default_factory=list)
    undo: list[Any] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)


@pytest.fixture
def lab() -> Lab:
    """The 24 PCs."""
    return Lab()


@pytest.fixture
def mirror(lab: Lab) -> Mirror:
    """A mirror that stands still at the lab's time, watching everything."""
    mirror = Mirror(lambda: 0.0, lambda: NOW)
    for topic in (*TOPICS, "job:214"):
        mirror.table(topic)
    return mirror


@pytest.fixture
def tick(lab: Lab, mirror: Mirror) -> Callable[[], None]:
    """Brings what the lab has published into the mirror, through the wire's encoding."""
    decoder = messages.decoder(messages.ToClient)

    def send(message: messages.Feed) -> None:
        mirror.receive(decoder.decode(messages.encode(message)))

    lab.feed.subscribe(send, {topic: Options() for topic in (*TOPICS, "job:214")})
    return lambda: lab.feed.tick(NOW)


@pytest.fixture
def look(qapp: Any) -> Any:
    look = Look(qapp, ("base", "console"))
    look.choose(Mode.LIGHT)
    yield look
    look.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # else every later style sheet dresses them too
    qapp.setStyleSheet("")


@pytest.fixture
def settings(tmp_path: Any) -> QSettings:
    return QSettings(str(tmp_path / "console.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def desk(mirror: Mirror, look: Look, settings: QSettings, asked: Asked, tick: Callable[[], None]) -> Desk:
    """A desk with the lab's rows on it; questions are answered with yes."""
    tick()
    return Desk(mirror, look, settings, asked.ask)


@pytest.fixture
def said(desk: Desk) -> Said:
    said = Said()

    def told(sentence: str, undo: Any) -> None:
        said.told.append(sentence)
        said.undo.append(undo)

    desk.told.connect(told)
    desk.failed.connect(said.failed.append)
    desk.opened.connect(said.opened.append)
    return said


@pytest.fixture
def shown(qtbot: Any) -> Callable[[Any], Any]:
    """Shows a page as the window would, in its size."""

    def show(page: Any) -> Any:
        qtbot.addWidget(page)
        page.resize(1240, 800)
        page.show()
        qtbot.waitExposed(page)
        return page

    return show

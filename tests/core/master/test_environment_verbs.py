"""What the verbs about environments leave behind when whoever asked is gone."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred

from asyncluster.core.environments.kept import Kept
from asyncluster.core.master.verbs.environments import VERBS
from asyncluster.core.wire.verbs.environments import Environment

KEPT = Kept("ab" * 32, "images", "3.11", 1, 1000, 0.0, "ann")


class Master:
    """Plays the question, the office and who writes the audit."""

    def __init__(self) -> None:
        self.environments = self.people = self.identity = self
        self.uid, self.name = 1000, "ann"
        self.changing: Deferred[None] = Deferred()
        self.acts: list[tuple[str, str]] = []

    def now(self) -> float:
        return 0.0

    def find(self, _text: str) -> Kept:
        return KEPT

    async def use(self, _key: str) -> None:
        await self.changing

    remove = use

    async def note(self, act: Any) -> None:
        self.acts.append((act.verb, act.subject))


@pytest.mark.parametrize("verb", ["env use", "env remove"])
def test_a_change_is_made_and_written_down_though_its_client_is_gone(verb: str) -> None:
    master = Master()
    answer = Deferred.fromCoroutine(VERBS[verb].handler(master, Environment("images")))  # type: ignore[arg-type]
    answer.cancel()
    master.changing.callback(None)
    assert master.acts == [(verb, "images")]
    assert isinstance(answer.result.value, CancelledError)  # type: ignore[attr-defined]
    answer.addErrback(lambda _failure: None)

"""Who gets into Dask, and that it is written down."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from asyncluster.core.database.audit import Act
from asyncluster.core.errors import AsynClusterError, UsageError
from asyncluster.core.master.verbs.engine import dask_client
from asyncluster.core.wire.verbs.cluster import DaskClient


class Office:
    """Admits everybody, or nobody."""

    def __init__(self, ready: bool) -> None:
        self._ready = ready

    def admit(self, _csr: bytes, name: str) -> dict[str, Any]:
        if not self._ready:
            raise AsynClusterError("The Dask scheduler is being started.")
        return {"address": f"for {name}"}


def ask(engine: Office | None) -> tuple[Any, list[Act]]:
    """What is answered, and what is noted."""
    acts: list[Act] = []

    async def note(act: Act) -> None:
        acts.append(act)

    people = SimpleNamespace(note=note, now=lambda: 7)
    question: Any = SimpleNamespace(engine=engine, people=people, identity=SimpleNamespace(uid=1000, name="ann"))
    answers: list[Any] = []
    Deferred.fromCoroutine(dask_client(question, DaskClient(b"csr"))).addBoth(answers.append)
    return answers[0], acts


def test_who_is_admitted_is_noted_as_every_other_act() -> None:
    answer, acts = ask(Office(ready=True))
    assert answer == {"address": "for ann"}
    assert acts == [Act(7, 1000, "ann", "dask client", "ann")]


@pytest.mark.parametrize(("engine", "kind"), [(None, UsageError), (Office(ready=False), AsynClusterError)])
def test_who_is_not_admitted_is_told_why_and_nothing_is_noted(engine: Office | None, kind: type[Exception]) -> None:
    failure, acts = ask(engine)
    assert failure.check(kind)
    assert not acts

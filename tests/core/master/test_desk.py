"""Every verb in every role, and what comes of nonsense."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.errors import NotAllowed, UsageError
from asyncluster.core.master.verbs.desk import Question, VerbDesk
from asyncluster.core.master.verbs.table import VERBS
from asyncluster.core.master.verbs.verb import Verb
from asyncluster.core.wire.roles import Role

PARTS = dict.fromkeys(("people", "database", "switchboard", "feed", "now"))

#: What others than operators may ask. A new verb has to be put here or not.
FOR_JOB_USERS = {"status", "dask client", "node list", "node show", "env list", "env show"}
FOR_JOB_USERS |= {f"job {verb}" for verb in ("list", "show", "logs", "cancel", "renice", "why")}
FOR_ANYONE = {"opening list"}


@dataclass
class Asker:
    role: Role | None
    who: Any = None


class Echo(msgspec.Struct, forbid_unknown_fields=True):
    text: str


async def echo(question: Question, args: Echo) -> str:
    return args.text


DESK = VerbDesk({"echo": Verb(Role.SUBMITTER, Echo, echo)}, PARTS)


def ask(desk: VerbDesk, role: Role | None, verb: str, arguments: bytes) -> Any:
    return msgspec.msgpack.decode(asyncio.run(desk.answer(Asker(role), verb, msgspec.Raw(arguments))))


def encoded(**arguments: object) -> bytes:
    return msgspec.msgpack.encode(arguments)


def test_a_verb_gets_its_arguments_and_gives_its_answer() -> None:
    assert ask(DESK, Role.SUBMITTER, "echo", encoded(text="hello")) == "hello"


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("role", [None, *Role], ids=str)
def test_each_verb_wants_its_role_before_it_looks_at_anything(verb: str, role: Role | None) -> None:
    needed = Role.SUBMITTER if verb in FOR_JOB_USERS else Role.ANYONE if verb in FOR_ANYONE else Role.OPERATOR
    allowed = role is not None and role >= needed
    with pytest.raises(UsageError if allowed else NotAllowed):
        ask(VerbDesk(VERBS, PARTS), role, verb, encoded(no_such_argument=1))


def test_an_unknown_verb_is_told() -> None:
    with pytest.raises(UsageError, match="knows no '__init__'"):
        ask(DESK, Role.OPERATOR, "__init__", encoded())


@given(st.binary(max_size=100))
def test_nonsense_for_arguments_is_wrong_usage(arguments: bytes) -> None:
    try:
        assert isinstance(ask(DESK, Role.OPERATOR, "echo", arguments), str)
    except UsageError:
        pass


def test_a_bomb_of_nesting_is_wrong_usage() -> None:
    with pytest.raises(UsageError):
        ask(DESK, Role.OPERATOR, "echo", b"\x81\xa4text" + b"\x91" * 100_000)


class Bounded(msgspec.Struct, forbid_unknown_fields=True):
    full_name: Annotated[str, msgspec.Meta(min_length=2, max_length=3)]


@pytest.mark.parametrize(("text", "words"), [("x", "at least 2 characters"), ("long", "at most 3 characters")])
def test_what_is_too_long_or_too_short_is_said_in_plain_words(text: str, words: str) -> None:
    desk = VerbDesk({"call": Verb(Role.SUBMITTER, Bounded, echo)}, PARTS)
    with pytest.raises(UsageError, match=f"^The full name must have {words}.$"):
        ask(desk, Role.SUBMITTER, "call", encoded(full_name=text))

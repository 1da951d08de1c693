"""Where questions of control clients are answered: finds the verb, checks the role, runs the handler."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from asyncluster.core.errors import NotAllowed, UsageError
from asyncluster.core.master.verbs.verb import Verb
from asyncluster.core.wire.roles import Role

_LENGTH = re.compile(r"Expected `(str|array)` of length (<=|>=) (\d+) - at `\$\.(\w+)`")
_encode = msgspec.msgpack.Encoder().encode


class Asker(Protocol):
    """The client that asks."""

    @property
    def who(self) -> Any: ...

    @property
    def role(self) -> Role | None: ...


@dataclass(frozen=True)
class Question:
    """What a handler gets to know besides the arguments: the master's parts, and who asks.

    Attributes:
        asker: the connection, for verbs that go on sending.
        identity: the client's account.
        role: what it may do.
        environments: the office of environments.
        engine: Dask's office; None: this master has none.
    """

    people: Any
    database: Any
    switchboard: Any
    feed: Any
    now: Callable[[], float]
    asker: Any
    identity: Any
    role: Role
    environments: Any = None
    engine: Any = None


class VerbDesk:
    """Answers by one explicit table; nothing is looked up by name on an object.

    Args:
        verbs: the table.
        parts: the fields of `Question` that are the same for everybody.
    """

    def __init__(self, verbs: Mapping[str, Verb], parts: Mapping[str, Any]) -> None:
        self._verbs = verbs
        self._parts = parts

    async def answer(self, asker: Asker, verb: str, arguments: msgspec.Raw) -> bytes:
        """The encoded answer.

        Raises:
            UsageError: there is no such verb, or the arguments do not fit.
            NotAllowed: the role does not suffice.
            AsynClusterError: whatever the handler says.
        """
        found = self._verbs.get(verb)
        if found is None:
            raise UsageError(f"This master knows no {verb[:40]!r}. It may be of an older version.")
        role = asker.role
        if role is None or role < found.role:
            needed = "an operator" if found.role is Role.OPERATOR else "a member of the group asyncluster"
            raise NotAllowed(f"Only {needed} may do this: {verb}.")
        try:
            fitting = msgspec.msgpack.decode(arguments, type=found.args)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise UsageError(_unfit(verb, str(error))) from None
        question = Question(**self._parts, asker=asker, identity=asker.who, role=role)
        return _encode(await found.handler(question, fitting))


def _unfit(verb: str, error: str) -> str:
    """What is wrong with the arguments; a length, which people may get wrong, in their words."""
    found = _LENGTH.fullmatch(error)
    if found is None:
        return f"The arguments of {verb} do not fit: {error}."
    kind, bound, number, field = found.groups()
    things = "characters" if kind == "str" else "entries"
    return f"The {field.replace('_', ' ')} must have at {'most' if bound == '<=' else 'least'} {number} {things}."

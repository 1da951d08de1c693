"""What a verb of the control socket is: the role that it needs, its arguments, and the coroutine that does it.

Each module of this package has a table `VERBS` of its own; the master joins them into the one table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from asyncluster.core.database.audit import Act
from asyncluster.core.wire.roles import Role

if TYPE_CHECKING:
    from asyncluster.core.database.database import Database
    from asyncluster.core.master.people import PeopleService


class Who(Protocol):
    """The client's account, as the kernel tells it."""

    @property
    def uid(self) -> int: ...

    @property
    def name(self) -> str: ...


class Context(Protocol):
    """What a handler of these verbs needs of the master and of whoever asks."""

    @property
    def people(self) -> PeopleService: ...

    @property
    def database(self) -> Database: ...

    @property
    def identity(self) -> Who: ...

    def now(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb.

    Attributes:
        role: who may ask for it.
        args: the struct of its arguments; nothing else is accepted.
        handler: `await handler(context, args)` gives an answer that msgspec can encode, or raises an
            `AsynClusterError`.
    """

    role: Role
    args: type[Struct]
    handler: Callable[[Any, Any], Awaitable[object]]


def act_of(context: Context, verb: str, subject: str, details: str = "") -> Act:
    """What the audit keeps of a verb that somebody has asked for; `details` hold no password."""
    who = context.identity
    return Act(context.people.now(), who.uid, who.name, verb, subject, details)

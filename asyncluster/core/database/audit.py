"""Who changed what: every act of an operator, and never a password."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from asyncluster.core.database.schema import audit


@dataclass(frozen=True, slots=True)
class Act:
    """What an operator did.

    Attributes:
        at: seconds since 1970.
        uid, who: of the operator's account on the master's machine.
        verb: of the control socket.
        subject: whom or what it concerned.
        details: the other arguments, in words.
    """

    at: int
    uid: int
    who: str
    verb: str
    subject: str
    details: str = ""


def record_act(connection: Connection, act: Act) -> None:
    """Store an act."""
    connection.execute(
        insert(audit).values(
            at=act.at,
            uid=act.uid,
            who=act.who[:255],
            verb=act.verb,
            subject=act.subject[:255],
            details=act.details[:1000],
        )
    )


def latest_acts(connection: Connection, *, limit: int = 100) -> list[Act]:
    """The newest acts, the newest first."""
    columns = (audit.c.at, audit.c.uid, audit.c.who, audit.c.verb, audit.c.subject, audit.c.details)
    rows = connection.execute(select(*columns).order_by(audit.c.id.desc()).limit(limit))
    return [Act(*row) for row in rows]

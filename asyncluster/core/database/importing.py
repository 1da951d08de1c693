"""Taking over what `legacy` has read. It can be run again: what is there already is left as it is.

Accounts are stored fifty at a time, sessions five hundred at a time, each batch as one transaction; an import that
dies on its way is simply started again. It may run while the master runs, which sees each batch at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection

from asyncluster.core.database import openings, sessions
from asyncluster.core.database.accounts import add_account, list_accounts
from asyncluster.core.database.database import Database
from asyncluster.core.database.legacy import Legacy, LegacyAccount, Note
from asyncluster.core.failpoints import failpoint
from asyncluster.core.people.calendar import Opening
from asyncluster.core.people.passwords import Hasher
from asyncluster.core.people.sessions import Session

T = TypeVar("T")

ACCOUNT_BATCH = 50
SESSION_BATCH = 500


@dataclass(slots=True)
class Outcome:
    """What an import did: how many rows were new, how many were there already, and what needs a look."""

    accounts: int = 0
    accounts_known: int = 0
    openings: int = 0
    openings_known: int = 0
    sessions: int = 0
    sessions_known: int = 0
    notes: list[Note] = field(default_factory=list)


def import_legacy(
    database: Database,
    legacy: Legacy,
    hasher: Hasher,
    *,
    now: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Outcome:
    """Store what is new in `legacy`.

    Args:
        database: where to.
        legacy: what was read.
        hasher: hashes the passwords, on all cores.
        now: seconds since 1970.
        progress: told how many of how many new accounts are stored; hashing is what takes long.
    """
    outcome = Outcome(notes=list(legacy.notes))
    known = {stored.account.name for stored in database.call(list_accounts)}
    new = [account for account in legacy.accounts if account.account.name not in known]
    outcome.accounts_known = len(legacy.accounts) - len(new)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for batch in _batches(new, ACCOUNT_BATCH):
            # No password at all stays none: nobody can log in.
            hashes = list(threads.map(lambda each: hasher.hash(each.password) if each.password else None, batch))
            database.call(_store_accounts, list(zip(batch, hashes, strict=True)), now)
            failpoint("import-accounts")
            outcome.accounts += len(batch)
            progress(outcome.accounts, len(new))
    outcome.openings = database.call(_store_openings, legacy.openings)
    outcome.openings_known = len(legacy.openings) - outcome.openings
    failpoint("import-openings")
    for sheet in _batches(legacy.sessions, SESSION_BATCH):
        added, there = database.call(_store_sessions, sheet, outcome.notes)
        outcome.sessions += added
        outcome.sessions_known += there
        failpoint("import-sessions")
    return outcome


def _store_accounts(connection: Connection, batch: Sequence[tuple[LegacyAccount, str | None]], now: int) -> None:
    for legacy, password_hash in batch:
        add_account(connection, legacy.account, password_hash, now=now)


def _store_openings(connection: Connection, found: Sequence[Opening]) -> int:
    return sum(openings.add_opening(connection, opening) for opening in found)


def _store_sessions(connection: Connection, batch: Sequence[Session], notes: list[Note]) -> tuple[int, int]:
    known = sessions.known_uuids(connection, [session.uuid for session in batch])
    added = 0
    for session in batch:
        if session.uuid in known:
            continue
        assert session.ended is not None
        others = sessions.timesheet(connection, user=session.user, since=session.started, until=session.ended)
        if any(other.ended is None or other.ended > session.started for other in others):
            text = "It overlaps a session that is stored already; left out."
            notes.append(Note("timesheet", f"{session.user} {session.started}", text, left_out=True))
            continue
        sessions.add_session(connection, session)
        added += 1
    return added, len(known)


def _batches(rows: Sequence[T], size: int) -> list[list[T]]:
    iterator = iter(rows)
    return list(iter(lambda: list(islice(iterator, size)), []))

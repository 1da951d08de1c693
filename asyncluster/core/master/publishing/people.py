"""Publishes people, openings and who sits where: asked of the database in its thread, whenever they have changed.

What changes with the time alone, such as hours used or why somebody may not log in now, is brought up to date every
few seconds while somebody watches. Sessions are followed always: they make the states of nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from asyncluster.core.database.accounts import list_accounts
from asyncluster.core.database.database import Database
from asyncluster.core.database.openings import load_calendar
from asyncluster.core.database.sessions import open_sessions
from asyncluster.core.master.feed import Feed
from asyncluster.core.master.people import PeopleService
from asyncluster.core.master.publishing import rows
from asyncluster.core.master.standing import Situation, standings
from asyncluster.core.people.sessions import Session
from asyncluster.core.wire.feed import OpeningRow, PersonRow, Row, RowId

#: Seconds after which what depends on the time alone is looked at again.
AGAIN_SECONDS = 5.0

_log = Logger()


class PeopleBoard:
    """People, openings and sessions.

    Args:
        event: is told who comes and who leaves: actor, subject and text.

    Attributes:
        sessions: those that are open, by node.
        quotas: seconds a day of each account; None: no limit.
    """

    def __init__(
        self,
        feed: Feed,
        people: PeopleService,
        database: Database,
        event: Callable[[str, str, str], None] = lambda actor, subject, text: None,
    ) -> None:
        self.sessions: dict[str, Session] = {}
        self.quotas: dict[str, float | None] = {}
        self._feed = feed
        self._people = people
        self._database = database
        self._event = event
        self._looked = False
        self._asking: Deferred[Any] | None = None
        self._asked = float("-inf")
        self._changed = True
        people.changed = self._people_changed

    def look(self, now: float, *, watched: bool) -> None:
        """Asks if there is a reason to, and no question is open; `now` is a clock that nobody sets."""
        due = self._changed or (watched and now - self._asked >= AGAIN_SECONDS)
        if self._asking is not None or not due:
            return
        self._changed, self._asked = False, now
        asking = self._asking = self._database.run(_look, self._people.situation())
        told: Deferred[None] = asking.addCallback(self._publish)
        told.addErrback(lambda failure: _log.warn("The feed of people stands still: {error}", error=failure.value))
        told.addBoth(self._answered)

    def _people_changed(self) -> None:
        self._changed = True

    def _answered(self, _result: object) -> None:
        self._asking = None

    def _publish(self, found: tuple[list[Session], list[PersonRow], list[OpeningRow]]) -> None:
        sessions, people, openings = found
        before, self.sessions = self.sessions, {session.node: session for session in sessions}
        if self._looked:
            self._tell_who_moved({session.uuid: session for session in before.values()}, sessions)
        self._looked = True
        self.quotas = {row.name: row.daily for row in people}
        self._replace("people", {row.name: row for row in people})
        self._replace("openings", {row.day: row for row in openings})

    def _tell_who_moved(self, gone: dict[str, Session], sessions: list[Session]) -> None:
        for session in sessions:
            if gone.pop(session.uuid, None) is None:
                self._event(session.user, f"user:{session.user}", f"Logged in at {session.node}.")
        for session in gone.values():
            self._event(session.user, f"user:{session.user}", f"Left {session.node}.")

    def _replace(self, topic: str, now: Mapping[Any, Row]) -> None:
        there: list[RowId] = self._feed.ids(topic)
        for row_id in there:
            if row_id not in now:
                self._feed.remove(topic, row_id)
        for row_id, row in now.items():
            self._feed.publish(topic, row_id, row)


def _look(connection: Connection, situation: Situation) -> tuple[list[Session], list[PersonRow], list[OpeningRow]]:
    accounts = list_accounts(connection)
    people = [rows.person_row(standing) for standing in standings(connection, situation, accounts)]
    return open_sessions(connection), people, rows.opening_rows(load_calendar(connection, situation.zone))

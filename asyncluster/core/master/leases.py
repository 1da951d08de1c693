"""Beginning, renewing and ending sessions: each function is one transaction from the records to the orders.

What is decided here follows from the records, `now` and which nodes are in contact (`Situation`), so the same request
after a crash gets the same answer. The rules themselves are `people.sessions` and `people.budget`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from asyncluster.core.database import sessions as table
from asyncluster.core.database.accounts import StoredAccount, find_account
from asyncluster.core.failpoints import failpoint
from asyncluster.core.master.standing import Situation, Standing, span_of, standing
from asyncluster.core.people import refusals
from asyncluster.core.people import sessions as rules
from asyncluster.core.people.budget import Span, Verdict
from asyncluster.core.people.ends import End
from asyncluster.core.people.names import is_account_name
from asyncluster.core.people.sessions import Session
from asyncluster.core.wire.people import EndedSession, EndOrder, Lease, LiveSession, SessionOrders, SessionReport

Orders = dict[str, SessionOrders]  # by node


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody wants to log in, and the password was right.

    Attributes:
        session: the UUID that the node has made.
        password_hash: the one that was checked: it must still be the person's.
    """

    session: str
    user: str
    node: str
    display: str
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Granted:
    """The person may sit down; `orders` end what they did elsewhere."""

    lease: Lease
    orders: Orders


@dataclass(frozen=True, slots=True)
class Refused:
    """The person may not sit down, for the reason that `text` gives."""

    text: str


def begin(connection: Connection, situation: Situation, request: Request) -> Granted | Refused:
    """Begin a session, and end the person's earlier one, wherever it is."""
    stored = find_account(connection, request.user)
    if stored is None or stored.password_hash != request.password_hash:
        return Refused(refusals.WRONG)  # changed while the old one was checked
    known = table.find_session(connection, request.session)
    if known is not None:
        return _repeated(connection, situation, request, stored, known)
    before = standing(connection, situation, stored)
    earlier = [session for session in before.sessions if session.ended is None]
    ended = [_closed(session, situation, End.ELSEWHERE) for session in earlier]
    after = _with(before, ended, situation)
    verdict = after.verdict()
    if not verdict.granted:
        return Refused(_refusal(before, after, verdict, situation))
    for session in [*ended, *_replaced(connection, situation, request)]:
        table.save_session(connection, session)
        failpoint("login-earlier-ended")
    session = rules.begun(
        request.session,
        request.user,
        request.node,
        request.display,
        now=situation.now,
        after=table.latest_end(connection, request.user),
        left=verdict.left,
    )
    table.add_session(connection, session)
    failpoint("login-inserted")
    ends_after = None if session.deadline is None else session.deadline - session.started
    orders = _joined((old.node, _end(old, End.ELSEWHERE)) for old in ended if old.node in situation.contact)
    return Granted(_lease(session, verdict, ends_after, after), orders)


def report(connection: Connection, situation: Situation, node: str, message: SessionReport) -> SessionOrders:
    """Book what a node reports, and renew its leases. The node is in contact from now on."""
    situation = replace(situation, contact=situation.contact | {node})
    for row in message.ended:
        _book(connection, situation, node, row)
        failpoint("report-booked")
    here = {row.session for row in message.live} | {row.session for row in message.ended}
    for session in table.open_sessions_on(connection, node):
        if session.uuid not in here and rules.is_lost(session, situation.now):
            table.save_session(connection, rules.lost(session))
    answers = [_renew(connection, situation, node, row) for row in message.live]
    return SessionOrders(
        leases=[answer for answer in answers if isinstance(answer, Lease)],
        ends=[answer for answer in answers if isinstance(answer, EndOrder)],
        booked=[row.session for row in message.ended],
    )


def reconsider(connection: Connection, situation: Situation, users: Collection[str] | None = None) -> Orders:
    """Judge the open sessions anew, of these people or of all: something about them has changed.

    A node that is out of contact keeps its promise; it is told when it reports.
    """
    orders: list[tuple[str, Lease | EndOrder]] = []
    for session in table.open_sessions(connection, users):
        if session.node in situation.contact:
            at = rules.seen(session, situation.now, in_contact=True)
            orders.append((session.node, _answer(connection, situation, session, at)))
            failpoint("reconsidered")
    return _joined(orders)


def kick(connection: Connection, situation: Situation, user: str) -> tuple[Session, Orders] | None:
    """End a person's session. If its node is out of contact, its promise is taken back: the operator decides so.

    Returns:
        The session and what to tell its node, or None if the person has none.
    """
    found = table.open_sessions(connection, [user])
    if not found:
        return None
    session = found[0]
    if session.node not in situation.contact:
        table.save_session(connection, rules.released(session, End.KICKED))
        return session, {}
    table.save_session(connection, replace(session, ordered=End.KICKED))
    return session, _joined([(session.node, _end(session, End.KICKED))])


def expire(connection: Connection, situation: Situation) -> int:
    """End the sessions whose deadline has passed on nodes that are out of contact. Returns how many."""
    count = 0
    for session in table.open_sessions(connection):
        over = rules.expired(session, situation.now, in_contact=session.node in situation.contact)
        if over is not None:
            table.save_session(connection, over)
            count += 1
    return count


def _repeated(
    connection: Connection, situation: Situation, request: Request, stored: StoredAccount, known: Session
) -> Granted | Refused:
    """The answer to the same request got lost."""
    if known.ended is not None or (known.user, known.node) != (request.user, request.node):
        return Refused(refusals.OUT_OF_ORDER)
    at = rules.seen(known, situation.now, in_contact=True)
    answer = _judged(connection, situation, stored, known, at)
    return Granted(answer, {}) if isinstance(answer, Lease) else Refused(answer.text)


def _replaced(connection: Connection, situation: Situation, request: Request) -> list[Session]:
    """Somebody else's session on the same display: there is a greeter again, so it is over."""
    return [
        _closed(session, situation, End.REPLACED)
        for session in table.open_sessions_on(connection, request.node)
        if session.display == request.display and session.user != request.user
    ]


def _closed(session: Session, situation: Situation, reason: End) -> Session:
    return rules.closed(session, situation.now, reason, in_contact=session.node in situation.contact)


def _with(before: Standing, changed: Iterable[Session], situation: Situation) -> Standing:
    by_uuid = {session.uuid: session for session in changed}
    sessions = [by_uuid.get(session.uuid, session) for session in before.sessions]
    return before.after(sessions, [span_of(session, situation) for session in sessions])


def _refusal(before: Standing, after: Standing, verdict: Verdict, situation: Situation) -> str:
    """The words; they name the session out of reach that holds the time, if it is that."""
    held = [s for s in before.sessions if rules.is_held(s, in_contact=s.node in situation.contact)]
    spans = [Span(s.started, s.last_seen) if s in held else span_of(s, situation) for s in before.sessions]
    if held and before.after(before.sessions, spans).verdict().granted:
        latest = max(held, key=lambda session: session.deadline or 0)
        assert latest.deadline is not None
        return refusals.held(latest.node, latest.deadline, after.calendar, after.now)
    return refusals.refusal(after.stored.account, verdict, after.calendar, after.now)


def _renew(connection: Connection, situation: Situation, node: str, row: LiveSession) -> Lease | EndOrder:
    session = table.find_session(connection, row.session)
    if session is None:
        session = _unknown(connection, situation, node, row)
        if session is None or table.open_sessions(connection, [row.user]):
            return EndOrder(row.session, End.LOST, refusals.end_words(End.LOST))
        table.add_session(connection, session)
    if session.node != node:
        return EndOrder(row.session, End.LOST, refusals.end_words(End.LOST))
    if session.ended is not None:
        return _end(session, session.end_reason or End.LOST)
    session = rules.reported(session, row.elapsed, situation.now, holds=row.holds)
    return _answer(connection, situation, session, session.last_seen)


def _answer(connection: Connection, situation: Situation, session: Session, at: int) -> Lease | EndOrder:
    """Judge an open session, store the promise, and say what its node shall do."""
    stored = find_account(connection, session.user)
    if session.ordered is not None or stored is None:
        table.save_session(connection, session)
        return _end(session, session.ordered or End.DELETED)
    return _judged(connection, situation, stored, session, at)


def _judged(
    connection: Connection, situation: Situation, stored: StoredAccount, session: Session, at: int
) -> Lease | EndOrder:
    person = standing(connection, situation, stored)
    others = [span for other, span in zip(person.sessions, person.spans, strict=True) if other.uuid != session.uuid]
    person = person.after(person.sessions, [*others, Span(session.started, at)])
    verdict = person.verdict()
    if not verdict.granted:
        table.save_session(connection, session)
        if not stored.account.enabled:
            return _end(session, End.DISABLED)
        why = refusals.refusal(stored.account, verdict, person.calendar, situation.now)
        return EndOrder(session.uuid, End.TIME, f"{refusals.end_words(End.TIME)} {why}")
    session, ends_after = rules.promised(session, verdict.left, at=at)
    table.save_session(connection, session)
    return _lease(session, verdict, ends_after, person)


def _book(connection: Connection, situation: Situation, node: str, row: EndedSession) -> None:
    known = table.find_session(connection, row.session)
    session = known or _unknown(connection, situation, node, row)
    if session is None or session.node != node:
        return
    reason = End(row.reason) if row.reason in list(End) else End.CRASHED
    following = table.next_start(connection, session)
    done = rules.booked(session, row.elapsed, reason, situation.now, next_started=following)
    if known is None:
        table.add_session(connection, done)
    else:
        table.save_session(connection, done)


def _unknown(
    connection: Connection, situation: Situation, node: str, row: LiveSession | EndedSession
) -> Session | None:
    """A session that the node has recorded and this database does not know: it is an older copy. Take it over.

    None if that cannot be: it begins in the future, or while the person was sitting elsewhere.
    """
    taken_until = table.latest_end(connection, row.user)
    if not is_account_name(row.user) or not taken_until <= row.started <= situation.now:
        return None
    started = row.started
    return rules.begun(row.session, row.user, node, row.display, now=started, after=started, left=None)


def _lease(session: Session, verdict: Verdict, ends_after: int | None, person: Standing) -> Lease:
    account = person.stored.account
    restricted = account.restricted
    return Lease(
        session=session.uuid,
        started=session.started,
        ends_after=ends_after,
        left=verdict.left,
        until=verdict.until,
        limit=verdict.limit or "",
        used_today=verdict.used_today,
        used_week=verdict.used_week,
        daily=account.daily if restricted else None,
        weekly=account.weekly if restricted else None,
        closes=_closes(person) if restricted else None,
    )


def _closes(person: Standing) -> int | None:
    """When the present opening ends."""
    spans = person.calendar.open_spans(person.calendar.day_of(person.now))
    return next((end for start, end in spans if start <= person.now < end), None)


def _end(session: Session, reason: End) -> EndOrder:
    return EndOrder(session.uuid, reason, refusals.end_words(reason))


def _joined(answers: Iterable[tuple[str, Lease | EndOrder]]) -> Orders:
    orders: Orders = {}
    for node, answer in answers:
        mine = orders.setdefault(node, SessionOrders(leases=[], ends=[]))
        if isinstance(answer, Lease):
            mine.leases.append(answer)
        else:
            mine.ends.append(answer)
    return orders

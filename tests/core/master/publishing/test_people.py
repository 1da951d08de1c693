from __future__ import annotations

from asyncluster.core.master.feed import Feed
from asyncluster.core.master.publishing.people import AGAIN_SECONDS, PeopleBoard


def names(feed: Feed) -> list[object]:
    return sorted(map(str, feed.ids("people")))


def test_what_an_operator_changes_is_seen_at_the_next_look(room):
    feed = Feed(lambda topic: None)
    board = PeopleBoard(feed, room.people, room.database)
    board.look(0.0, watched=True)
    assert names(feed) == []
    room.add("ada")
    board.look(0.25, watched=True)
    assert names(feed) == ["ada"]
    room.ask("opening add", day="mon", start="09:00", end="18:00")
    board.look(0.5, watched=True)
    assert "mon" in feed.ids("openings")
    room.ask("user delete", name="ada")
    board.look(0.75, watched=True)
    assert names(feed) == []


def test_without_a_change_the_database_is_left_alone_for_some_seconds(room, monkeypatch):
    board = PeopleBoard(Feed(lambda topic: None), room.people, room.database)
    asked = []
    run = room.database.run
    monkeypatch.setattr(room.database, "run", lambda *arguments: asked.append(1) or run(*arguments))
    for quarter in range(40):
        board.look(quarter / 4, watched=True)
    assert len(asked) == 10 / AGAIN_SECONDS
    for quarter in range(40, 80):
        board.look(quarter / 4, watched=False)
    assert len(asked) == 10 / AGAIN_SECONDS


def test_sessions_are_followed_whether_anybody_watches_or_not(room):
    events: list[tuple[str, str, str]] = []
    board = PeopleBoard(Feed(lambda topic: None), room.people, room.database, lambda *event: events.append(event))
    board.look(0.0, watched=False)
    room.add("ada", restricted=False)
    pc1 = room.node("pc1")
    pc1.report()
    pc1.greet("ada")
    board.look(0.1, watched=False)
    assert [found.user for found in board.sessions.values()] == ["ada"]
    pc1.logout()
    pc1.report()
    board.look(0.25, watched=False)
    assert board.sessions == {}
    assert events == [("ada", "user:ada", "Logged in at pc1."), ("ada", "user:ada", "Left pc1.")]


def test_every_act_is_told(room):
    acts = []
    room.people.acted = acts.append
    room.add("ada")
    room.ask("user quota", name="ada", daily_hours=2.0)
    assert [(act.verb, act.subject) for act in acts] == [("user add", "ada"), ("user quota", "ada")]

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from asyncluster.core.errors import UsageError
from asyncluster.core.master import feed as feeds
from asyncluster.core.master.feed import Feed
from asyncluster.core.wire import limits, messages
from asyncluster.core.wire.feed import JobDetail, NodeDetail, NodeRow, Options, job_number, row_type

NOW = 1_795_443_480.0
ALL = Options()


def node(name: str, state: str = "idle", note: str = "") -> NodeRow:
    return NodeRow(name, state, NOW, 4, note=note)


class Mirror:
    """A client's end: keeps what it was sent, as the console does."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[object, object]] = {}
        self.messages: list[messages.Feed] = []
        self.ready = True

    def send(self, message: messages.Feed) -> None:
        encoded = messages.encode(message)
        assert len(encoded) <= limits.FRAME
        message = messages.decoder(messages.ToClient).decode(encoded)
        self.messages.append(message)
        table = self.rows.setdefault(message.topic, {})
        if message.full:
            table.clear()
        for row in msgspec.msgpack.decode(message.rows, type=list[row_type(message.topic)]):
            table[getattr(row, row.__struct_fields__[0])] = row
        for row_id in message.gone:
            table.pop(row_id, None)

    def take(self) -> list[messages.Feed]:
        taken, self.messages = self.messages, []
        return taken


@pytest.fixture
def feed():
    return Feed(lambda number: None)


@pytest.fixture
def mirror():
    return Mirror()


def test_a_subscription_begins_with_a_snapshot_and_goes_on_with_what_changes(feed, mirror):
    feed.publish("nodes", "pc01", node("pc01"))
    feed.publish("nodes", "pc02", node("pc02"))
    feed.subscribe(mirror.send, {"nodes": ALL})
    feed.tick(NOW)
    (snapshot,) = mirror.take()
    assert snapshot.full
    assert snapshot.at == NOW
    assert mirror.rows["nodes"] == {"pc01": node("pc01"), "pc02": node("pc02")}

    feed.publish("nodes", "pc02", node("pc02", "computing"))
    feed.remove("nodes", "pc01")
    feed.tick(NOW + 1)
    (delta,) = mirror.take()
    assert (delta.full, delta.gone) == (False, ["pc01"])
    assert mirror.rows["nodes"] == {"pc02": node("pc02", "computing")}


def test_an_empty_topic_has_an_empty_snapshot(feed, mirror):
    feed.subscribe(mirror.send, {"people": ALL})
    feed.tick(NOW)
    assert [(message.topic, message.full) for message in mirror.take()] == [("people", True)]


def test_nothing_is_sent_while_nothing_changes(feed, mirror):
    feed.publish("nodes", "pc01", node("pc01"))
    feed.subscribe(mirror.send, {"nodes": ALL, "jobs": ALL})
    feed.tick(NOW)
    mirror.take()
    feed.publish("nodes", "pc01", node("pc01"))
    feed.remove("nodes", "unknown")
    for second in range(10):
        feed.tick(NOW + second)
    assert mirror.take() == []


def test_changes_between_two_ticks_travel_once(feed, mirror):
    feed.subscribe(mirror.send, {"nodes": ALL})
    feed.tick(NOW)
    mirror.take()
    for number in range(100):
        feed.publish("nodes", "pc01", node("pc01", note=str(number)))
    feed.tick(NOW)
    (delta,) = mirror.take()
    assert len(msgspec.msgpack.decode(delta.rows)) == 1
    assert mirror.rows["nodes"]["pc01"].note == "99"


def test_a_client_that_does_not_read_gets_one_step_when_it_does(feed, mirror):
    feed.subscribe(mirror.send, {"nodes": ALL}, lambda: mirror.ready)
    feed.tick(NOW)
    mirror.take()
    mirror.ready = False
    for number in range(50):
        feed.publish("nodes", "pc01", node("pc01", note=str(number)))
        feed.tick(NOW + number)
    assert mirror.take() == []
    mirror.ready = True
    feed.tick(NOW + 60)
    assert len(mirror.take()) == 1
    assert mirror.rows["nodes"]["pc01"].note == "49"


def test_what_is_out_of_sight_is_not_sent_and_comes_when_it_is_in_sight(feed, mirror):
    for name in ("pc01", "pc02", "pc03"):
        feed.publish("nodes", name, node(name))
    watching = feed.subscribe(mirror.send, {"nodes": Options(["pc01", "pc02"])})
    feed.tick(NOW)
    assert set(mirror.rows["nodes"]) == {"pc01", "pc02"}
    feed.publish("nodes", "pc03", node("pc03", "error"))
    feed.remove("nodes", "pc01")
    watching.change({"nodes": Options(["pc02", "pc03"])})
    mirror.take()
    feed.tick(NOW)
    (delta,) = mirror.take()
    assert not delta.full
    assert mirror.rows["nodes"]["pc03"].state == "error"
    watching.change({"nodes": Options(["pc01", "pc02"])})
    feed.tick(NOW)
    assert "pc01" not in mirror.rows["nodes"]


def test_looking_at_everything_after_a_part_begins_anew(feed, mirror):
    for name in ("pc01", "pc02"):
        feed.publish("nodes", name, node(name))
    watching = feed.subscribe(mirror.send, {"nodes": Options(["pc01"])})
    feed.tick(NOW)
    watching.change({"nodes": ALL})
    mirror.take()
    feed.tick(NOW)
    assert [message.full for message in mirror.take()] == [True]
    assert set(mirror.rows["nodes"]) == {"pc01", "pc02"}


def test_topics_that_go_on_being_watched_have_no_new_snapshot(feed, mirror):
    feed.publish("nodes", "pc01", node("pc01"))
    watching = feed.subscribe(mirror.send, {"nodes": ALL})
    feed.tick(NOW)
    mirror.take()
    watching.change({"nodes": ALL, "jobs": ALL})
    feed.tick(NOW)
    assert [message.topic for message in mirror.take()] == ["jobs"]


def test_a_closed_subscription_is_silent(feed, mirror):
    watching = feed.subscribe(mirror.send, {"nodes": ALL})
    watching.close()
    watching.close()
    feed.publish("nodes", "pc01", node("pc01"))
    feed.tick(NOW)
    assert mirror.take() == []


@pytest.mark.parametrize("topic", ["printers", "job:", "job:x", "job:-1", "job:" + "9" * 20, "node:"])
def test_an_unknown_topic_is_refused_and_changes_nothing(feed, mirror, topic):
    watching = feed.subscribe(mirror.send, {"nodes": ALL})
    with pytest.raises(UsageError, match="no topic"):
        watching.change({topic: ALL})
    feed.tick(NOW)
    assert [message.topic for message in mirror.take()] == ["nodes"]


@pytest.mark.parametrize("kind", ["job", "node"])
def test_only_some_details_can_be_watched_at_once(feed, mirror, kind):
    with pytest.raises(UsageError, match="at most"):
        feed.subscribe(mirror.send, {f"{kind}:{number}": ALL for number in range(feeds.DETAILS + 1)})


def detail_of_a_job(topic: str) -> JobDetail:
    number = job_number(topic)
    assert number is not None
    return JobDetail(number)


def test_details_are_asked_for_before_a_second_is_over_and_only_while_somebody_looks(mirror):
    asked: list[str] = []

    def detail(topic: str) -> JobDetail | NodeDetail:
        asked.append(topic)
        return NodeDetail("pc7", 30.0) if topic == "node:pc7" else JobDetail(7, entries=len(asked))

    feed = Feed(detail)
    feed.tick(NOW)
    assert asked == []
    watching = feed.subscribe(mirror.send, {"job:7": ALL})
    other = Mirror()
    feed.subscribe(other.send, {"job:7": ALL})
    for quarter in range(4):
        feed.tick(NOW + quarter / 4)
    assert asked == ["job:7"] * 2
    assert mirror.rows["job:7"] == other.rows["job:7"] == {7: JobDetail(7, entries=2)}
    watching.change({"node:pc7": ALL})
    feed.tick(NOW + 1)
    assert mirror.rows["node:pc7"] == {"pc7": NodeDetail("pc7", 30.0)}


def test_details_that_stay_the_same_are_not_sent_again(mirror):
    feed = Feed(detail_of_a_job)
    feed.subscribe(mirror.send, {"job:7": ALL})
    for second in range(5):
        feed.tick(NOW + second)
    assert len(mirror.take()) == 1


def test_a_job_that_nobody_knows_has_no_details(feed, mirror):
    feed.subscribe(mirror.send, {"job:7": ALL})
    feed.tick(NOW)
    assert mirror.rows["job:7"] == {}


def test_events_are_numbered_and_the_oldest_are_forgotten(feed, mirror, monkeypatch):
    monkeypatch.setattr(feeds, "EVENTS", 3)
    feed.subscribe(mirror.send, {"events": ALL})
    for number in range(5):
        feed.event("info", "nadia", "node:pc01", f"event {number}", NOW + number)
        feed.tick(NOW + number)
    assert [row.text for row in mirror.rows["events"].values()] == ["event 2", "event 3", "event 4"]
    assert feed.ids("events") == [3, 4, 5]


def test_a_large_snapshot_comes_in_frames_that_fit(feed, mirror):
    for number in range(3000):
        feed.publish("nodes", f"pc{number}", node(f"pc{number}", note="x" * 1000))
    feed.subscribe(mirror.send, {"nodes": ALL})
    for second in range(40):
        feed.tick(NOW + second)
    assert len(mirror.rows["nodes"]) == 3000
    full = [message.full for message in mirror.take()]
    assert full[0]
    assert not any(full[1:])


@given(st.text(max_size=30))
def test_topics_of_jobs_are_recognised(topic):
    number = job_number(topic)
    assert (number is None) or topic.removeprefix("job:").lstrip("0") == str(number).lstrip("0")


NAMES = st.sampled_from([f"pc{number}" for number in range(8)])


class FeedMachine(RuleBasedStateMachine):
    """Whatever happens in whatever order: after a tick, a client that reads has the truth of what it looks at."""

    def __init__(self) -> None:
        super().__init__()
        self.feed = Feed(lambda number: None)
        self.truth: dict[str, NodeRow] = {}
        self.mirror = Mirror()
        self.only: list[str] | None = None
        self.watching = self.feed.subscribe(self.mirror.send, {"nodes": ALL}, lambda: self.mirror.ready)
        self.fresh = False

    @rule(name=NAMES, state=st.sampled_from(["idle", "computing"]))
    def publish(self, name, state):
        self.truth[name] = node(name, state)
        self.feed.publish("nodes", name, self.truth[name])
        self.fresh = False

    @rule(name=NAMES)
    def remove(self, name):
        self.truth.pop(name, None)
        self.feed.remove("nodes", name)
        self.fresh = False

    @rule(only=st.none() | st.lists(NAMES, unique=True))
    def look(self, only):
        self.only = only
        self.watching.change({"nodes": Options(only)})
        self.fresh = False

    @rule()
    def toggle(self):
        self.mirror.ready = not self.mirror.ready

    @rule()
    def tick(self):
        self.feed.tick(NOW)
        self.fresh = self.mirror.ready

    @precondition(lambda self: self.fresh)
    @invariant()
    def the_client_has_the_truth(self):
        seen = self.mirror.rows.get("nodes", {})
        if self.only is None:
            assert seen == self.truth
        else:
            assert {name: row for name, row in seen.items() if name in self.only} == {
                name: row for name, row in self.truth.items() if name in self.only
            }


TestFeedMachine = FeedMachine.TestCase
TestFeedMachine.settings = settings(max_examples=60, stateful_step_count=30)

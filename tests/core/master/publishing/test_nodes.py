from __future__ import annotations

from collections.abc import Callable

import pytest
from support.records import node, session

from asyncluster.core.master.feed import Feed
from asyncluster.core.master.publishing.nodes import NodeBoard, Use
from asyncluster.core.wire.feed import NodeDetail


class Shown:
    """A board, its clock, and what it has published."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.feed = Feed(lambda topic: None)
        self.published: list[tuple[str, str]] = []
        publish = self.feed.publish

        def noted(topic: str, row_id: object, row: object) -> None:
            self.published.append((topic, str(row_id)))
            publish(topic, row_id, row)  # type: ignore[arg-type]

        self.feed.publish = noted  # type: ignore[method-assign]
        self.board = NodeBoard(self.feed, lambda: self.now)

    def row(self, name: str, topic: str = "nodes") -> object:
        return self.feed.table(topic).rows.get(name)

    def take(self) -> list[tuple[str, str]]:
        taken, self.published = self.published, []
        return taken


@pytest.fixture
def shown() -> Shown:
    return Shown()


def test_a_node_without_news_costs_nothing(shown):
    record = node("pc1", [(1.0, 0.0)] * 4)
    shown.board.publish([record, node("pc2")], {}, {})
    assert shown.take() == [("nodes", "pc1"), ("cores", "pc1"), ("nodes", "pc2"), ("cores", "pc2")]
    shown.board.publish([record, node("pc2")], {}, {})
    assert shown.take() == []


@pytest.mark.parametrize(
    "news",
    [
        lambda: node("pc1", [(0.9, 0.0)] * 4),
        lambda: node("pc1", [(1.0, 0.0)] * 4, state="draining"),
        lambda: node("pc1", [(1.0, 0.0)] * 4, slots=3),
        lambda: node("pc1", [(1.0, 0.0)] * 4, jobs={7: 1}),
    ],
)
def test_news_are_published(shown, news: Callable[[], object]):
    shown.board.publish([node("pc1", [(1.0, 0.0)] * 4)], {}, {})
    before = shown.row("pc1")
    shown.take()
    shown.board.publish([news()], {}, {7: 12})
    assert shown.take() == [("nodes", "pc1"), ("cores", "pc1")]
    assert shown.row("pc1") != before or shown.row("pc1", "cores") is not None


def test_that_a_person_sits_down_is_news(shown):
    record = node("pc1", [(0.0, 0.5)] * 4)
    shown.board.publish([record], {}, {})
    shown.now = 1010.0
    shown.board.publish([record], {"pc1": session("pc1")}, {}, {"lena": 14_400.0})
    row = shown.row("pc1")
    assert (row.person, row.state, row.since, row.until, row.quota) == ("lena", "in_use", 1010.0, 7200, 14_400.0)


def test_what_is_not_ours_is_the_persons_only_while_there_is_one(shown):
    nodes = [node("pc1", [(0.5, 0.5)] * 4), node("pc2", [(0.0, 1.0)] * 2), node("pc3", [(1.0, 0.0)], state="lost")]
    shown.board.publish(nodes, {"pc1": session("pc1")}, {})
    assert shown.board.use == Use(nodes=2, cores=8, workers=8, ours=2000, person=2000, other=2000)
    shown.board.publish(nodes, {}, {})
    assert shown.board.use == Use(nodes=2, cores=8, workers=8, ours=2000, person=0, other=4000)
    shown.board.publish([], {}, {})
    assert shown.board.use == Use()


def test_calls_are_added_up_over_nodes(shown):
    shown.board.publish([node("pc1", running={7: 2}), node("pc2", jobs={7: 9})], {}, {7: 12})
    assert shown.board.running[7] == 4 + 2
    shown.board.publish([node("pc2", jobs={7: 1})], {}, {7: 12})
    assert shown.board.running[7] == 4
    shown.board.publish([node("pc2")], {}, {7: 12})
    assert shown.board.running[7] == 0


def test_a_node_that_is_given_up_stays_in_sight(shown):
    shown.board.publish([node("pc1", [(1.0, 0.0)] * 4, running={7: 2})], {}, {7: 12})
    shown.now = 1020.0
    shown.board.publish([], {}, {})
    row = shown.row("pc1")
    assert (row.state, row.since, row.cores, row.running) == ("offline", 1020.0, 4, {})
    assert shown.row("pc1", "cores") is None
    shown.take()
    shown.board.publish([], {}, {})
    assert shown.take() == []
    assert len(shown.board) == 1


def test_since_is_right_even_if_nobody_was_watching(shown):
    shown.board.follow([node("pc1")], {})
    shown.now = 1030.0
    shown.board.follow([node("pc1", jobs={7: 1})], {})
    shown.now = 1040.0
    shown.board.publish([node("pc1", jobs={7: 1})], {}, {})
    assert shown.row("pc1").since == 1030.0
    shown.board.follow([], {})
    shown.now = 1050.0
    shown.board.publish([node("pc1")], {}, {})
    assert (shown.row("pc1").state, shown.row("pc1").since) == ("idle", 1050.0)


def test_the_past_of_a_node_is_there_for_who_looks(shown):
    record = node("pc1", [(1.0, 0.0)] * 2)
    for seconds in (30, 35, 60):
        shown.board.sample(seconds, [record], {"pc1": seconds})
    assert shown.board.detail("pc1") == NodeDetail("pc1", 30, [100, 100], [0, 0])
    assert shown.board.detail("pc2") is None
    shown.board.publish([record], {}, {})
    assert shown.row("pc1").rate == 180.0

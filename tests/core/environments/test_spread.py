from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.environments.manifest import Manifest, Wheel
from asyncluster.core.environments.spread import Spread

MANIFEST = Manifest(
    "3.11", (Wheel("b-1-py3-none-any.whl", b"b" * 32, 300), Wheel("a-1-py3-none-any.whl", b"a" * 32, 100))
)
A, B = (wheel.filename for wheel in sorted(MANIFEST.wheels, key=lambda wheel: wheel.filename))


@pytest.fixture
def spread() -> Spread:
    return Spread(MANIFEST, ["pc2", "pc1"], 60.0, now=10.0)


def test_it_stands_when_all_have_it(spread):
    assert list(spread.nodes) == ["pc1", "pc2"]
    spread.has("pc1")
    assert not spread.stands
    spread.has("late")
    spread.has("pc2")
    assert spread.stands
    assert spread.trouble(1e9) == ""
    assert spread.look_at() is None


def test_without_nodes_it_stands_at_once():
    assert Spread(MANIFEST, [], 60.0, now=10.0).stands


def test_pieces_say_how_far_a_node_is(spread):
    spread.sent("pc1", A, 50, now=20.0)
    assert (spread.nodes["pc1"].share, spread.nodes["pc1"].state) == (0.125, "fetching")
    spread.sent("pc1", B, 300, now=30.0)
    assert (spread.nodes["pc1"].share, spread.nodes["pc1"].state) == (1.0, "installing")
    spread.sent("pc1", "other.whl", 1, now=40.0)
    spread.sent("pc9", A, 1, now=40.0)
    assert spread.nodes["pc1"].heard == 30.0


def test_a_node_that_asks_the_same_again_makes_no_progress(spread):
    for now in (20.0, 40.0, 69.0):
        spread.sent("pc1", A, 100, now=now)
    assert spread.nodes["pc1"].heard == 20.0


def test_one_failure_is_enough(spread):
    spread.failed("pc2", "There is no room.")
    spread.failed("pc9", "There is no room.")
    assert spread.trouble(11.0) == "pc2: There is no room."
    assert not spread.stands


def test_patience_is_for_each_node_since_it_was_heard(spread):
    spread.sent("pc1", A, 100, now=50.0)
    assert spread.look_at() == 70.0
    assert spread.trouble(69.9) == ""
    assert spread.trouble(70.0) == "pc2: It showed no progress, and did not have it within 60 s."
    spread.lost("pc1")
    assert "pc1: It went away, and did not have it within 60 s." in spread.trouble(110.0)


def test_who_comes_back_goes_on_where_it_was_and_gets_no_more_patience(spread):
    spread.sent("pc1", A, 100, now=20.0)
    spread.sent("pc1", B, 300, now=30.0)
    for name in ("pc1", "pc2", "pc9"):
        spread.lost(name)
        spread.back(name)
    assert [spread.nodes[name].state for name in ("pc1", "pc2")] == ["installing", "fetching"]
    spread.failed("pc2", "There is no room.")
    spread.back("pc2")
    assert spread.nodes["pc2"].state == "failed"
    assert spread.look_at() == 90.0


def test_who_went_away_may_come_back(spread):
    spread.lost("pc1")
    spread.sent("pc1", A, 0, now=60.0)
    assert spread.nodes["pc1"].state == "fetching"
    spread.lost("pc1")
    spread.has("pc1")
    spread.has("pc2")
    spread.lost("pc2")
    assert spread.stands


@given(st.lists(st.tuples(st.sampled_from([A, B, "x"]), st.integers(0, 2**53), st.floats(0, 1e6))))
def test_whatever_a_node_asks_for_the_share_is_one_and_only_grows(asked):
    spread = Spread(MANIFEST, ["pc1"], 60.0, now=0.0)
    before = 0.0
    for filename, until, now in asked:
        spread.sent("pc1", filename, until, now)
        assert before <= spread.nodes["pc1"].share <= 1.0
        before = spread.nodes["pc1"].share

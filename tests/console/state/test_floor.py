from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asyncluster.console.state.floor import Box, Level, fitting, group_of, plan

NAMES = st.lists(st.from_regex(r"(lab[1-3]-)?pc[0-9]{1,2}", fullmatch=True), unique=True, max_size=40)
WIDTHS = st.integers(20, 2000)
LEVELS = st.sampled_from(Level)


@given(NAMES, WIDTHS, LEVELS)
def test_every_node_has_a_place_of_its_own_inside_the_picture(names, width, level):
    layout = plan(names, width, level)
    assert sorted(layout.order) == list(range(len(names)))
    assert len(layout.boxes) == len(names)
    for place, box in enumerate(layout.boxes):
        assert box.x >= 0
        assert box.y + box.height <= layout.height + 0.01
        assert not any(box.meets(other) for other in layout.boxes[place + 1 :])
        assert layout.at(box.x + box.width / 2, box.y + box.height / 2) == place


@given(NAMES.filter(bool), WIDTHS, LEVELS)
def test_arrow_keys_reach_every_node_and_never_leave_the_picture(names, width, level):
    layout = plan(names, width, level)
    reached, edge = {0}, [0]
    while edge:
        place = edge.pop()
        for across, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            there = layout.beside(place, across, down)
            assert 0 <= there < len(names)
            if there not in reached:
                reached.add(there)
                edge.append(there)
    assert reached == set(range(len(names)))


@given(NAMES, WIDTHS, LEVELS)
def test_what_can_be_seen_is_what_meets_the_window(names, width, level):
    layout = plan(names, width, level)
    assert layout.within(Box(0, 0, 10_000, layout.height + 1)) == list(range(len(names)))
    assert layout.within(Box(0, layout.height + 1, width, 100)) == []


def test_the_level_follows_the_number_of_nodes():
    assert [fitting(count) for count in (0, 24, 60, 61, 300, 301, 5000)] == [
        Level.TILE,
        Level.TILE,
        Level.TILE,
        Level.BRICK,
        Level.BRICK,
        Level.STRIP,
        Level.STRIP,
    ]


def test_nodes_that_differ_in_their_number_only_are_a_group():
    assert [group_of(name) for name in ("pc07", "lab2-pc017", "mars", "42", "rack1-node3-b")] == [
        "pc",
        "lab2-pc",
        "mars",
        "42",
        "rack1-node-b",
    ]


def test_strips_stand_side_by_side_where_there_is_room():
    names = [f"lab{lab}-pc{number:02}" for lab in (1, 2, 3) for number in range(20)]
    wide, narrow = plan(names, 1000, Level.STRIP), plan(names, 500, Level.STRIP)
    assert [heading.name for heading in wide.headings] == ["lab1-pc", "lab2-pc", "lab3-pc"]
    assert len({heading.y for heading in wide.headings}) == 2
    assert len({heading.y for heading in narrow.headings}) == 3
    assert [(heading.first, heading.count) for heading in wide.headings] == [(0, 20), (20, 20), (40, 20)]

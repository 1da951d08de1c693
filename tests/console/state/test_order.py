from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asyncluster.console.state.order import arranged, natural, steps

IDS = st.lists(st.integers(0, 30), unique=True)


@given(IDS, IDS)
def test_the_steps_lead_from_the_old_order_to_the_new_one(old, new):
    way = steps(old, new)
    order = list(old)
    for gap in way.removals:
        assert tuple(order[gap.first : gap.last + 1]) == gap.ids
        del order[gap.first : gap.last + 1]
    if way.reordered is not None:
        assert sorted(order) == sorted(way.reordered)
        order = way.reordered
    for gap in way.insertions:
        assert gap.last - gap.first + 1 == len(gap.ids)
        order[gap.first : gap.first] = gap.ids
    assert order == new


@given(IDS)
def test_nothing_is_done_for_the_same_order(order):
    way = steps(order, order)
    assert (way.removals, way.reordered, way.insertions) == ([], None, [])


def test_names_are_sorted_by_their_numbers():
    assert sorted(["pc10", "pc2", "PC1", "lab"], key=natural) == ["lab", "PC1", "pc2", "pc10"]


@given(st.dictionaries(st.integers(0, 50), st.none() | st.integers(0, 5)), st.booleans())
def test_rows_without_a_value_come_last_in_either_direction(rows, descending):
    order = arranged(rows.items(), lambda _row: True, lambda row: row, descending=descending)
    values = [rows[row_id] for row_id in order]
    known = [value for value in values if value is not None]
    assert values == known + [None] * (len(values) - len(known))
    assert known == sorted(known, reverse=descending)


def test_rows_that_are_equal_stay_in_the_order_of_their_ids_in_either_direction():
    rows = {"pc10": 1, "pc2": 1, "pc1": 2}
    assert arranged(rows.items(), lambda _row: True, lambda row: row, descending=False) == ["pc2", "pc10", "pc1"]
    assert arranged(rows.items(), lambda _row: True, lambda row: row, descending=True) == ["pc1", "pc2", "pc10"]


def test_only_rows_that_match_are_shown():
    assert arranged({1: 5, 2: 6}.items(), lambda row: row > 5, lambda row: row, descending=False) == [2]

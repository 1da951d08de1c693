from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asyncluster.console.state import floor, places
from asyncluster.console.state.floor import Level

NAMES = st.lists(st.sampled_from([f"pc{number}" for number in range(12)]), unique=True)
CELLS = st.tuples(st.integers(0, 9), st.integers(0, 9))
WIDTH = st.integers(10, 1600)


@given(NAMES, st.dictionaries(st.sampled_from([f"pc{number}" for number in range(15)]), CELLS), WIDTH)
def test_everybody_stands_somewhere_and_nobody_on_somebody(names, where, width):
    plan = places.plan_of(names, where, width)
    assert sorted(plan.order) == list(range(len(names)))
    assert len(set(plan.boxes)) == len(names)
    assert list(plan.boxes) == sorted(plan.boxes, key=lambda box: (box.y, box.x))
    assert all(box.y + box.height <= plan.height for box in plan.boxes)


@given(NAMES.filter(bool), CELLS, WIDTH, st.data())
def test_who_is_dragged_stands_there_and_only_one_other_moves(names, cell, width, data):
    before = floor.plan(names, width, Level.TILE)
    cell = min(cell[0], before.columns - 1), cell[1]
    name = data.draw(st.sampled_from(names))
    where = places.moved(names, before, name, cell)
    assert where[name] == cell
    assert places.cell_at(places.box_of(cell).x + 1, places.box_of(cell).y + 1, before.columns) == cell
    stood = {names[index]: box for index, box in zip(before.order, before.boxes, strict=True)}
    others = [other for other in names if other != name and places.box_of(where[other]) != stood[other]]
    assert len(others) <= 1
    after = places.plan_of(names, where, width)
    assert {names[index]: box for index, box in zip(after.order, after.boxes, strict=True)} == {
        other: places.box_of(there) for other, there in where.items()
    }


@given(st.dictionaries(st.text(max_size=5), CELLS))
def test_what_was_written_is_read(where):
    assert places.read({name: list(cell) for name, cell in where.items()}) == where

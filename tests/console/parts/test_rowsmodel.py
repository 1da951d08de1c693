"""The table model without a window: Qt's own model tester looks at every step, whatever happens in whatever order."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from PyQt6.QtCore import QPersistentModelIndex, Qt
from PyQt6.QtTest import QAbstractItemModelTester
from support.lab import NOW, Lab

from asyncluster.console.pages import events, jobs, nodes, people, usage
from asyncluster.console.parts import rowsmodel
from asyncluster.console.parts.cells import Cell
from asyncluster.console.parts.rowsmodel import Column, RowsModel
from asyncluster.console.state.mirror import Table
from asyncluster.console.state.usage import Sitting
from asyncluster.core.wire.feed import NodeRow

COLUMNS = [
    Column("Node", "its name", lambda row: Cell(row.name), lambda row: row.name),
    Column(
        "Load", "its load", lambda row: Cell(f"{row.load}"), lambda row: row.load or None, right=True, descending=True
    ),
]
NAMES = st.sampled_from([f"pc{number}" for number in range(12)])
LOADS = st.integers(0, 5).map(float)
ROWS = st.dictionaries(NAMES, LOADS)


def node(name: str, load: float) -> NodeRow:
    return NodeRow(name, "idle", 0.0, 4, load=load)


def watched(model: RowsModel) -> QAbstractItemModelTester:
    """Fails the test, by Qt's warning, at the first broken promise."""
    return QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)


def shown(model: RowsModel) -> list[str]:
    return [model.row_at(place).name for place in range(model.rowCount())]


class ModelMachine(RuleBasedStateMachine):
    """Rows come, change, go and move; filters and sorting change in between."""

    def __init__(self) -> None:
        super().__init__()
        self.table: Table[NodeRow] = Table()
        self.model = RowsModel(self.table, COLUMNS)
        self.watching = watched(self.model)
        self.least = 0.0
        self.sorting = (0, Qt.SortOrder.AscendingOrder)
        self.held: dict[str, QPersistentModelIndex] = {}

    @rule(rows=ROWS, gone=st.lists(NAMES))
    def change(self, rows, gone):
        self.table.receive(
            [node(*row) for row in rows.items()], [name for name in gone if name not in rows], full=False
        )

    @rule(rows=ROWS)
    def begin_anew(self, rows):
        self.table.receive([node(*row) for row in rows.items()], [], full=True)

    @rule(least=LOADS)
    def search(self, least):
        self.least = least
        self.model.search(lambda row: row.load >= least)

    @rule(column=st.integers(0, 1), order=st.sampled_from(Qt.SortOrder))
    def sort(self, column, order):
        self.sorting = (column, order)
        self.model.sort(column, order)

    @rule()
    def hold(self):
        """Persistent indices are what selection is made of."""
        for place in range(self.model.rowCount()):
            self.held[self.model.row_at(place).name] = QPersistentModelIndex(self.model.index(place, 1))

    @invariant()
    def what_should_be_shown_is_shown_in_order(self):
        expected = [row for row in self.table.rows.values() if row.load >= self.least]
        assert sorted(shown(self.model)) == sorted(row.name for row in expected)
        column, order = self.sorting
        keys = [COLUMNS[column].key(self.model.row_at(place)) for place in range(self.model.rowCount())]
        known = [key for key in keys if key is not None]
        assert keys == known + [None] * (len(keys) - len(known))
        assert known == sorted(known, reverse=order == Qt.SortOrder.DescendingOrder)
        assert all(self.model.place_of(name) == place for place, name in enumerate(shown(self.model)))

    @invariant()
    def indices_follow_their_rows(self):
        for name, index in list(self.held.items()):
            if index.isValid():
                assert self.model.row_at(index.row()).name == name
            else:
                del self.held[name]

    def teardown(self):
        self.model.deleteLater()


TestModelMachine = ModelMachine.TestCase
TestModelMachine.settings = settings(
    max_examples=40, stateful_step_count=20, suppress_health_check=[HealthCheck.too_slow]
)


def test_many_ranges_at_once_begin_anew_and_keep_the_promise(qapp, monkeypatch):
    monkeypatch.setattr(rowsmodel, "_MOST_STEPS", 2)
    table: Table[NodeRow] = Table()
    model = RowsModel(table, COLUMNS)
    watching = watched(model)
    table.receive([node(f"pc{number}", number % 2) for number in range(20)], [], full=True)
    resets = []
    model.modelReset.connect(lambda: resets.append(shown(model)))
    model.search(lambda row: row.load > 0)
    assert len(resets) == 1
    assert len(resets[0]) == 10
    assert model.place_of("pc1") == 0
    assert watching.model() is model


def test_only_rows_that_changed_are_announced(qapp):
    table: Table[NodeRow] = Table()
    model = RowsModel(table, COLUMNS)
    table.receive([node(f"pc{number}", 1.0) for number in range(6)], [], full=True)
    announced = []
    model.dataChanged.connect(lambda first, last: announced.append((first.row(), last.row())))
    table.receive([node("pc1", 2.0), node("pc2", 2.0), node("pc5", 2.0), node("pc0", 1.0)], [], full=False)
    assert announced == [(1, 2), (5, 5)]


@pytest.mark.parametrize(
    ("topic", "columns"),
    [
        ("nodes", nodes.columns(lambda: NOW, lambda: None)),
        ("jobs", jobs.columns(lambda: NOW, lambda: None)),
        ("people", people.columns(lambda: NOW)),
        ("events", events.columns(lambda: NOW, lambda: None)),
    ],
)
def test_every_cell_of_every_page_can_be_asked_for_all_that_views_and_screen_readers_want(
    topic, columns, mirror, tick, qapp
):
    model = RowsModel(mirror.table(topic), columns)
    watching = watched(model)
    tick()
    assert model.rowCount() == len(mirror.table(topic).rows) > 0
    for place in range(model.columnCount()):
        header = model.headerData(place, Qt.Orientation.Horizontal)
        assert header == columns[place].title
        assert model.headerData(place, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
        for order in Qt.SortOrder:
            model.sort(place, order)
        for row in range(model.rowCount()):
            index = model.index(row, place)
            assert isinstance(columns[place].cell(model.row_at(row)), Cell)
            assert isinstance(model.data(index), str)
            assert model.data(index, Qt.ItemDataRole.AccessibleTextRole)
    assert watching.model() is model


def test_the_timesheet_is_a_model_too(qapp):
    table: Table[Sitting] = Table()
    model = RowsModel(table, usage.columns(lambda: NOW, lambda: None))
    watching = watched(model)
    table.receive(
        [Sitting(1, "ann", "pc01", NOW - 60, NOW, False, ""), Sitting(0, "bob", "pc02", 0, 60, True, "kick")],
        [],
        full=True,
    )
    assert shown(model) == ["ann", "bob"]
    assert model.data(model.index(0, 1)) == "goes on"
    assert watching.model() is model


def test_states_of_the_lab_fit_all_columns(mirror, tick, qapp):
    """A thousand nodes are sorted and shown as well."""
    lab = Lab(nodes=1000)
    table: Table[NodeRow] = Table()
    model = RowsModel(table, nodes.columns(lambda: NOW, lambda: None))
    table.receive(list(lab.nodes.values()), [], full=True)
    assert model.rowCount() == 1000
    assert model.row_at(0).name == "lab01-pc01"
    assert model.row_at(999).name == "lab20-pc50"

"""A table model upon one topic of the mirror: searched, sorted, and changed row by row.

The rows belong to the mirror. The model keeps their order, and announces removals, moves and insertions so that
selection and scrolling stay where they are (`state.order`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, Qt, pyqtSignal

from asyncluster.console.parts.cells import Cell
from asyncluster.console.state.mirror import Change, Table
from asyncluster.console.state.order import Steps, arranged, steps
from asyncluster.console.state.query import everything
from asyncluster.core.wire.feed import Row, RowId

R = TypeVar("R", bound=Row)

#: With more ranges that come or go, as a search brings, beginning anew is faster than telling each.
_MOST_STEPS = 60

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


@dataclass(frozen=True)
class Column(Generic[R]):
    """One column.

    Attributes:
        title: its header.
        meaning: what its values are, for the tooltip of the header.
        cell: what it shows of a row.
        key: what it sorts by; None sorts last.
        width: pixels at first, at a scale of 1.
        right: numbers stand right.
        descending: the first click on the header puts the largest first.
    """

    title: str
    meaning: str
    cell: Callable[[R], Cell]
    key: Callable[[R], Any]
    width: int = 100
    right: bool = False
    descending: bool = False


class RowsModel(QAbstractTableModel, Generic[R]):  # type: ignore[misc]
    """Rows of a table of the mirror.

    Signals:
        counted: how many rows are shown or there at all has changed.
    """

    counted = pyqtSignal()

    def __init__(self, table: Table[R], columns: Sequence[Column[R]], sorted_by: int = 0) -> None:
        super().__init__()
        self._table = table
        self._columns = tuple(columns)
        self._order: list[RowId] = []
        self._places: dict[RowId, int] = {}
        self._matches: Callable[[R], bool] = everything
        self._sorted_by = sorted_by
        self._descending = self._columns[sorted_by].descending
        table.listen(self._changed)
        self._rearrange()

    # --- for pages ---------------------------------------------------------------------------------------

    @property
    def columns(self) -> tuple[Column[R], ...]:
        """The columns, in order."""
        return self._columns

    @property
    def sorting(self) -> tuple[int, Qt.SortOrder]:
        """The column that rows are sorted by, and in which direction."""
        order = Qt.SortOrder.DescendingOrder if self._descending else Qt.SortOrder.AscendingOrder
        return self._sorted_by, order

    def search(self, matches: Callable[[R], bool]) -> None:
        """Shows only rows that match."""
        self._matches = matches
        self._rearrange()

    def all_rows(self) -> list[R]:
        """All rows, shown or not."""
        return list(self._table.rows.values())

    def row_at(self, place: int) -> R | None:
        """The row that is shown at a place; None if it is gone, and views are just about to hear of it."""
        return self._table.rows.get(self._order[place])

    def id_at(self, place: int) -> RowId:
        """Its id."""
        return self._order[place]

    def place_of(self, row_id: RowId) -> int | None:
        """Where a row is shown; None if it is not."""
        return self._places.get(row_id)

    def refresh(self) -> None:
        """Words that depend on the time are other ones now."""
        if self._order:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._order) - 1, len(self._columns) - 1))

    # --- for Qt ------------------------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        column = self._columns[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.right else _LEFT
        row = self.row_at(index.row())
        if row is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            cell = column.cell(row)
            return f"{cell.lead} {cell.text}".strip()
        if role == Qt.ItemDataRole.AccessibleTextRole:
            cell = column.cell(row)
            return cell.spoken or f"{column.title}: {cell.lead} {cell.text}"
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._columns):
            return None
        column = self._columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.meaning
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.right else _LEFT
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if 0 <= column < len(self._columns):
            self._sorted_by = column
            self._descending = order == Qt.SortOrder.DescendingOrder
            self._rearrange()

    # --- within ------------------------------------------------------------------------------------------

    def _changed(self, change: Change) -> None:
        self._rearrange()
        places = sorted(self._places[row_id] for row_id in change.changed if row_id in self._places)
        last = len(self._columns) - 1
        for first, end in _runs(places):
            self.dataChanged.emit(self.index(first, 0), self.index(end, last))

    def _rearrange(self) -> None:
        """Brings the order up to date, telling views step by step."""
        key = self._columns[self._sorted_by].key
        wanted = arranged(self._table.rows.items(), self._matches, key, descending=self._descending)
        if wanted == self._order:
            self.counted.emit()
            return
        way = steps(self._order, wanted)
        if len(way.removals) + len(way.insertions) > _MOST_STEPS:
            self.beginResetModel()
            self._order = wanted
            self._placed()
            self.endResetModel()
        else:
            self._walk(way)
        self._placed()
        self.counted.emit()

    def _walk(self, way: Steps) -> None:
        for gap in way.removals:
            self.beginRemoveRows(QModelIndex(), gap.first, gap.last)
            del self._order[gap.first : gap.last + 1]
            self.endRemoveRows()
        if way.reordered is not None:
            self._reorder(way.reordered)
        for gap in way.insertions:
            self.beginInsertRows(QModelIndex(), gap.first, gap.last)
            self._order[gap.first : gap.first] = gap.ids
            self.endInsertRows()

    def _reorder(self, order: list[RowId]) -> None:
        self.layoutAboutToBeChanged.emit([], QAbstractTableModel.LayoutChangeHint.VerticalSortHint)
        held = self.persistentIndexList()
        ids = [self._order[index.row()] for index in held]
        self._order = order
        self._placed()
        moved = [self.index(self._places[row_id], index.column()) for row_id, index in zip(ids, held, strict=True)]
        self.changePersistentIndexList(held, moved)
        self.layoutChanged.emit([], QAbstractTableModel.LayoutChangeHint.VerticalSortHint)

    def _placed(self) -> None:
        self._places = {row_id: place for place, row_id in enumerate(self._order)}


def _runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbouring places as (first, last)."""
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and place == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], place
        else:
            runs.append((place, place))
    return runs

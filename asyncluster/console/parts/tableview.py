"""The table of all list pages: sorted by its header, many rows selected at once, column widths remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import QItemSelectionModel, QModelIndex, QPoint, QSettings, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QPaintEvent
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from asyncluster.console.parts.delegate import CellDelegate
from asyncluster.console.parts.rowsmodel import RowsModel
from asyncluster.core.qt.theme import Look
from asyncluster.core.wire.feed import RowId


class TableView(QTableView):
    """A table upon a `RowsModel`.

    Signals:
        chosen: the selection, or the current row, is another one.
        opened: a row was double-clicked, or Enter was pressed on it.
        menu_wanted: a menu for the selection is wanted at this point of the screen.
        scrolled: other rows can be seen.
    """

    chosen = pyqtSignal()
    opened = pyqtSignal()
    menu_wanted = pyqtSignal(QPoint)
    scrolled = pyqtSignal()

    def __init__(
        self, model: RowsModel[Any], look: Look, name: str, *, row_height: int = 36, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._rows = model
        self._look = look
        self._name = name
        self._scale = 0.0  # that the widths are for
        self._kept: set[RowId] = set()  # selected before the model began anew
        self.setModel(model)
        self.setAccessibleName(name)
        self._delegate = CellDelegate(model, look, row_height)
        self._delegate.setParent(self)  # a view does not own its delegate
        self.setItemDelegate(self._delegate)
        self._set_behaviour()
        self._dress()
        look.changed.connect(self._dress)
        model.modelAboutToBeReset.connect(self._remember)
        model.modelReset.connect(self._select_again)
        self.doubleClicked.connect(self.opened)
        self.customContextMenuRequested.connect(self._ask_menu)
        self._vertical().valueChanged.connect(self.scrolled)

    # --- for pages ---------------------------------------------------------------------------------------

    @property
    def rows(self) -> RowsModel[Any]:
        """The model."""
        return self._rows

    def selected(self) -> list[Any]:
        """The selected rows, from top to bottom."""
        rows = [self._rows.row_at(place) for place in sorted(self._selected_places())]
        return [row for row in rows if row is not None]

    def current(self) -> Any:
        """The row that the keyboard is on, or None."""
        index = self.currentIndex()
        return self._rows.row_at(index.row()) if index.isValid() and index.row() < self._rows.rowCount() else None

    def select(self, row_id: RowId) -> bool:
        """Selects a row and shows it; False if it is not there."""
        place = self._rows.place_of(row_id)
        if place is None:
            return False
        self.selectRow(place)
        self.scrollTo(self._rows.index(place, 0))
        return True

    def visible_ids(self) -> list[RowId]:
        """Ids of the rows that can be seen."""
        first = max(0, self.rowAt(0))
        last = self.rowAt(self._viewport().height() - 1)
        last = self._rows.rowCount() - 1 if last < 0 else last
        return [self._rows.id_at(place) for place in range(first, last + 1)]

    def restore(self, settings: QSettings) -> None:
        """Takes over widths and sorting from an earlier run, and remembers them from now on."""
        state = settings.value(self._key())
        if state is not None and self._header().restoreState(state):
            header = self._header()
            self._rows.sort(header.sortIndicatorSection(), header.sortIndicatorOrder())
        save: Callable[..., None] = lambda *_: settings.setValue(self._key(), self._header().saveState())  # noqa: E731
        self._header().sectionResized.connect(save)
        self._header().sortIndicatorChanged.connect(save)

    # --- for Qt ------------------------------------------------------------------------------------------

    def selectionChanged(self, selected: Any, deselected: Any) -> None:
        super().selectionChanged(selected, deselected)
        self.chosen.emit()

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:
        super().currentChanged(current, previous)
        self._viewport().update()  # the ring goes around whole rows
        self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        elif event.key() == Qt.Key.Key_Menu:
            self._ask_menu(self.visualRect(self.currentIndex()).center())
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        self._delegate.focus_row = self.currentIndex().row() if self.hasFocus() else -1
        super().paintEvent(event)

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self.scrolled.emit()

    # --- within ------------------------------------------------------------------------------------------

    def _set_behaviour(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setCornerButtonEnabled(False)
        header = self._header()
        header.setHighlightSections(False)
        header.setSectionsMovable(True)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSortIndicator(*self._rows.sorting)
        self.setSortingEnabled(True)
        header.sectionClicked.connect(self._first_direction)
        self._clicked_last = self._rows.sorting[0]

    def _first_direction(self, section: int) -> None:
        """The first click on a column of numbers puts the largest first."""
        if section != self._clicked_last and self._rows.columns[section].descending:
            self._header().setSortIndicator(section, Qt.SortOrder.DescendingOrder)
        self._clicked_last = section

    def _dress(self) -> None:
        theme = self._look.theme
        vertical = self.verticalHeader()
        assert vertical is not None
        vertical.hide()
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        vertical.setDefaultSectionSize(self._delegate.sizeHint(None, QModelIndex()).height())  # type: ignore[arg-type]
        self._header().setFixedHeight(theme.px(36))
        if theme.scale != self._scale:
            self._scale = theme.scale
            for place, column in enumerate(self._rows.columns):
                self.setColumnWidth(place, theme.px(column.width))
        self._viewport().update()

    def _selected_places(self) -> set[int]:
        selection = self.selectionModel()
        return {index.row() for index in selection.selectedRows()} if selection is not None else set()

    def _remember(self) -> None:
        self._kept = {self._rows.id_at(place) for place in self._selected_places()}

    def _select_again(self) -> None:
        selection = self.selectionModel()
        assert selection is not None
        flags = QItemSelectionModel.SelectionFlag
        for row_id in self._kept:
            place = self._rows.place_of(row_id)
            if place is not None:
                selection.select(self._rows.index(place, 0), flags.Select | flags.Rows)
        self._kept = set()

    def _ask_menu(self, point: QPoint) -> None:
        self.menu_wanted.emit(self._viewport().mapToGlobal(point))

    def _key(self) -> str:
        return f"tables/{self._name}"

    def _header(self) -> QHeaderView:
        header = self.horizontalHeader()
        assert header is not None
        return header

    def _vertical(self) -> Any:
        return self.verticalScrollBar()

    def _viewport(self) -> QWidget:
        viewport = self.viewport()
        assert viewport is not None
        return viewport

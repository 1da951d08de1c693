"""The command palette: verbs and things in one list; the first row is what Enter does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from PyQt6.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QPoint, QRectF, Qt
from PyQt6.QtGui import QKeyEvent, QPainter, QPen
from PyQt6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListView,
    QStyle,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from asyncluster.console.desk import Desk
from asyncluster.console.offers import GRANTS, Offers
from asyncluster.console.pages.page import Page
from asyncluster.console.parts.controls import line
from asyncluster.console.parts.rowdelegate import RowDelegate
from asyncluster.console.state import actions
from asyncluster.console.state.finding import Entry, found
from asyncluster.core.qt.icons import icon, paint_icon

_WIDTH = 560
_ROW = 40
ELLIPSIS = "\u2026"
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class Palette(QDialog):
    """One use of the palette."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        pages: Sequence[Page],
        show_page: Callable[[int], None],
        change_theme: Callable[[], None],
    ) -> None:
        super().__init__(parent, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Commands")
        self.setModal(True)
        self._entries = list(_entries(desk, Offers(desk, parent), pages, show_page, change_theme))
        self._model = _Entries()
        self._field = QLineEdit()
        self._field.setProperty("role", "palette")
        self._field.setPlaceholderText("A command, a person, a node or a job")
        self._field.setAccessibleName("Command")
        self._field.textChanged.connect(self._find)
        self._field.installEventFilter(self)
        self._field.addAction(icon("search", desk.look.theme.color("muted")), QLineEdit.ActionPosition.LeadingPosition)
        self._view = QListView()
        self._view.setModel(self._model)
        self._view.setAccessibleName("What was found")
        self._view.setItemDelegate(_EntryDelegate(desk.look, _ROW, self._view))
        self._view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._view.clicked.connect(lambda _index: self._run())
        rows = QVBoxLayout(self)
        rows.setContentsMargins(8, 4, 8, 8)
        rows.setSpacing(4)
        for widget in (self._field, line(), self._view):
            rows.addWidget(widget)
        scale = desk.look.theme.px
        self.setFixedWidth(scale(_WIDTH))
        self._view.setFixedHeight(scale(_ROW) * 8)
        window = parent.window()
        assert window is not None
        corner = window.mapToGlobal(QPoint((window.width() - self.width()) // 2, scale(72)))
        self.move(corner)
        self._find("")

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            moves = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 7, Qt.Key.Key_PageUp: -7}
            key = Qt.Key(event.key())
            if key in moves:
                self._go(moves[key])
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run()
                return True
        return super().eventFilter(watched, event)

    def _find(self, text: str) -> None:
        self._model.show_entries(found(text, self._entries, 50))
        self._select(0)

    def _go(self, by: int) -> None:
        last = self._model.rowCount() - 1
        self._select(min(max(self._view.currentIndex().row() + by, 0), last))

    def _select(self, place: int) -> None:
        index = self._model.index(place)
        self._view.setCurrentIndex(index)
        self._field.setAccessibleDescription(str(index.data() or "Nothing found"))

    def _run(self) -> None:
        entry = self._view.currentIndex().data(Qt.ItemDataRole.UserRole)
        self.accept()
        if isinstance(entry, Entry):
            entry.run()


def _entries(
    desk: Desk,
    make: Offers,
    pages: Sequence[Page],
    show_page: Callable[[int], None],
    change_theme: Callable[[], None],
) -> Iterator[Entry]:
    """Everything that can be done or shown. What is done to a selection comes before all else."""
    for page in pages:
        if page.isVisible():
            for offer in page.offers():
                yield Entry(
                    offer.action.label if offer.action else offer.label, offer.icon, offer.key, offer.run, "", 3
                )
    for place, page in enumerate(pages):
        yield Entry(f"Go to {page.title}", page.glyph, str(place + 1), partial(show_page, place), "", 1)
    yield Entry("Light or dark", "moon", "t", change_theme, "theme", 1)
    for person in desk.mirror.table("people").rows.values():
        name, also = actions.person_name(person), person.name
        if person.node:
            for minutes in GRANTS:
                action = actions.grant([person], minutes)
                yield Entry(action.label, "clock", "People", partial(desk.perform, action), also, 2)
            for offer in make.for_sessions([person]):
                if offer.key in ("m", "x"):
                    yield Entry(f"{offer.label.rstrip(ELLIPSIS)} {name}{ELLIPSIS}", offer.icon, "", offer.run, also)
        yield Entry(f"Open {name}", "person", "People", partial(desk.opened.emit, f"user:{person.name}"), also)
    for node in desk.mirror.table("nodes").rows.values():
        yield Entry(f"Open {node.name}", "node", "Nodes", partial(desk.opened.emit, f"room:{node.name}"), node.person)
    for job in desk.mirror.table("jobs").rows.values():
        label = f"Job {job.number} {job.name}, by {job.owner}"
        yield Entry(label, "jobs", "Jobs", partial(desk.opened.emit, f"job:{job.number}"))


class _Entries(QAbstractListModel):
    """What was found."""

    def __init__(self) -> None:
        super().__init__()
        self._found: list[Entry] = []

    def show_entries(self, entries: list[Entry]) -> None:
        self.beginResetModel()
        self._found = entries
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._found)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        entry = self._found[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.label
        return entry if role == Qt.ItemDataRole.UserRole else None


class _EntryDelegate(RowDelegate):
    """Icon, words, and the kind at the right."""

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        assert painter is not None
        theme = self._look.theme
        entry: Entry = index.data(Qt.ItemDataRole.UserRole)
        rect = QRectF(option.rect).adjusted(1, 1, -1, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setBrush(theme.color("select"))
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(rect, 4, 4)
        size = theme.px(16)
        place = QRectF(rect.left() + theme.px(12), rect.center().y() - size / 2, size, size)
        paint_icon(painter, place, entry.glyph, theme.color("muted"))
        painter.setPen(theme.color("text"))
        painter.setFont(theme.font(14))
        painter.drawText(rect.adjusted(theme.px(40), 0, -theme.px(80), 0), _LEFT, entry.label)
        painter.setPen(theme.color("muted"))
        painter.setFont(theme.font(12))
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.drawText(rect.adjusted(0, 0, -theme.px(12), 0), _RIGHT, "Enter" if chosen else entry.kind)
        painter.restore()

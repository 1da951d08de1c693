"""What all pages are: a title line, perhaps a line of filters, a body, and docks that can be moved and closed.

The window shows one page at a time; it asks the page which topics of the feed it needs beyond those that everybody
needs, passes keys on to its offers, and refreshes it every second while it can be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QDockWidget, QHBoxLayout, QMainWindow, QScrollArea, QVBoxLayout, QWidget

from asyncluster.console.desk import Desk
from asyncluster.console.offers import Offer, Offers
from asyncluster.console.parts.controls import IconButton, label
from asyncluster.console.state.curves import Curves
from asyncluster.core.wire.feed import Options

if TYPE_CHECKING:
    from asyncluster.console.dialogs.sheet import Sheet

MARGIN = 24


class Page(QWidget):
    """Base of the pages.

    Attributes:
        title: in the navigation and at the top.
        glyph: name of its icon.
        rows: layout of the lines above the body.
        head: layout of the first of them.
        body: layout of what the docks surround.

    Signals:
        topics_changed: it needs other topics than before.
    """

    title = ""
    glyph = ""

    topics_changed = pyqtSignal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.make = Offers(desk, self)
        self._plotted = ""  # topic of the plot that is open
        self.setAccessibleName(self.title)
        self.rows = QVBoxLayout(self)
        self.rows.setContentsMargins(MARGIN, 12, MARGIN, MARGIN)
        self.rows.setSpacing(12)
        self.head = QHBoxLayout()
        self.head.setSpacing(8)
        self.heading = label(self.title, "title")
        self.subtitle = label("", "muted")
        self.head.addWidget(self.heading)
        self.head.addSpacing(4)
        self.head.addWidget(self.subtitle)
        self.head.addStretch()
        self.rows.addLayout(self.head)
        self._inner = QMainWindow()
        self._inner.setWindowFlags(Qt.WindowType.Widget)
        self._inner.setDockNestingEnabled(True)
        center = QWidget()
        center.setObjectName("pageBody")
        self.body = QVBoxLayout(center)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(12)
        self._inner.setCentralWidget(center)

    # --- for the window ----------------------------------------------------------------------------------

    def topics(self) -> dict[str, Options]:
        """Topics that this page needs while it can be seen."""
        return {}

    def watched(self) -> dict[str, Options]:
        """Those, and what an open plot shows."""
        return {**self.topics(), **({self._plotted: Options()} if self._plotted else {})}

    def offers(self) -> Sequence[Offer]:
        """What can be done with what is selected."""
        return ()

    def press(self, key: str) -> bool:
        """Does what has this key; False if nothing that is offered now has it."""
        for offer in self.offers():
            if offer.key == key:
                offer.run()
                return True
        return False

    def refresh(self) -> None:
        """A second has passed."""

    def take_focus(self) -> None:
        """Puts the keyboard where the page is used with it."""

    def focus_filter(self) -> None:
        """Puts the keyboard into the page's filter."""

    def show_thing(self, name: str) -> None:
        """Shows and selects one thing of this page, by its id."""

    def show_history(self, topic: str, curves_of: Callable[[Any, float], Curves]) -> Sheet:
        """Opens a plot of the details of one thing; `curves_of` gets them and the time."""
        from asyncluster.console.dialogs.history import History  # loads the plotting library

        self._plotted = topic
        self.topics_changed.emit()
        sheet = History(self, self.desk, topic, curves_of)
        sheet.finished.connect(self._history_closed)
        sheet.open()
        return sheet

    def _history_closed(self) -> None:
        self._plotted = ""
        self.topics_changed.emit()

    # --- for pages ---------------------------------------------------------------------------------------

    def focus(self, view: QWidget) -> None:
        """Puts the keyboard into a view; one that is hidden, as it is empty, would pass it on to the filter."""
        (view if view.isVisibleTo(self) else self).setFocus()

    def add_button(self, text: str, glyph: str, key: str, role: str = "") -> IconButton:
        """A button in the title line that does what has this key."""

        def press() -> None:
            self.press(key)

        button = IconButton(self.desk.look, text, glyph, role, does=press)
        self.head.addWidget(button)
        return button

    def add_dock(self, name: str, title: str, content: QWidget, side: Qt.DockWidgetArea) -> QDockWidget:
        """Puts a panel at a side, from where it can be dragged anywhere; its place is remembered."""
        dock = QDockWidget(title, self._inner)
        dock.setObjectName(name)
        dock.setWidget(content)
        dock.setTitleBarWidget(_DockHandle())
        self._inner.addDockWidget(side, dock)
        return dock

    def finish(self) -> None:
        """Puts the body under the lines that were added to `rows`."""
        self.rows.addWidget(_scrolling_if_small(self._inner), 1)

    def remember(self) -> None:
        """Takes over the docks' places from an earlier run."""
        state = self.desk.settings.value(self._key())
        if state is not None:
            self._inner.restoreState(state)

    def save(self) -> None:
        """Writes down the docks' places."""
        self.desk.settings.setValue(self._key(), self._inner.saveState())

    def _key(self) -> str:
        return f"pages/{self.title}"


def scrolling(content: QWidget) -> QScrollArea:
    """A panel that may be taller than the window."""
    area = _area(content)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setMinimumWidth(content.minimumWidth() or content.minimumSizeHint().width())
    return area


def _scrolling_if_small(body: QWidget) -> QScrollArea:
    """A body that a small screen may not hold."""
    area = _area(body)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area


def _area(content: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setWidget(content)
    return area


class _DockHandle(QWidget):
    """A few pixels at the top of a dock by which it can be dragged; double-click lets it float."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(6)
        self.setCursor(Qt.CursorShape.SizeAllCursor)
        self.setToolTip("Drag to move this panel; double-click to let it float")

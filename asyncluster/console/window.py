"""The operator's window: navigation, top bar, one page at a time, and what concerns all of them.

Looking at a page asks the master for rows and nothing else: nothing ever acts because somebody went somewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PyQt6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from asyncluster.console.banner import DoneLine, TroubleLine
from asyncluster.console.desk import Desk
from asyncluster.console.dialogs.confirm import confirm
from asyncluster.console.dialogs.keys import show_keys
from asyncluster.console.dialogs.palette import Palette
from asyncluster.console.link import MasterLink
from asyncluster.console.link import State as LinkState
from asyncluster.console.navigation import Navigation
from asyncluster.console.pages.page import Page
from asyncluster.console.state import words
from asyncluster.console.state.mirror import Change
from asyncluster.console.topbar import TopBar
from asyncluster.core.qt.theme import Mode
from asyncluster.core.wire.feed import EventRow, Options

#: Topics that every page needs: for the counts in the navigation, and for the palette.
ALWAYS = ("master", "nodes", "jobs", "people", "openings", "events", "dask")

#: Keys that pages offer, passed on to the page that is shown.
PAGE_KEYS = ("g", "Shift+G", "m", "x", "d", "r", "c", "n", "q", "p", "e", "h", "Del", "+", "-", "l")

#: Which page shows a thing of this kind.
_KINDS = {"room": "Room", "node": "Nodes", "job": "Jobs", "user": "People", "day": "Openings"}


class Window(QMainWindow):
    """The window.

    Args:
        desk: what pages get.
        link: the way to the master.
        pages: in the order of the navigation.
        account: whose window it is.
    """

    def __init__(self, desk: Desk, link: MasterLink, pages: Sequence[Page], account: str) -> None:
        super().__init__()
        self._desk = desk
        self._link = link
        self._pages = list(pages)
        self._seen_events = int(desk.settings.value("events/seen", 0))
        self.setWindowTitle("AsynCluster")
        self._navigation = Navigation(desk.look, [(page.title, page.glyph) for page in pages], account)
        self._navigation.chosen.connect(self.show_page)
        self._top = TopBar(desk.look, self.open_palette, self.change_theme)
        self._trouble = TroubleLine(desk.look, link.retry)
        self._done = DoneLine(desk.look, desk.perform)
        self._stack = QStackedWidget()
        for page in self._pages:
            self._stack.addWidget(page)
            page.topics_changed.connect(self._watch_soon)
            page.remember()
        self._lay_out()
        self._connect()
        self.show_page(int(desk.settings.value("window/page", 0)) % len(self._pages))

    def _lay_out(self) -> None:
        body = QWidget()
        across = QHBoxLayout(body)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(self._navigation)
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(self._top)
        lines = QVBoxLayout()
        lines.setContentsMargins(24, 8, 24, 0)
        lines.setSpacing(8)
        lines.addWidget(self._trouble)
        lines.addWidget(self._done)
        column.addLayout(lines)
        column.addWidget(self._stack, 1)
        across.addLayout(column, 1)
        self.setCentralWidget(body)
        self.resize(1440, 900)
        geometry = self._desk.settings.value("window/geometry")
        if geometry is not None:
            self.restoreGeometry(geometry)

    def _connect(self) -> None:
        desk = self._desk
        desk.confirm = lambda question, yes: confirm(self, question, yes)
        desk.told.connect(self._done.done)
        desk.failed.connect(self._done.failed)
        desk.opened.connect(self.open_thing)
        for topic in ("jobs", "people", "events"):
            desk.mirror.table(topic).listen(self._count)
        for topic in ALWAYS:
            desk.mirror.table(topic)  # so that the mirror keeps what comes
        desk.mirror.table("master").listen(lambda _change: self._show_link())
        self._link.changed = self._show_link
        self._bind_keys()
        self._second = QTimer(self)
        self._second.timeout.connect(self._tick)
        self._second.start(1000)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(50)  # scrolling asks for other rows many times
        self._soon.timeout.connect(self._watch)
        self._tick()
        self._show_link()
        self._count(Change(frozenset()))

    def _bind_keys(self) -> None:
        def bind(key: str, act: Callable[[], object]) -> None:
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.activated.connect(act)

        bind("Ctrl+K", self.open_palette)
        bind("/", lambda: self.page.focus_filter())
        bind("?", lambda: show_keys(self, self.page))
        bind("F1", lambda: show_keys(self, self.page))
        bind("t", self.change_theme)
        bind("Ctrl+Z", self._done.undo)
        for place in range(len(self._pages)):
            bind(str(place + 1), partial(self.show_page, place))
        for key in PAGE_KEYS:
            bind(key, partial(self._press, key))

    def _press(self, key: str) -> None:
        self.page.press(key)

    # --- pages -------------------------------------------------------------------------------------------

    @property
    def pages(self) -> Sequence[Page]:
        """All pages, in the order of the navigation."""
        return self._pages

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self._pages[self._stack.currentIndex()]

    def show_page(self, place: int) -> None:
        """Shows another page."""
        self._stack.setCurrentIndex(place)
        self._navigation.choose(place)
        self._desk.settings.setValue("window/page", place)
        self.page.refresh()
        self.page.take_focus()
        self._count(Change(frozenset()))
        self._watch_soon()

    def open_thing(self, thing: str) -> None:
        """Shows the page of something like "job:214", with it selected."""
        kind, _, name = thing.partition(":")
        for place, page in enumerate(self._pages):
            if page.title == _KINDS.get(kind):
                self.show_page(place)
                page.show_thing(name)

    def open_palette(self) -> None:
        """Every command and every thing by its name."""
        Palette(self, self._desk, self._pages, self.show_page, self.change_theme).open()

    def change_theme(self) -> None:
        """From light to dark and back; remembered."""
        look = self._desk.look
        look.choose(Mode.LIGHT if look.theme.tokens.dark else Mode.DARK, scale=look.theme.scale)
        self._desk.settings.setValue("window/theme", look.mode.value)

    # --- what is watched ---------------------------------------------------------------------------------

    def _watch_soon(self) -> None:
        self._soon.start()

    def _watch(self) -> None:
        self._link.watch({**{topic: Options() for topic in ALWAYS}, **self.page.watched()})

    # --- what is shown -----------------------------------------------------------------------------------

    def _tick(self) -> None:
        self._top.show_time(datetime.fromtimestamp(self._desk.now(), self._desk.zone()))
        if self._link.state is LinkState.UP and self.isVisible():
            self.page.refresh()

    def _count(self, _change: Change) -> None:
        mirror = self._desk.mirror
        counts = {
            "Jobs": sum(job.finished is None for job in mirror.table("jobs").rows.values()),
            "People": sum(bool(person.node) for person in mirror.table("people").rows.values()),
        }
        for place, page in enumerate(self._pages):
            if page.title in counts:
                self._navigation.count(place, counts[page.title])
            elif page.title == "Events":
                self._count_events(place, seen=page is self.page)

    def _count_events(self, place: int, *, seen: bool) -> None:
        """Warnings and errors that nobody has looked at yet."""
        events: list[EventRow] = list(self._desk.mirror.table("events").rows.values())
        newest = max((event.id for event in events), default=0)
        if newest and newest < self._seen_events:
            self._seen_events = 0  # another run of the master, which counts anew
        if seen and newest > self._seen_events:
            self._seen_events = newest
            self._desk.settings.setValue("events/seen", newest)
        new = [event for event in events if event.id > self._seen_events and event.severity != "info"]
        self._navigation.count(place, len(new), alarming=True)

    def _show_link(self) -> None:
        link, mirror = self._link, self._desk.mirror
        self._top.show_master(link.state, mirror.master)
        self._navigation.show_role(link.role)
        if link.state in (LinkState.UP, LinkState.CONNECTING):
            self._trouble.say("The master sends nothing" if link.reason else "", link.reason)
            return
        heard = mirror.heard
        if heard is None:
            self._trouble.say("The master does not answer", link.reason)
            return
        since = words.clock(heard, self._desk.zone())
        text = f"The page shows the state of {since}. {link.reason}"
        self._trouble.say(f"The master does not answer since {since}", text)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        self._desk.settings.setValue("window/geometry", self.saveGeometry())
        for page in self._pages:
            page.save()
        super().closeEvent(event)

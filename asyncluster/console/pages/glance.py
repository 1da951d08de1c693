"""The panels beside the room that show all of it: what the cores do, and which jobs compute."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent

from asyncluster.console.desk import Desk
from asyncluster.console.parts.cells import Chip
from asyncluster.console.parts.controls import Panel, label
from asyncluster.console.parts.delegate import paint_chip
from asyncluster.console.parts.painted import RIGHT, Painted
from asyncluster.console.state import words
from asyncluster.console.state.mirror import Change
from asyncluster.core.qt.theme import Weight
from asyncluster.core.qt.tokens import State
from asyncluster.core.wire.feed import JobRow, MasterRow

_MOST_JOBS = 6


def _all(master: MasterRow) -> int:
    return master.cores_ours + master.cores_person + master.cores_other + master.cores_idle


class CoresNow(Panel):
    """How many cores are ours, the person's and idle, and what they got done today."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Cores now")
        self._desk = desk
        self._picture = _CoresPicture(desk)
        self.rows.addWidget(self._picture)
        self._table = desk.mirror.table("master")
        self._table.listen(self._changed)
        self._changed(Change(frozenset()))

    def _changed(self, _change: Change) -> None:
        master = self._desk.mirror.master
        if master is not None:
            self.aside.setText(words.thousands(_all(master)))
            self._picture.show_master(master)


class _CoresPicture(Painted):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._master: MasterRow | None = None

    def show_master(self, master: MasterRow) -> None:
        self._master = master
        self.setAccessibleName(
            f"Cores: ours {master.cores_ours}, the person's {master.cores_person}, "
            f"other programs' {master.cores_other}, idle {master.cores_idle}"
        )
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(100, self.desk.look.theme.px(212))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        master = self._master
        if master is None:
            return
        theme = self.desk.look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        counts = [
            ("Ours", master.cores_ours, State.COMPUTING),
            ("The person\u2019s", master.cores_person, State.IN_USE),
            ("Other programs", master.cores_other, None),
            ("Idle or away", master.cores_idle, State.IDLE),
        ]
        self._stacked(painter, counts)
        top = float(theme.px(26))
        for name, count, state in counts:
            self._mark(painter, top, state)
            rect = QRectF(theme.px(16), top, self.width() - theme.px(16), theme.px(24))
            self.words(painter, rect, name)
            self.words(painter, rect, words.thousands(count), RIGHT, weight=Weight.MEDIUM)
            top += theme.px(24)
        top += theme.px(8)
        painter.fillRect(QRectF(0, top, self.width(), 1), theme.color("line"))
        top += theme.px(8)
        total = sum(count for _, count, _ in counts)
        facts = [
            ("Calls finished today", words.thousands(master.finished_today)),
            ("Calls sent back", words.thousands(master.sent_back_today)),
            ("Load of the room", words.percent((total - master.cores_idle) / total) if total else words.DASH),
        ]
        for name, value in facts:
            rect = QRectF(0, top, self.width(), theme.px(24))
            self.words(painter, rect, name, color="muted")
            self.words(painter, rect, value, RIGHT, weight=Weight.MEDIUM)
            top += theme.px(24)

    def _stacked(self, painter: QPainter, counts: list[tuple[str, int, State | None]]) -> None:
        """The counts side by side on one bar; what is there is at least two pixels wide."""
        theme = self.desk.look.theme
        total = sum(count for _, count, _ in counts) or 1
        left, height = 0.0, theme.px(12)
        painter.setPen(Qt.PenStyle.NoPen)
        for _name, count, state in counts:
            if not count:
                continue
            width = max(2.0, (self.width() - 4) * count / total)
            painter.setBrush(self._color(state))
            painter.drawRoundedRect(QRectF(left, theme.px(4), width, height), 1.5, 1.5)
            left += width + 2

    def _color(self, state: State | None) -> QColor:
        theme = self.desk.look.theme
        return theme.color("edge") if state is None else theme.state(state)

    def _mark(self, painter: QPainter, top: float, state: State | None) -> None:
        """The bar of a core as it is drawn in tiles, so that its shape is explained here."""
        theme = self.desk.look.theme
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._color(state))
        width, bottom = theme.px(5), top + theme.px(19)
        height = {State.COMPUTING: 16, State.IN_USE: 10, None: 10, State.IDLE: 4}[state]
        painter.drawRoundedRect(QRectF(1, bottom - theme.px(height), width, theme.px(height)), 1, 1)
        if state is State.IN_USE:
            painter.drawEllipse(QRectF(1, bottom - theme.px(height) - width - 1, width, width))


class ComputingHere(Panel):
    """The jobs that have most of the cores."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Computing here", "cores")
        self._picture = _JobsPicture(desk)
        self.rows.addWidget(self._picture)
        self._nothing = label("No job runs.", "muted")
        self.rows.addWidget(self._nothing)
        self._table = desk.mirror.table("jobs")
        self._table.listen(self._changed)
        self._changed(Change(frozenset()))

    def _changed(self, _change: Change) -> None:
        running = sorted((job for job in self._table.rows.values() if job.workers), key=lambda job: -job.workers)
        self._picture.show_jobs(running[:_MOST_JOBS])
        self._picture.setVisible(bool(running))
        self._nothing.setVisible(not running)


class _JobsPicture(Painted):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._jobs: list[JobRow] = []

    def show_jobs(self, jobs: list[JobRow]) -> None:
        if [(job.number, job.workers) for job in jobs] == [(job.number, job.workers) for job in self._jobs]:
            return
        self._jobs = jobs
        self.setAccessibleName(", ".join(f"job {job.number} {job.name}: {job.workers} cores" for job in jobs))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(100, self.desk.look.theme.px(40) * len(self._jobs))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        theme = self.desk.look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        most = max((job.workers for job in self._jobs), default=1)
        for place, job in enumerate(self._jobs):
            top = place * theme.px(40)
            row = QRectF(0, top, self.width(), theme.px(24))
            row.setLeft(paint_chip(painter, QPointF(0, top), row.height(), Chip(job.number), theme) + theme.px(4))
            count = words.thousands(job.workers)
            self.words(painter, row, count, RIGHT, weight=Weight.MEDIUM)
            self.words(painter, row.adjusted(0, 0, -theme.px(44), 0), job.name)
            bar = QRectF(0, top + theme.px(28), self.width(), theme.px(4))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("line"))
            painter.drawRoundedRect(bar, 1, 1)
            bar.setWidth(bar.width() * job.workers / most)
            painter.setBrush(QColor(theme.tokens.job_color(job.number)))
            painter.drawRoundedRect(bar, 1, 1)

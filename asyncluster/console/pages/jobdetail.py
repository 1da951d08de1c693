"""One job in detail: throughput, how long calls take, failures by kind, its nodes, and what it prints."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import QHBoxLayout, QLineEdit, QPlainTextEdit, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from asyncluster.console.desk import Desk
from asyncluster.console.offers import Offers
from asyncluster.console.pages.jobplots import durations, throughput
from asyncluster.console.parts.bars import BarPlot
from asyncluster.console.parts.controls import Chips, IconButton, Panel, label, line
from asyncluster.console.parts.ledger import Ledger
from asyncluster.console.state import jobs, words
from asyncluster.console.state.mirror import Change, Table
from asyncluster.core.qt.bars import Progress, paint_segments
from asyncluster.core.qt.tokens import State
from asyncluster.core.wire.feed import JOB, JobDetail, JobRow

_PARTS = ("done", "failed", "running", "queued")
_RECENT = 1800  # seconds that a job runs before its whole life is more telling than the last minutes


class JobDetailPanel(Panel):
    """The panel.

    Attributes:
        number: of the job that is shown; None before the first.
    """

    def __init__(self, desk: Desk, make: Offers) -> None:
        super().__init__()
        self.number: int | None = None
        self._desk = desk
        self._make = make
        self._details: Table[JobDetail] | None = None
        self._jobs: Table[JobRow] = desk.mirror.table("jobs")
        self._jobs.listen(self._job_changed)
        self._name = label("", "strong")
        self._legend = _Legend(desk)
        self._note = label("", "hint", wrap=True)
        self._buttons = {
            key: IconButton(desk.look, word, glyph, role, does=partial(self._run, word))
            for key, word, glyph, role in (
                ("nice", "Niceness\u2026", "down", ""),
                ("c", "Cancel job\u2026", "cross", "warn"),
            )
        }
        self._tabs = Chips(
            desk.look,
            [
                ("plots", "Plots", None),
                ("failures", "Failures", None),
                ("nodes", "Nodes", None),
                ("log", "Output", None),
            ],
        )
        self._tabs.chosen.connect(self._choose)
        self._plots = _Plots(desk)
        self._failures = Ledger(desk.look, ("Kind", "Message", "Calls"), "No call has failed.")
        self._nodes = Ledger(desk.look, ("Node", "Calls"), "No node has calls of it.")
        self._log = _Output(desk)
        self._stack = QStackedWidget()
        for widget in (self._plots, self._failures, self._nodes, self._log):
            self._stack.addWidget(widget)
        self._lay_out()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(self._name)
        head.addWidget(self._legend, 1)
        for button in self._buttons.values():
            head.addWidget(button)
        self.rows.addLayout(head)
        self.rows.addWidget(line())
        below = QHBoxLayout()
        below.addWidget(self._tabs)
        below.addStretch()
        below.addWidget(self._note)
        self.rows.addLayout(below)
        self.rows.addWidget(self._stack, 1)
        self.setMinimumHeight(self._desk.look.theme.px(260))

    def show_job(self, number: int) -> bool:
        """Shows a job; False if it is the one that is shown already."""
        if number == self.number:
            return False
        if self._details is not None:
            self._details.forget(self._details_changed)
            self._desk.mirror.drop(f"{JOB}{self.number}")
        self.number = number
        self._details = self._desk.mirror.table(f"{JOB}{number}")
        self._details.listen(self._details_changed)
        self._log.show_job(number)
        self.refresh()
        self._details_changed(Change(frozenset()))
        return True

    def refresh(self) -> None:
        """Shows the job's row as it is now."""
        job = self._jobs.rows.get(self.number or 0)
        if job is None:
            return
        self._name.setText(f"{job.number}  {job.name}")
        self._legend.show_job(job)
        self._note.setText(job.note)
        for button in self._buttons.values():
            button.setEnabled(job.finished is None)

    # --- within ------------------------------------------------------------------------------------------

    def _job_changed(self, change: Change) -> None:
        if self.number in change.changed:
            self.refresh()

    def _details_changed(self, _change: Change) -> None:
        detail = self._details.rows.get(self.number or 0) if self._details is not None else None
        detail = detail or JobDetail(self.number or 0)
        job = self._jobs.rows.get(self.number or 0)
        failures: list[Sequence[str]] = [
            (group.kind, group.message, words.thousands(group.count)) for group in detail.failures
        ]
        if detail.other_failures:
            failures.append(("other", "", words.thousands(detail.other_failures)))
        failures += [("broken", f"{node}: {error}", "") for node, error in detail.unfit.items()]
        self._plots.show_detail(detail, job, self._desk)
        self._failures.show_lines(failures)
        self._nodes.show_lines([(name, words.thousands(count)) for name, count in detail.nodes.items()])
        self._tabs.count("failures", sum(group.count for group in detail.failures) + detail.other_failures)
        self._tabs.count("nodes", len(detail.nodes))
        self._log.show_tail([*detail.log, detail.error] if detail.error else detail.log)

    def _choose(self, key: str) -> None:
        self._stack.setCurrentIndex(("plots", "failures", "nodes", "log").index(key))

    def _run(self, word: str) -> None:
        job = self._jobs.rows.get(self.number or 0)
        for offer in self._make.for_jobs([job]) if job is not None else ():
            if offer.label == word:
                offer.run()


class _Plots(QWidget):
    """Throughput and durations side by side."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._throughput = BarPlot(desk.look, "Calls per minute", State.COMPUTING)
        self._durations = BarPlot(desk.look, "How long calls take", "accent")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 4, 0, 0)
        row.setSpacing(24)
        row.addWidget(self._throughput, 3)
        row.addWidget(self._durations, 2)

    def show_detail(self, detail: JobDetail, job: JobRow | None, desk: Desk) -> None:
        now = desk.now()
        whole = job is not None and (job.finished or now) - job.created > _RECENT
        self._throughput.show_bars(*throughput(detail, now, desk.zone(), whole=whole))
        self._durations.show_bars(durations(jobs.spread_of(detail.durations)))


class _Legend(QWidget):
    """What the parts of the progress bar are, each with its number."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._job: JobRow | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        desk.look.changed.connect(self.update)

    def show_job(self, job: JobRow) -> None:
        self._job = job
        said = ", ".join(f"{getattr(job, name)} {name}" for name in _PARTS)
        self.setAccessibleName(said)
        self.setToolTip(said)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, self._desk.look.theme.px(24))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        job = self._job
        if job is None:
            return
        theme = self._desk.look.theme
        painter = QPainter(self)
        painter.setFont(theme.font(14))
        counts = {name: words.thousands(getattr(job, name)) for name in _PARTS}
        texts = {name: f"{count} {name}" for name, count in counts.items()}
        swatch, gap, apart = theme.px(20), theme.px(8), theme.px(20)
        width_of = painter.fontMetrics().horizontalAdvance
        if sum(swatch + gap + width_of(text) + apart for text in texts.values()) - apart > self.width():
            texts, apart = counts, theme.px(12)  # the tooltip has the words
        left = 0.0
        for name, text in texts.items():
            only = Progress(**{part: int(part == name) for part in _PARTS})
            paint_segments(painter, QRectF(left, (self.height() - 12) / 2, swatch, 12), only, theme)
            painter.setPen(theme.color("text"))
            left += swatch + gap
            painter.drawText(QRectF(left, 0, 400, self.height()), int(Qt.AlignmentFlag.AlignVCenter), text)
            left += width_of(text) + apart


class _Output(QWidget):
    """The end of what the job prints, or all that one of its calls has printed."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._number = 0
        self._of_call = False
        self._text = QPlainTextEdit()
        self._text.setReadOnly(True)
        self._text.setProperty("role", "log")
        self._text.setAccessibleName("Output")
        self._text.setMaximumBlockCount(5000)
        self._call = QLineEdit()
        self._call.setPlaceholderText("Call number")
        self._call.setAccessibleName("Call whose output to show")
        self._call.setToolTip(
            "Type the number of a call and press Enter to see what it printed; empty shows the newest"
        )
        self._call.setMaximumWidth(desk.look.theme.px(140))
        self._call.returnPressed.connect(self._ask)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 4, 0, 0)
        rows.addWidget(self._call)
        rows.addWidget(self._text, 1)

    def show_job(self, number: int) -> None:
        self._number = number
        self._of_call = False
        self._call.clear()

    def show_tail(self, lines: Sequence[str]) -> None:
        if not self._of_call:
            self._show("\n".join(lines))

    def _ask(self) -> None:
        typed = self._call.text().strip()
        self._of_call = typed.isdigit()
        if self._of_call:
            number = self._number

            def answered(answer: Any) -> None:
                if self._number == number and self._of_call:
                    text = "".join(part["text"] for part in answer["lines"])
                    self._show(text or f"Call {typed} has printed nothing, or it is not kept any more.")

            self._desk.ask("job logs", {"number": number, "call": int(typed)}, answered)

    def _show(self, text: str) -> None:
        """Follows the end if that is what is looked at."""
        if text == self._text.toPlainText():
            return
        bar = self._text.verticalScrollBar()
        assert bar is not None
        place, at_end = bar.value(), bar.value() >= bar.maximum() - 2
        self._text.setPlainText(text)
        bar.setValue(bar.maximum() if at_end else place)

"""The jobs: how far they are, how fast they go, whose they are; the selected one in detail below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from pathlib import Path

from PyQt6.QtCore import Qt

from asyncluster.console.desk import Desk
from asyncluster.console.dialogs.submit import Submit
from asyncluster.console.offers import Offer
from asyncluster.console.pages.jobdetail import JobDetailPanel
from asyncluster.console.pages.listpage import ListPage
from asyncluster.console.parts.cells import EMPTY, Cell, Tone
from asyncluster.console.parts.controls import IconButton
from asyncluster.console.parts.rowsmodel import Column
from asyncluster.console.state import curves, jobs, words
from asyncluster.core.qt.bars import Progress
from asyncluster.core.qt.tokens import State
from asyncluster.core.wire.feed import JOB, JobRow, Options


class JobsPage(ListPage):
    """The jobs.

    Args:
        socket: of the master, for jobs that are submitted here.
        config: the configuration, ditto.
    """

    title = "Jobs"
    glyph = "jobs"

    def __init__(self, desk: Desk, socket: Path, config: Path | None) -> None:
        super().__init__(
            desk,
            "jobs",
            columns(desk.now, desk.zone),
            jobs.fields(desk.now),
            [
                ("all", "All", None, lambda _job: True),
                ("running", "Running", State.COMPUTING, lambda job: job.state == "running"),
                ("waiting", "Waiting", State.IDLE, lambda job: job.finished is None and job.state != "running"),
                ("failed", "With failures", State.ERROR, lambda job: job.failed > 0 or job.state == "broken"),
                ("over", "Over", None, lambda job: job.finished is not None),
            ],
            ("No jobs are waiting", "New jobs appear here as soon as somebody sends one."),
            sorted_by=1,
        )
        self._submit = Submit(desk, self, socket, config)
        self.head.addWidget(IconButton(desk.look, "New job\u2026", "plus", "main", does=self._submit.ask))
        self._detail = JobDetailPanel(desk, self.make)
        self._dock = self.add_dock("jobDetail", "Job", self._detail, Qt.DockWidgetArea.BottomDockWidgetArea)
        self._dock.hide()
        self.view.chosen.connect(self._choose)
        self.view.opened.connect(self._dock.show)
        self._dock.visibilityChanged.connect(lambda _visible: self.topics_changed.emit())

    def topics(self) -> dict[str, Options]:
        number = self._detail.number
        return {f"{JOB}{number}": Options()} if number is not None and self._dock.isVisible() else {}

    def offers(self) -> Sequence[Offer]:
        new = Offer("New job\u2026", "plus", "n", self._submit.ask)
        chosen = self.view.selected()
        return [*self.make.for_jobs(chosen), *(self._history(job) for job in chosen[:1] if len(chosen) == 1), new]

    def _history(self, job: JobRow) -> Offer:
        def show() -> None:
            self.show_history(f"{JOB}{job.number}", lambda detail, now: curves.of_job(job.name, detail, now))

        return Offer("History\u2026", "usage", "h", show)

    def count(self, rows: Sequence[JobRow]) -> None:
        master = self.desk.mirror.master
        if master is not None:
            all_cores = master.cores_ours + master.cores_person + master.cores_other + master.cores_idle
            self.subtitle.setText(
                f"{words.thousands(master.cores_ours)} of {words.thousands(all_cores)} cores computing"
            )

    def refresh(self) -> None:
        super().refresh()
        self._detail.refresh()

    def _choose(self) -> None:
        chosen = self.view.selected()
        job = self.view.current() if self.view.current() in chosen else (chosen[0] if chosen else None)
        if job is None:
            return
        first = self._detail.number is None
        if self._detail.show_job(job.number):
            self.topics_changed.emit()
        if first:
            self._dock.show()


def columns(now: Callable[[], float], zone: Callable[[], tzinfo | None]) -> list[Column[JobRow]]:
    """The columns, for a clock and a time zone."""

    def to_go(job: JobRow) -> Cell:
        text = jobs.to_go(job, now(), zone())
        return Cell(text, Tone.NORMAL if job.finished is None and job.ends is not None else Tone.MUTED)

    def time_left(job: JobRow) -> float | None:
        return None if job.ends is None or job.finished is not None else job.ends

    return [
        Column("Job", "Number and name", _name, lambda job: job.number, 190, descending=True),
        Column("State", "What it is about", _state, jobs.order_of, 136),
        Column("Progress", "Done, failed, running and queued calls", _progress, _share_done, 160),
        Column("Calls", "Calls that are done, of all so far", _calls, lambda job: job.submitted, 164, True, True),
        Column("Failed", "Calls that have no result", _failed, lambda job: job.failed, 70, True, True),
        Column("Rate", "Calls that were finished in the last minute", _rate, lambda job: job.rate, 104, True, True),
        Column("To go", "Time until all its calls are done, at this rate", to_go, time_left, 112, True),
        Column("Owner", "Who opened it", lambda job: Cell(job.owner), lambda job: job.owner, 92),
        Column("Nice", "Niceness: each step takes a fifth off its share", _nice, lambda job: job.niceness, 54, True),
        Column("Cores", "Workers that run its calls now", _cores, lambda job: job.workers, 64, True, True),
        Column(
            "Note", "What it says of itself", lambda job: Cell(job.note, Tone.MUTED), lambda job: job.note or None, 60
        ),
    ]


def _name(job: JobRow) -> Cell:
    return Cell(job.name, Tone.STRONG, lead=str(job.number))


def _state(job: JobRow) -> Cell:
    return Cell(jobs.word_of(job), badge=jobs.badge_of(job))


def _progress(job: JobRow) -> Cell:
    spoken = f"{job.done} done, {job.failed} failed, {job.running} running, {job.queued} queued"
    return Cell(progress=Progress(job.done, job.failed, job.running, job.queued), spoken=spoken)


def _share_done(job: JobRow) -> float:
    return job.done / job.submitted if job.submitted else 0.0


def _calls(job: JobRow) -> Cell:
    return Cell(f"{words.thousands(job.done)} / {words.thousands(job.submitted)}")


def _failed(job: JobRow) -> Cell:
    return Cell(f"!  {words.thousands(job.failed)}", Tone.ERROR) if job.failed else Cell("0", Tone.MUTED)


def _rate(job: JobRow) -> Cell:
    if job.finished is not None or not (job.running or job.rate):
        return EMPTY
    return Cell(words.per_minute(job.rate), Tone.NORMAL if job.rate else Tone.MUTED)


def _nice(job: JobRow) -> Cell:
    return Cell(str(job.niceness))


def _cores(job: JobRow) -> Cell:
    return Cell(words.thousands(job.workers), Tone.NORMAL if job.workers else Tone.MUTED)

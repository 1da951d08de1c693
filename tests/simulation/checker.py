"""From a history to what is wrong with it: a pure function that knows the guarantees and none of the code.

Each invariant is a word; docs/guarantees.md says which guarantee it stands for.

    twice       a call ends at most once, and not after it was cancelled
    lost        a call ends, if its job lives and its client waits
    stuck       after the last fault it ends in time
    made up     a run is that of a submitted call, a result that of a finished run of that very call
    fence       only the attempt that was handed out last may end a call
    once        a call with retries=0 begins at most once
    blame       only workers that died of a call count against it; each failure has its cause
    order       a worker has run the whole log that a call was submitted behind, in order, before it begins the call
    isolation   a worker runs calls of one job
    prompt      without faults: cancelled and late calls are gone within 3 s
    drain       without faults: a drained node begins nothing and ends nothing by force
    fair        during a contest each job gets the computing time that its niceness says
    leftover    when all is over nobody keeps anything
    failure     nothing raises among honest peers
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from simulation import history as h

PROMPT = 3.0  # seconds
DRAINED = 1.0  # seconds in which a node hears that it is drained
FIRST = 1.0  # second in which a job of a contest begins its first call
FAIR = 0.8  # part of its fair share that a job gets at least
ENTRY_DEATHS = 3  # of workers, until a node takes a job's log for broken ...
NAMELESS_DEATHS = 10  # ... or the job

CallId: TypeAlias = tuple[int, int]


class Violation(NamedTuple):
    """Something that must not happen did."""

    invariant: str
    at: float
    words: str


@dataclass
class _Run:
    """One execution of a call."""

    begun: h.Begun
    until: float | None = None
    finished: bool = False


class _Checker:
    """Goes through a history once, with what the invariants need of what came before."""

    def __init__(self, grace: float) -> None:
        self.grace = grace
        self.found: list[Violation] = []
        self.calm = True  # nothing has gone wrong so far
        self.healed: float | None = None
        self.open: dict[CallId, h.Submitted] = {}
        self.known: dict[CallId, h.Submitted] = {}
        self.ended: set[CallId] = set()
        self.cancelled: dict[CallId, float] = {}
        self.over: dict[int, float] = {}
        self.away: dict[int, float] = {}
        self.abandoned: set[int] = set()
        self.handed: dict[tuple[int, int, int], int] = {}
        self.runs: dict[int, _Run] = {}
        self.begun: Counter[CallId] = Counter()
        self.crashes: Counter[CallId] = Counter()
        self.runs_of: defaultdict[CallId, list[_Run]] = defaultdict(list)
        self.entry_deaths: Counter[int] = Counter()
        self.idle_deaths: Counter[int] = Counter()
        self.entries: Counter[int] = Counter()
        self.job_of: dict[int, int] = {}
        self.drained: dict[str, float] = {}

    def go(self, history: Iterable[h.Record]) -> list[Violation]:
        for record in history:
            handler = getattr(self, "_" + type(record).__name__.lower(), None)
            if handler is not None:
                handler(record)
        return self.found

    def _wrong(self, invariant: str, at: float, words: str) -> None:
        self.found.append(Violation(invariant, at, words))

    # --- calls at their client ------------------------------------------------------------------------------------

    def _submitted(self, record: h.Submitted) -> None:
        call = record.job, record.call
        self.open[call] = self.known[call] = record

    def _cancelled(self, record: h.Cancelled) -> None:
        self.open.pop((record.job, record.call), None)
        self.cancelled[record.job, record.call] = record.at

    def _jobover(self, record: h.JobOver) -> None:
        self.over.setdefault(record.job, record.at)  # a master that was restarted may not remember, so it may live on
        left = [call for call in self.open if call[0] == record.job]
        for call in left:
            del self.open[call]
        if left and self.healed is not None:
            self._wrong("stuck", record.at, f"{len(left)} calls, {left[0]} first, have no end after the last fault")

    def _ended(self, record: h.Ended) -> None:
        call = record.job, record.call
        if call in self.ended or call in self.cancelled:
            self._wrong("twice", record.at, f"{call} ends again, {record.how}")
        self.ended.add(call)
        self.open.pop(call, None)
        if record.how in ("returned", "raised"):
            run = self.runs.get(record.run or 0)
            if run is None or not run.finished or (run.begun.job, run.begun.call) != call:
                self._wrong("made up", record.at, f"{call} has the result of run {record.run}")
        elif why := self._unfounded(record, self.known[call]):
            self._wrong("blame", record.at, f"{call} ends {record.how!r} {why}")

    def _unfounded(self, record: h.Ended, call: h.Submitted) -> str:
        """Why this failure has no cause, or ""."""
        key = record.job, record.call
        match record.how:
            case "crashed":
                needed = 1 if call.count > 1 else 1 + call.retries
                return "" if self.crashes[key] >= needed else f"after {self.crashes[key]} deaths, not {needed}"
            case "split":
                return "" if call.count > 1 and self.crashes[key] else "without a death"
            case "node lost":
                return "" if call.retries == 0 else "though it may run again"
            case "timeout":
                late = call.timeout is not None and self._longest(key, record.at) >= call.timeout * 0.999
                return "" if late else "without having run so long"
            case "broken":
                deaths = self.entry_deaths[record.job], self.idle_deaths[record.job]
                return "" if deaths[0] >= ENTRY_DEATHS or deaths[1] >= NAMELESS_DEATHS else "though its log is sound"
            case "cancelled":
                return "" if record.job in self.over or record.job in self.abandoned else "though nobody wanted that"
        return "though nothing was large"

    def _longest(self, call: CallId, now: float) -> float:
        """How long the call was not finished, in any of its runs.

        A node daemon that was stopped, or its worker just before, may see that the time is over before it sees that
        the worker has died; so after a fault the time until now counts.
        """
        runs = [run for run in self.runs_of[call] if not run.finished]
        return max(
            ((now if run.until is None or not self.calm else run.until) - run.begun.at for run in runs), default=0
        )

    # --- the master -------------------------------------------------------------------------------------------------

    def _handed(self, record: h.Handed) -> None:
        self.handed[record.epoch, record.job, record.call] = record.attempt

    def _settled(self, record: h.Settled) -> None:
        latest = self.handed.get((record.epoch, record.job, record.call))
        if latest is not None and record.attempt not in (0, latest):  # 0: it was not with any node
            self._wrong(
                "fence", record.at, f"attempt {record.attempt} ends {record.call}, {latest} has been handed out"
            )

    def _clientlink(self, record: h.ClientLink) -> None:
        if not record.up:
            self.away[record.job] = record.at
        elif (since := self.away.pop(record.job, None)) is not None and record.at >= since + self.grace:
            self.abandoned.add(record.job)

    def _masterstarted(self, _record: h.MasterStarted) -> None:
        self.away.clear()

    # --- workers ------------------------------------------------------------------------------------------------------

    def _entered(self, record: h.Entered) -> None:
        if record.index != self.entries[record.worker]:
            self._wrong("order", record.at, f"worker {record.worker} runs entry {record.index} out of turn")
        self.entries[record.worker] += 1
        self._belongs(record.worker, record.job, record.at)

    def _belongs(self, worker: int, job: int, at: float) -> None:
        if self.job_of.setdefault(worker, job) != job:
            self._wrong("isolation", at, f"worker {worker} runs a second job")

    def _begun(self, record: h.Begun) -> None:
        call = record.job, record.call
        run = self.runs[record.run] = _Run(record)
        self.runs_of[call].append(run)
        self.begun[call] += 1
        self._belongs(record.worker, record.job, record.at)
        if call not in self.known:
            self._wrong("made up", record.at, f"{call} begins, which nobody has submitted")
            self.known[call] = h.Submitted(record.at, *call, entries=0, retries=1, timeout=None, count=1)
        submitted = self.known[call]
        if submitted.retries == 0 and self.begun[call] > 1:
            self._wrong("once", record.at, f"{call} begins for the {self.begun[call]}nd time")
        if self.entries[record.worker] < submitted.entries:
            self._wrong("order", record.at, f"{call} runs behind {self.entries[record.worker]} entries")
        since = self.drained.get(record.node)
        if self.calm and since is not None and record.at > since + DRAINED:
            self._wrong("drain", record.at, f"{call} begins on {record.node}, which is drained")

    def _finished(self, record: h.Finished) -> None:
        self._over(record.run, record.at).finished = True

    def _died(self, record: h.Died) -> None:
        if record.run is None:
            if record.crashed:
                (self.idle_deaths if record.entry is None else self.entry_deaths)[record.job] += 1
            return
        run = self._over(record.run, record.at)
        call = _of(run)
        self.crashes[call] += record.crashed
        wanted = call not in self.cancelled and call[0] not in self.over and self.known[call].timeout is None
        if self.calm and not record.crashed and wanted and run.begun.node in self.drained:
            self._wrong("drain", record.at, f"{call} was ended by force on {run.begun.node}, which is drained")

    def _over(self, number: int, at: float) -> _Run:
        run = self.runs[number]
        run.until = at
        if self.calm:
            self._check_prompt(run, at)
        return run

    def _check_prompt(self, run: _Run, until: float) -> None:
        call = _of(run)
        unwanted = self.cancelled.get(call, self.over.get(call[0]))
        timeout = self.known[call].timeout
        if timeout is not None:
            unwanted = min(run.begun.at + timeout, until if unwanted is None else unwanted)
        if unwanted is not None and until > max(unwanted, run.begun.at) + PROMPT:
            self._wrong("prompt", until, f"{call} ran {until - unwanted:.1f} s after nobody wanted it any more")

    # --- what happens to all -------------------------------------------------------------------------------------

    def _fault(self, _record: h.Fault) -> None:
        self.calm = False

    def _healed(self, record: h.Healed) -> None:
        self.healed = record.at

    def _drained(self, record: h.Drained) -> None:
        if record.on:
            self.drained.setdefault(record.node, record.at)
        else:
            self.drained.pop(record.node, None)

    def _leftover(self, record: h.Leftover) -> None:
        self._wrong("leftover", record.at, f"{record.where} keeps {record.what}")

    def _failure(self, record: h.Failure) -> None:
        self._wrong("failure", record.at, f"{record.where}: {record.words}")

    def _over_run(self, at: float) -> None:
        for run in self.runs.values():
            if run.until is None and self.calm:
                self._check_prompt(run, at)

    def _end(self, at: float) -> None:
        if self.open:
            self._wrong("lost", at, f"{len(self.open)} calls, {next(iter(self.open))} first, have no end")
        self._over_run(at)


def _of(run: _Run) -> CallId:
    return run.begun.job, run.begun.call


def check(history: list[h.Record], grace: float = 30.0) -> list[Violation]:
    """What is wrong with a history, in the order in which it shows.

    Args:
        history: of one run.
        grace: seconds for which the master waits for a job's client.
    """
    checker = _Checker(grace)
    found = checker.go(record for record in history if not isinstance(record, h.Over))
    if history and isinstance(history[-1], h.Over):
        checker._end(history[-1].at)
    return [*found, *_unfair(history)]


# --- fairness ---------------------------------------------------------------------------------------------------


def _unfair(history: list[h.Record]) -> Iterator[Violation]:
    for contest in history:
        if isinstance(contest, h.Contest):
            busy = _busy(history, contest)
            total, weights = sum(busy.values()), sum(contest.weights.values())
            begun = {r.job for r in history if isinstance(r, h.Begun) and r.at <= contest.at + FIRST}
            for job, weight in contest.weights.items():
                if job not in begun:
                    yield Violation("fair", contest.until, f"job {job} begins nothing within {FIRST:g} s")
                share, due = busy[job] / max(total, 1e-9), weight / weights
                if share < FAIR * due:
                    words = f"job {job} gets {share:.0%} of the computing time, {due:.0%} are due"
                    yield Violation("fair", contest.until, words)


def _busy(history: list[h.Record], contest: h.Contest) -> Counter[int]:
    """Seconds of computing that each job of a contest gets in it."""
    busy: Counter[int] = Counter()
    running: dict[int, h.Begun] = {}
    for record in history:
        match record:
            case h.Begun() if record.job in contest.weights:
                running[record.run] = record
            case h.Finished() | h.Died() if record.run in running:
                begun = running.pop(record.run)
                busy[begun.job] += max(0.0, min(record.at, contest.until) - max(begun.at, contest.at))
    for begun in running.values():
        busy[begun.job] += max(0.0, contest.until - max(begun.at, contest.at))
    return busy

"""A simulated lab for the console: the 24 PCs of Room 214 on a Monday afternoon, or a thousand of them.

It publishes rows to a feed as a master would, and moves on a little with every `step`.
"""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime

from asyncluster.core.master.feed import Feed
from asyncluster.core.wire.feed import (
    CoresRow,
    FailureGroup,
    JobDetail,
    JobRow,
    MasterRow,
    NodeDetail,
    NodeRow,
    OpeningRow,
    PersonRow,
    job_number,
    node_name,
)

#: Monday 23 November 2026, 14:18:00 UTC
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
NOW = datetime(2026, 11, 23, 14, 18, tzinfo=UTC).timestamp()
GIB = 1 << 30

#: name, full name, node, minutes used today, minutes used this week, daily hours, weekly hours
PEOPLE = [
    ("lfischer", "Lena Fischer", "pc07", 228, 1010, 4, 20),
    ("mkoval", "Maria Koval", "pc01", 138, 580, 4, 20),
    ("trey", "Tomás Rey", "pc03", 202, 760, 4, 20),
    ("amori", "Aiko Mori", "pc05", 55, 310, 4, 20),
    ("jberg", "Jonas Berg", "pc09", 100, 640, 4, 20),
    ("pnair", "Priya Nair", "pc11", 170, 905, 4, 20),
    ("shaddad", "Samir Haddad", "pc14", 69, 215, 4, 20),
    ("cmartin", "Chloé Martin", "pc17", 236, 1196, 4, 20),
    ("dosei", "David Osei", "pc20", 147, 432, 4, 20),
    ("jokafor", "James Okafor", "", 240, 1130, 4, 20),
    ("iduarte", "Ines Duarte", "", 0, 380, 4, 20),
    ("wzhang", "Wei Zhang", "", 96, 96, 4, 20),
    ("opetrova", "Olga Petrova", "", 0, 1200, 4, 20),
    ("nlindqvist", "Noah Lindqvist", "", 61, 61, 4, 20),
    ("fzahra", "Fatima Zahra", "", 0, 130, 4, 20),
    ("eholm", "Erik Holm", "", 0, 0, None, None),
]

#: number, name, owner, niceness, state, submitted, done, failed, running, rate, workers, minutes to go, note
JOBS = [
    (214, "spectra-fit", "mkoval", 10, "running", 120_000, 112_870, 3, 52, 412.0, 52, 17, "fold 41 of 48"),
    (215, "ising-2d-L128", "jberg", 10, "running", 2048, 820, 0, 24, 9.6, 24, 128, ""),
    (209, "protein-dock", "amori", 15, "running", 18_000, 15_220, 118, 28, 38.0, 28, 70, ""),
    (211, "bootstrap-ci", "pnair", 10, "running", 5400, 4980, 0, 22, 55.0, 22, 8, ""),
    (217, "render-nightly", "shaddad", 19, "running", 1440, 96, 0, 21, 1.2, 21, 1120, ""),
    (212, "ocr-archive", "lfischer", 15, "running", 30_205, 30_177, 7, 21, 77.0, 21, 1, ""),
    (218, "lattice-sweep", "trey", 10, "waiting", 6000, 410, 0, 0, 0.0, 0, None, "Waits for a free worker."),
    (219, "weather-ens", "dosei", 10, "waiting", 512, 0, 0, 0, 0.0, 0, None, "Waits for a free worker."),
    (220, "thesis-figures", "cmartin", 5, "idle", 36, 36, 0, 0, 0.0, 0, None, "Waits for calls."),
    (206, "neutron-mc", "jberg", 10, "broken", 8000, 2210, 640, 0, 0.0, 0, None, "NameError in update 2"),
    (205, "calib-2026-11", "mkoval", 10, "done", 1200, 1200, 0, 0, 0.0, 0, None, ""),
]

#: node, state, cores of the person, cores of ours, all cores, jobs, minutes left
NODES = [
    ("pc01", "in_use", 2, 6, 8, (214, 215), 102),
    ("pc02", "computing", 0, 8, 8, (214,), None),
    ("pc03", "in_use", 3, 5, 8, (214,), 38),
    ("pc04", "computing", 0, 8, 8, (215, 211), None),
    ("pc05", "in_use", 1, 6, 8, (211,), 185),
    ("pc06", "idle", 0, 0, 8, (), None),
    ("pc07", "in_use", 4, 4, 8, (215,), 12),
    ("pc08", "computing", 0, 12, 12, (209, 214), None),
    ("pc09", "suspended", 8, 0, 8, (214,), 140),
    ("pc10", "computing", 0, 8, 8, (217,), None),
    ("pc11", "in_use", 1, 7, 8, (217, 209), 70),
    ("pc12", "offline", 0, 0, 8, (), None),
    ("pc13", "computing", 0, 16, 16, (214, 209), None),
    ("pc14", "in_use", 3, 13, 16, (214, 209), 171),
    ("pc15", "computing", 0, 15, 16, (209, 215), None),
    ("pc16", "draining", 0, 3, 16, (212,), None),
    ("pc17", "in_use", 4, 12, 16, (215, 211), 4),
    ("pc18", "computing", 0, 16, 16, (211, 217), None),
    ("pc19", "idle", 0, 0, 8, (), None),
    ("pc20", "in_use", 2, 6, 8, (214,), 93),
    ("pc21", "computing", 0, 8, 8, (212,), None),
    ("pc22", "error", 0, 0, 8, (), None),
    ("pc23", "computing", 0, 8, 8, (214, 217), None),
    ("pc24", "computing", 0, 7, 8, (214,), None),
]

WEEK = {
    "mon": [(9, 18)],
    "tue": [(9, 18)],
    "wed": [(9, 12.5), (13.5, 19.5)],
    "thu": [(9, 18)],
    "fri": [(9, 16.5)],
    "sat": [(10, 14)],
    "2026-12-04": [(9, 22)],
    "2026-12-08": [(8, 18)],
    "2026-12-24": [],
    "2026-12-25": [],
    "2026-12-31": [(9, 13)],
    "2027-01-01": [],
}

EVENTS = [
    (-9000, "info", "master", "", "Master started."),
    (-8800, "info", "nadia", "user:wzhang", "wzhang was added."),
    (-7560, "warning", "master", "node:pc12", "pc12 does not answer: the other end has been silent for too long."),
    (-6100, "info", "mkoval", "job:214", "Job 214 spectra-fit was opened."),
    (-5000, "error", "jberg", "job:206", "Job 206 neutron-mc broke: NameError in update 2."),
    (-3120, "error", "pc22", "node:pc22", "pc22: Disk full: /scratch."),
    (-2220, "info", "nadia", "user:lfischer", "nadia gave lfischer 30 minutes."),
    (-1260, "info", "mkoval", "job:205", "Job 205 calib-2026-11 is done."),
    (-400, "info", "nadia", "node:pc16", "nadia drains pc16."),
    (-180, "warning", "master", "user:cmartin", "cmartin has 5 minutes left."),
]


class Lab:
    """The 24 PCs, or `nodes` of them in groups of 50.

    Args:
        now: the clock at the beginning.
        nodes: 0: those of the pictures.
        calls: queued ahead in all jobs together, for the thousand.
    """

    def __init__(self, now: float = NOW, nodes: int = 0, calls: int = 0) -> None:
        self.feed = Feed(self.detail)
        self.random = random.Random(4)
        self.now = now
        self.nodes: dict[str, NodeRow] = {}
        self.people: dict[str, PersonRow] = {}
        self.jobs: dict[int, JobRow] = {}
        self._shares: dict[str, tuple[int, int, int]] = {}
        self._throughput = [max(0, round(7 + self.random.gauss(0, 1))) for _ in range(300)]
        self._people()
        self._jobs(calls)
        if nodes:
            self._many(nodes)
        else:
            self._few()
        for day, spans in WEEK.items():
            row = OpeningRow(day, [(round(start * 3600), round(end * 3600)) for start, end in spans])
            self.feed.publish("openings", day, row)
        for ago, severity, actor, subject, text in EVENTS:
            self.feed.event(severity, actor, subject, text, now + ago)
        self._master()

    def step(self, now: float) -> None:
        """Lets the lab go on to an instant: some calls finish, cores do more or less."""
        self.now = now
        for name in list(self.nodes):
            if self.random.random() < 0.3:
                self._cores(name)
        for job in list(self.jobs.values()):
            if job.state == "running":
                done = min(job.submitted - job.failed - job.running, job.done + max(1, round(job.rate / 120)))
                self._publish_job(replace(job, done=done, queued=job.submitted - done - job.failed - job.running))
                self._throughput = [*self._throughput[1:], max(0, round(7 + self.random.gauss(0, 1)))]
        self._master()

    def detail(self, topic: str) -> JobDetail | NodeDetail | None:
        """What the job page shows, and what a node's panel does."""
        name, number = node_name(topic), job_number(topic)
        if name in self.nodes:
            wave = [round(40 + 38 * math.sin(sample / 9)) for sample in range(120)]
            return NodeDetail(name, 30.0, wave, [(sample * 7) % 19 for sample in range(120)])
        job = self.jobs.get(number or 0)
        if number is None or job is None:
            return None
        shape = [0] * 18 + [12, 96, 1700, 9800, 36_000, 48_000, 15_600, 1650, 12] if job.done else []
        minutes = [round(7 * 60 * (0.8 + 0.2 * ((minute * 37 % 90) / 90))) for minute in range(316)]
        minutes[200:220] = [minute // 2 for minute in minutes[200:220]]
        failures = [FailureGroup("raised", "ValueError: no peak above noise", 2), FailureGroup("timeout", "", 1)]
        nodes = {node.name: node.running[number] for node in self.nodes.values() if number in node.running}
        return JobDetail(
            number,
            self._throughput,
            minutes,
            shape,
            failures if job.failed else [],
            0,
            dict(sorted(nodes.items())),
            {},
            5,
            [
                f"14:{17 - back // 20:02} pc{1 + back % 24:02}  call {job.done - back}: chi2 = 1.0{back}"
                for back in range(40)
            ][::-1],
            job.note if job.state == "broken" else "",
            [int(job.failed > 50 and second % 9 == 0) for second in range(300)] if job.failed else [],
            [minute // 9 if job.failed > 50 else 0 for minute in minutes] if job.failed else [],
        )

    # --- rows ------------------------------------------------------------------------------------------------

    def _people(self) -> None:
        for name, full_name, node, today, week, daily, weekly in PEOPLE:
            left = None if daily is None else max(0, min(daily * 60 - today, weekly * 60 - week)) * 60.0
            row = PersonRow(
                name,
                True,
                daily is not None,
                self.now,
                full_name,
                node,
                self.now - today * 60 if node else None,
                self.now + left if node and left is not None else None,
                today * 60.0,
                week * 60.0,
                left,
                None if daily is None else daily * 3600.0,
                None if weekly is None else weekly * 3600.0,
                refused="Your 4 hours for today are used up. You have time again tomorrow at 09:00."
                if left == 0
                else "",
            )
            self.people[name] = row
            self.feed.publish("people", name, row)

    def _jobs(self, calls: int) -> None:
        for number, name, owner, nice, state, submitted, done, failed, running, rate, workers, minutes, note in JOBS:
            if calls:
                submitted += calls // len(JOBS)
            over = state in ("broken", "done")
            self._publish_job(
                JobRow(
                    number,
                    str(number * 7_654_321),
                    name,
                    owner,
                    nice,
                    state,
                    self.now - 18_000,
                    submitted,
                    done,
                    failed,
                    running,
                    0 if over else submitted - done - failed - running,
                    rate,
                    None if minutes is None else self.now + 60 * minutes,
                    workers,
                    done * 6.9,
                    self.now - 240 if running else None,
                    self.now - 1260 if over else None,
                    note,
                )
            )

    def _publish_job(self, row: JobRow) -> None:
        self.jobs[row.number] = row
        self.feed.publish("jobs", row.number, row)

    def _few(self) -> None:
        persons = {row.node: row for row in self.people.values() if row.node}
        since = {"pc06": -960, "pc12": -8760, "pc19": -2280, "pc22": -3120}
        for name, state, mine, ours, cores, jobs, left in NODES:
            person = persons.get(name)
            running = {number: max(1, ours // len(jobs)) for number in jobs}
            self._publish_node(
                NodeRow(
                    name,
                    state,
                    self.now + since.get(name, -3600),
                    cores,
                    person.name if person else "",
                    person.full_name if person else "",
                    self.now + left * 60 + 30 if left is not None else None,
                    4 * 3600.0 if person else None,
                    round((mine + ours) * 0.93, 1),
                    (8 if cores == 8 else 16) * GIB,
                    round((2.1 + 0.2 * ours) * GIB),
                    cores if state != "offline" else 0,
                    round(2.1 * ours, 1),
                    running,
                    2 * len(jobs),
                    "Disk full: /scratch" if state == "error" else "",
                    "",
                    "1.0.0",
                ),
                mine,
                ours,
            )

    def _many(self, count: int) -> None:
        states = ["computing"] * 6 + ["in_use"] * 3 + ["idle"] * 2 + ["suspended", "offline"]
        for number in range(count):
            name = f"lab{number // 50 + 1:02}-pc{number % 50 + 1:02}"
            state = "error" if number % 251 == 17 else self.random.choice(states)
            ours = 8 if state == "computing" else 5 if state == "in_use" else 0
            person = self.random.choice(PEOPLE) if state in ("in_use", "suspended") else None
            running = {self.random.choice(JOBS)[0]: ours} if ours else {}
            self._publish_node(
                NodeRow(
                    name,
                    state,
                    self.now - self.random.randrange(20_000),
                    8,
                    person[0] if person else "",
                    person[1] if person else "",
                    self.now + self.random.randrange(60, 14_000) if person else None,
                    4 * 3600.0 if person else None,
                    round(ours * 0.95, 1),
                    16 * GIB,
                    4 * GIB,
                    8,
                    2.0 * ours,
                    running,
                    8 if ours else 0,
                    "Disk full: /scratch" if state == "error" else "",
                    "",
                    "1.0.0",
                ),
                3 if person else 0,
                ours,
            )

    def _publish_node(self, row: NodeRow, mine: int, ours: int) -> None:
        self.nodes[row.name] = row
        self._shares[row.name] = mine, ours, row.cores
        self.feed.publish("nodes", row.name, row)
        self._cores(row.name)

    def _cores(self, name: str) -> None:
        mine, ours, cores = self._shares[name]
        theirs = [self.random.randrange(90, 230) for _ in range(mine)] + [0] * (cores - mine)
        busy = [0] * mine + [self.random.randrange(225, 256) for _ in range(ours)] + [0] * (cores - mine - ours)
        if self.nodes[name].state in ("offline", "error"):
            return
        self.feed.publish("cores", name, CoresRow(name, bytes(busy), bytes(theirs)))

    def _master(self) -> None:
        answering = [node for node in self.nodes.values() if node.state != "offline"]
        shares = [self._shares[node.name] for node in answering]
        ours, mine = sum(share[1] for share in shares), sum(share[0] for share in shares)
        row = MasterRow(
            "main",
            "1.0.0",
            NOW - 9000,
            0.002,
            len(self.nodes),
            len(answering),
            sum(node.workers for node in answering),
            ours,
            mine,
            sum(share[2] for share in shares) - ours - mine,
            sum(job.finished is None for job in self.jobs.values()),
            sum(job.running for job in self.jobs.values()),
            sum(job.queued for job in self.jobs.values()),
            131_402,
            128,
            31,
            sum(bool(person.node) for person in self.people.values()),
            "UTC",
        )
        self.feed.publish("master", row.name, row)


def replace(row: JobRow, **changes: object) -> JobRow:
    """The row with other values."""
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    return JobRow(**{**fields, **changes})

"""A cluster as it is on a Monday afternoon, for the pictures of the console: started, filled, and ended again."""

from __future__ import annotations

import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from picture_room import PEOPLE

import asyncluster as ac
from asyncluster.core.database.database import Database
from asyncluster.core.database.sessions import add_session
from asyncluster.core.people.refusals import End
from asyncluster.core.people.sessions import Session
from benchmarks.trial import Master

HERE = Path(__file__).resolve().parent
WARM_UP_SECONDS = 75.0  # for rates, durations and the first minutes of plots

#: Of jobs: owner, name, niceness and calls.
JOBS = (
    ("mkoval", "spectra-fit", 10, 4000), ("jberg", "ising-2d-L128", 10, 900), ("amori", "protein-dock", 15, 1400),
    ("pnair", "bootstrap-ci", 10, 700), ("shaddad", "render-nightly", 19, 400), ("trey", "calib", 10, 24),
)  # fmt: skip
WEEK = ((0, "09:00", "18:00"), (1, "09:00", "18:00"), (2, "09:00", "12:30"), (2, "13:30", "19:30"),
        (3, "09:00", "18:00"), (4, "09:00", "16:30"), (5, "10:00", "14:00"))  # fmt: skip
OTHERS = ("jokafor", "iduarte", "opetrova", "nlindqvist", "fzahra")


@contextmanager
def room_under_load() -> Iterator[Path]:
    """Yields the control socket of a master with everything there is to be seen."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pictures-")))
        folder.chmod(0o755)
        owners = {owner for owner, *_job in JOBS} if os.geteuid() == 0 else set()
        for owner in owners:
            subprocess.run(["useradd", "--no-create-home", owner], check=True)
            stack.callback(subprocess.run, ["userdel", owner], check=True)
        master = Master(folder)
        if owners:
            text = master.config.read_text()
            master.config.write_text(text.replace("[server]", f"[server]\njob users = {', '.join(sorted(owners))}"))
        stack.enter_context(master)
        password = secrets.token_hex(12)
        _fill(master, folder, password)
        room = _start(stack, [str(HERE / "picture_room.py"), str(master.config)])
        assert room.stdin is not None
        assert room.stdout is not None
        room.stdin.write(password + "\n")
        room.stdin.flush()
        if room.stdout.readline() != "ready\n":
            raise RuntimeError("the room does not come up")
        for owner, name, niceness, calls in JOBS:
            command = [str(HERE / "picture_jobs.py"), str(master.socket), name, str(niceness), str(calls)]
            _start(stack, command, user=owner if owners else None)
        time.sleep(WARM_UP_SECONDS)
        _act(master)
        yield master.socket


def _start(stack: ExitStack, command: list[str], user: str | None = None) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, user=user, cwd=HERE.parent
    )

    def end() -> None:
        process.kill()
        process.communicate()

    stack.callback(end)
    return process


def _fill(master: Master, folder: Path, password: str) -> None:
    """Accounts, opening hours, and who has sat there in the last weeks."""
    today = datetime.now()
    with ac.Cluster(socket=str(master.socket)) as cluster:
        for day, start, end in WEEK:
            if day != today.weekday():
                cluster.ask("opening add", day=str(day), start=start, end=end)
        cluster.ask("opening add", day=str(today.weekday()), start="00:00", end="24:00")
        for days, spans in ((11, []), (12, []), (18, [("09:00", "13:00")])):
            date = (today + timedelta(days=days)).date().isoformat()
            cluster.ask("opening except", date=date, spans=spans)
        for name, hours, _busy in PEOPLE.values():
            cluster.ask("user add", name=name, password=password, daily_hours=hours, weekly_hours=40.0)
        for name in OTHERS:
            cluster.ask("user add", name=name, password=password, daily_hours=4.0, weekly_hours=20.0)
    with Database(f"sqlite:///{folder}/asyncluster.db") as database:
        for session in _past(today):
            database.call(add_session, session)


def _past(today: datetime) -> Iterator[Session]:
    """Sessions of the last four weeks, but for today."""
    luck = random.Random(4)
    people = [name for name, *_rest in PEOPLE.values()] + list(OTHERS)
    for back in range(1, 28):
        day = today.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=back)
        if day.weekday() > 4:
            continue
        for number, name in enumerate(luck.sample(people, 11)):
            start = round((day + timedelta(hours=luck.uniform(9, 14.5))).timestamp())
            end = start + luck.randrange(1200, 12_000)
            reason = luck.choice([End.LOGOUT, End.LOGOUT, End.LOGOUT, End.TIME])
            yield Session(
                str(uuid.UUID(int=luck.getrandbits(128))), name, f"pc{number + 1:02}", ":0", start, end, end, end,
                ended=end, charged_until=end, confirmed=True, end_reason=reason,
            )  # fmt: skip


def _act(master: Master) -> None:
    """What an operator has just done."""
    with ac.Cluster(socket=str(master.socket)) as cluster:
        cluster.ask("node drain", names=["pc16"])
        cluster.ask("user grant", name="trey", duration="15min")
        cluster.ask("user disable", name="opetrova")

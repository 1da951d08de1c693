"""Who does what: the accounts that keep jobs, logins and the network apart, and whether they can do their parts."""

from __future__ import annotations

import grp
import os
from collections.abc import Iterator
from dataclasses import dataclass

from asyncluster.core.errors import ConfigError
from asyncluster.core.privileges import find_account
from asyncluster.doctor.findings import Finding, ok, problem, warning
from asyncluster.ndm.install import OPERATORS
from asyncluster.ndm.steward.setup import GREETER
from asyncluster.ndm.steward.spawn import User
from asyncluster.ndm.steward.users import NODE_ACCOUNTS, check_runs, first_account

TOPIC = "Accounts"
DAEMON = NODE_ACCOUNTS[0]
JOB_AUTHORS = "asyncluster"
_WORKER_PART = "asyncluster.ndm.worker.loop"


@dataclass(frozen=True)
class Facts:
    """Attributes:
    root: whether the doctor runs as root, and the daemons presumably do at their start.
    daemon, greeter: whether their accounts exist.
    worker: the account that workers will have; "" if none of those configured exists.
    worker_dedicated: whether nothing else runs under it.
    worker_groups: groups that it is in and should not be.
    worker_runs: whether it can execute the interpreter and import the package; None: not tried.
    operators: whether the group of operators exists.
    """

    root: bool
    daemon: bool
    greeter: bool
    worker: str
    worker_dedicated: bool
    worker_groups: tuple[str, ...]
    worker_runs: bool | None
    operators: bool


def look(worker_users: tuple[str, ...], *, node: bool) -> Facts:
    """Asks the user database; as root on a node, also tries whether workers could run."""
    root = os.geteuid() == 0
    worker = _worker(worker_users)
    return Facts(
        root=root,
        daemon=find_account(DAEMON) is not None,
        greeter=find_account(GREETER) is not None,
        worker=worker.name if worker else "",
        worker_dedicated=worker is not None and worker.dedicated,
        worker_groups=_powerful_groups(worker.name) if worker else (),
        worker_runs=_runs(worker) if worker and root and node else None,
        operators=_group(OPERATORS) is not None,
    )


def judge(facts: Facts, *, master: bool, node: bool, displays: bool) -> Iterator[Finding]:
    """What is wrong for the parts that this machine has."""
    if not facts.root:
        yield ok(TOPIC, "Everything runs as you: jobs can do what you can. Root's doctor looks at the accounts.")
        return
    yield from _judge_daemons(facts, master=master, node=node)
    if node:
        yield from _judge_worker(facts)
    if displays and not facts.greeter:
        yield warning(TOPIC, f"There is no account {GREETER} for the login window.", "asyncluster node install")
    if master and not facts.operators:
        yield warning(
            TOPIC,
            f"There is no group {OPERATORS}, so only root can look after people and nodes.",
            "asyncluster master install",
        )


def _judge_daemons(facts: Facts, *, master: bool, node: bool) -> Iterator[Finding]:
    if facts.daemon:
        yield ok(TOPIC, f"The account {DAEMON} is there for what talks to the network.")
        return
    if master:
        yield problem(TOPIC, f"There is no account {DAEMON}, so the master runs as root.", "asyncluster master install")
    elif node:
        yield warning(
            TOPIC,
            f"There is no account {DAEMON}, so the node daemon runs as {NODE_ACCOUNTS[1]}.",
            "asyncluster node install",
        )


def _judge_worker(facts: Facts) -> Iterator[Finding]:
    make = "asyncluster node install, or name another account in [client] worker user"
    if not facts.worker:
        yield problem(TOPIC, "None of the accounts in [client] worker user exists, so no job can run.", make)
        return
    if facts.worker == "root":
        yield problem(TOPIC, "Jobs run as root: whoever may run one owns this machine.", "Set [client] worker user.")
    elif not facts.worker_dedicated:
        yield warning(
            TOPIC,
            f"Jobs run as {facts.worker}, which others use, too: they can disturb each other, and nothing limits the "
            "number of a job's processes.",
            make,
        )
    else:
        yield ok(TOPIC, f"Jobs run as {facts.worker}, an account of their own.")
    for group in facts.worker_groups:
        yield problem(
            TOPIC,
            f"{facts.worker} is in the group {group}, so every job can give orders to the master.",
            f"gpasswd --delete {facts.worker} {group}",
        )
    if facts.worker_runs is False:
        yield problem(
            TOPIC,
            f"{facts.worker} cannot execute this Python, or not read this package, so no job can run.",
            "Install AsynCluster where all can read it (not below /root), with a Python such as /usr/bin/python3.",
        )


def _worker(names: tuple[str, ...]) -> User | None:
    try:
        return first_account(names, "workers")
    except ConfigError:
        return None


def _runs(worker: User) -> bool:
    try:
        check_runs((worker, _WORKER_PART))
    except ConfigError:
        return False
    return True


def _powerful_groups(name: str) -> tuple[str, ...]:
    account = find_account(name)
    groups = [group for group in map(_group, (OPERATORS, JOB_AUTHORS)) if group is not None]
    return tuple(g.gr_name for g in groups if name in g.gr_mem or (account is not None and account.pw_gid == g.gr_gid))


def _group(name: str) -> grp.struct_group | None:
    try:
        return grp.getgrnam(name)
    except KeyError:
        return None

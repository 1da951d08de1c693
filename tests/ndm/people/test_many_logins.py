"""Two hundred logins and logouts in a row: nothing grows, and the greeter is back soon after each."""

from __future__ import annotations

import os
import signal
import statistics
from pathlib import Path

import pytest
from support.unix_people import named, processes_of
from support.waiting import wait_for
from support.workplace import LOGIN_PASSWORD

from asyncluster.ndm.session.group import home

pytestmark = [pytest.mark.root, pytest.mark.faults, pytest.mark.timeout(3600)]

LOGINS = int(os.environ.get("ASYNCLUSTER_TEST_LOGINS", "200"))
SETTLED = 5  # logins after which caches are filled
GREETER_SECONDS = 2.0


def belongings(site) -> dict[str, int]:
    """What could leak, counted while the greeter is up."""
    own = {"steward": site.processes["node"].pid, "node daemon": site.node_daemon()}
    counts = {f"descriptors of the {name}": len(os.listdir(f"/proc/{pid}/fd")) for name, pid in own.items()}
    place = home()
    assert place is not None
    counts["control groups"] = sum(1 for path in place.glob("asyncluster-*") if path.is_dir())
    counts["files of the displays"] = sum(len(list(screen.directory.iterdir())) for screen in site.screens)
    counts["records"] = len(list(Path(f"{site.state}-node").rglob("*.json")))
    for name, pid in own.items():
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        counts[f"children of the {name}"] = len(children)
    return counts


def memory(pid: int) -> int:
    """Resident bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_nothing_grows(site, person):
    account = person("acmany")
    screen = site.screens[0]
    for other in site.screens:
        other.wait_for_greeter()
    before: dict[str, int] = {}
    sizes: dict[str, int] = {}
    waits = []
    for number in range(LOGINS):
        screen.type(account.pw_name, LOGIN_PASSWORD)
        wait_for(lambda: named("openbox", account.pw_uid), f"login {number}")
        os.kill(named("openbox", account.pw_uid), signal.SIGTERM)
        wait_for(lambda: not processes_of(account.pw_uid), f"logout {number}")
        waits.append(screen.wait_for_greeter())
        wait_for(lambda: not list(Path(f"{site.state}-node").rglob("*.json")), "the booking")
        if number == min(SETTLED, LOGINS - 1):
            before = belongings(site)
            sizes = {"steward": memory(site.processes["node"].pid), "node daemon": memory(site.node_daemon())}
    assert belongings(site) == before
    assert memory(site.processes["node"].pid) < 1.2 * sizes["steward"]
    assert memory(site.node_daemon()) < 1.2 * sizes["node daemon"]
    assert len(site.sheet(account.pw_name)) == LOGINS
    assert not Path(f"/run/user/{account.pw_uid}").exists()
    assert statistics.median(waits) < GREETER_SECONDS * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))

"""A node's certificate from its first day to its last, on a clock that runs fast: office, authority and crew."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from twisted.internet.task import Clock

from asyncluster.core.engine.authority import LEAF_DAYS, Authority
from asyncluster.core.engine.office import EngineOffice, Terms
from asyncluster.core.engine.request import make_request
from asyncluster.core.engine.security import dask_security
from asyncluster.core.wire import engine as e
from asyncluster.ndm.engine.crew import Crew, CrewSettings
from asyncluster.ndm.node import instructions as i
from asyncluster.ndm.worker.page import Glance

DAY = 86_400.0


class Node:
    """A crew whose master answers at once."""

    def __init__(self, state: Path) -> None:
        self.now = 0.0
        self.nodes = {"pc01": None}
        self.setups: list[e.EngineSetup] = []
        self.orders: list[tuple[int, str]] = []
        self.workers: list[int] = []
        nobody: Any = None
        self.office = EngineOffice(
            Clock(), Terms(8786, (), (), None, 0), Authority.load(state), nobody, self, lambda _row: None
        )
        self.crew = Crew(CrewSettings(1, "main", 10**9, 10), lambda _worker: Glance(0, 0, None, None), make_request)
        self.crew.connected("pc01", self.now)
        self.crew.engine_at(e.EngineAt(1), self.now)
        self.settle()

    def tell_node(self, _name: str, message: Any) -> None:
        self.crew.passed(message, self.now)

    def announce(self, *_event: Any) -> None:
        """Nobody listens."""

    def until(self, day: float) -> None:
        """Lets time pass, doing what is due when it is due."""
        end = day * DAY
        while (wish := self.crew.tick(self.now)) is not None and wish <= end:
            self.now = max(self.now, wish)
            self.crew.tick(self.now)
            self.settle()
        self.now = end
        self.settle()

    def settle(self) -> None:
        while out := self.crew.take():
            for instruction in out:
                match instruction:
                    case i.ToMaster(message):
                        self.office.from_node("pc01", message)
                    case i.ToWorker(worker, e.EngineSetup() as setup):
                        self.workers.append(worker)
                        self.setups.append(setup)
                        self.crew.ready(worker, self.now)
                    case i.ToWorker(worker, e.EngineOrder(order)):
                        self.orders.append((worker, order))


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_a_node_renews_its_certificate_when_half_of_its_days_are_over(node: Node) -> None:
    node.until(LEAF_DAYS / 2 - 1)
    assert len(node.setups) == 1
    node.until(LEAF_DAYS / 2 + 1)
    assert node.orders == [(node.workers[0], "drain")], "the old worker ends when it can"
    node.crew.exited(node.workers[0], i.Exit(None, 0, ""), node.now)
    node.settle()
    first, second = node.setups
    assert first.key != second.key
    for setup in node.setups:
        found = x509.load_pem_x509_certificate(setup.certificate)
        assert (found.not_valid_after_utc - found.not_valid_before_utc).days == LEAF_DAYS
        arguments = dask_security(setup.authority, setup.certificate, setup.key).get_connection_args("worker")
        assert isinstance(arguments["ssl_context"], ssl.SSLContext), "key and certificate belong together"


def test_it_does_so_for_years_and_no_worker_has_a_certificate_that_is_out_of_date(node: Node) -> None:
    for half in range(1, 25):
        node.until(half * LEAF_DAYS / 2)
        assert len(node.setups) == half, "not earlier"
        node.crew.exited(node.workers[-1], i.Exit(None, 0, ""), node.now)
        node.settle()
        assert len(node.setups) == half + 1, "and not later"


def test_without_its_master_it_waits_and_renews_when_that_is_back(node: Node) -> None:
    node.crew.disconnected()
    node.until(LEAF_DAYS)
    assert len(node.setups) == 1
    node.crew.connected("pc01", node.now)
    node.crew.engine_at(e.EngineAt(1), node.now)
    node.until(LEAF_DAYS + 1)
    node.crew.exited(node.workers[0], i.Exit(None, 0, ""), node.now)
    node.settle()
    assert len(node.setups) == 2

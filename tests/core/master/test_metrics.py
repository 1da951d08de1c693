"""The page that Prometheus reads, of a real master, and what it is made of."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.metrics import Scraped, measured_master
from support.pages import ROOT
from twisted.internet import reactor as installed_reactor
from twisted.internet.testing import MemoryReactor

from asyncluster.core.errors import ConfigError
from asyncluster.core.jobs.records import NodeRecord
from asyncluster.core.master.metrics import door
from asyncluster.core.master.metrics.door import open_door
from asyncluster.core.master.metrics.families import Facts, families
from asyncluster.core.master.metrics.page import MOST_READERS
from asyncluster.core.wire import messages as m

BOARD = ROOT / "resources" / "grafana" / "asyncluster.json"


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    with measured_master(tmp_path_factory.mktemp("master")) as master:
        yield master


def node(name: str, state: str = "run", outstanding: int = 0, trouble: str = "") -> NodeRecord:
    attach = m.Attach(m.PROTOCOL_VERSION, name, 1, "1.0", "3.11", 4, 4, 8_000_000_000, [], "boot", 0)
    return NodeRecord(name, state, 4, outstanding, {}, attach, None, 0.0, trouble)  # type: ignore[arg-type]


def values(facts: Facts) -> dict[str, float]:
    return {
        sample.name + "".join(f"{{{value}}}" for value in sample.labels.values()): sample.value
        for family in families(facts)
        for sample in family.samples
    }


class TestFamilies:
    def test_nothing_is_there_yet(self) -> None:
        found = values(Facts("1.0", [], [], 0, {}, 0, 0, 0.0))
        assert found["asyncluster_build_info{1.0}"] == 1
        assert found["asyncluster_nodes{lost}"] == found["asyncluster_calls_failed_total{crashed}"] == 0

    def test_nodes_are_counted_by_state_and_the_lost_have_no_workers(self) -> None:
        nodes = [node("a", outstanding=9), node("b", "suspend", 1, "hot"), node("c", "lost", 2)]
        found = values(Facts("1.0", nodes, [], 7, {"crashed": 2}, 3, 1, 5.0))
        assert [found[f"asyncluster_nodes{{{state}}}"] for state in ("run", "nice", "suspend", "lost")] == [1, 0, 1, 1]
        assert (found["asyncluster_workers"], found["asyncluster_workers_busy"]) == (8, 5)
        assert found["asyncluster_nodes_in_trouble"] == 1
        assert found["asyncluster_results_total"] == 7
        assert found["asyncluster_calls_failed_total{crashed}"] == 2
        assert found["asyncluster_calls_sent_back_total"] == 3

    def test_the_number_of_series_does_not_grow(self) -> None:
        few, many = ([node(f"pc{number}") for number in range(count)] for count in (1, 500))
        assert len(values(Facts("1", few, [], 0, {}, 0, 0, 0))) == len(values(Facts("1", many, [], 0, {}, 0, 0, 0)))

    def test_no_label_holds_a_name(self) -> None:
        text = repr(list(families(Facts("1", [node("secret-pc")], [], 0, {}, 0, 0, 0))))
        assert "secret-pc" not in text


class TestPage:
    def test_a_scrape(self, master: Scraped) -> None:
        status, kind, text = master.get("/metrics")
        assert (status, kind.partition(";")[0]) == (200, "text/plain")
        found = {family.name for family in text_string_to_metric_families(text)}
        assert {
            "asyncluster_nodes",
            "asyncluster_jobs",
            "asyncluster_sessions",
            "process_resident_memory_bytes",
        } <= found

    def test_the_unix_socket_is_for_the_group(self, master: Scraped) -> None:
        assert master.path.stat().st_mode & 0o007 == 0

    def test_there_is_nothing_else(self, master: Scraped) -> None:
        assert master.get("/")[0] == 404
        assert master.get("/metrics", method="POST")[0] == 405

    @pytest.mark.parametrize("header", ["Content-Length: 1000000000000", "Transfer-Encoding: chunked"])
    def test_who_sends_a_body_is_cut_off(self, master: Scraped, header: str) -> None:
        with master.connect() as link:
            link.sendall(f"POST /metrics HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
            link.settimeout(20)
            try:
                assert b"200" not in link.recv(1000)
            except ConnectionResetError:
                pass
        assert master.get("/metrics")[0] == 200

    def test_few_readers_at_a_time(self, master: Scraped) -> None:
        links = [master.connect() for _ in range(MOST_READERS)]
        try:
            with master.connect() as one_too_many:
                one_too_many.settimeout(20)
                assert one_too_many.recv(1) == b""
        finally:
            for link in links:
                link.close()
        master.wait_for_room()
        assert master.get("/metrics")[0] == 200


def test_the_dashboard_asks_for_figures_that_exist() -> None:
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    asked = {
        name
        for panel in board["panels"]
        for target in panel.get("targets", [])
        for name in re.findall(r"\b(?:asyncluster|process)_\w+", target["expr"])
    }
    shown = {key.partition("{")[0] for key in values(Facts("1", [], [], 0, {}, 0, 0, 0))}
    assert len(asked) > 8
    assert {name for name in asked if name.startswith("asyncluster")} <= shown


def test_the_page_names_every_figure() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    for family in families(Facts("1", [], [], 0, {}, 0, 0, 0)):
        assert f"`{family.samples[0].name}`" in text


class TestDoor:
    def test_a_port_is_open_to_this_machine_only(self) -> None:
        reactor = MemoryReactor()
        open_door(reactor, 9081, None, None)  # type: ignore[arg-type]
        ((port, _factory, _backlog, interface),) = reactor.tcpServers
        assert (port, interface) == (9081, "127.0.0.1")

    def test_a_port_that_is_taken_is_named(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            with pytest.raises(ConfigError, match=f"cannot show metrics on port {taken.getsockname()[1]}"):
                open_door(installed_reactor, taken.getsockname()[1], None, None)  # type: ignore[arg-type]

    def test_without_the_library_it_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(door, "find_spec", lambda _name: None)
        with pytest.raises(ConfigError, match=r"pip install 'asyncluster\[metrics\]'"):
            open_door(MemoryReactor(), 9081, None, None)  # type: ignore[arg-type]

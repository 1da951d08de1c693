from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from asyncluster.core.net.connector import MasterConnector, Standing, master_endpoint, on_this_machine
from asyncluster.core.net.listener import NodeListener
from asyncluster.core.net.pin import MasterPin
from asyncluster.core.wire import limits


class Doorman(Protocol):
    """Lets nobody in."""

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.loseConnection()


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("main", False),
        ("localhost.example.org", False),
        ("", False),
    ],
)
def test_only_loopback_is_this_machine(host: str, here: bool) -> None:
    assert on_this_machine(host) is here


@pytest.mark.parametrize(("host", "patience"), [("127.0.0.1", 0.01), ("10.0.0.1", 0.3)])
def test_on_the_same_machine_a_refusal_is_known_at_once(host: str, patience: float) -> None:
    clock, failures = MemoryReactorClock(), []
    clock.running = True
    master_endpoint(clock, host, 9080).connect(Factory()).addErrback(failures.append)
    ((_host, _port, attempt, _timeout, _bind),) = clock.tcpClients
    attempt.clientConnectionFailed(None, Failure(ConnectionRefusedError()))
    clock.advance(patience * 0.9)
    assert not failures
    clock.advance(patience * 0.2)
    assert [failure.type for failure in failures] == [ConnectionRefusedError]


def test_node_and_master_prove_themselves_and_get_their_links(room: Any) -> None:
    node = room.node()

    assert node.standings == [Standing(True, "Connected to the master.")]
    (at_master,), (at_node,) = room.links, node.links
    assert at_master.peer.user == at_node.peer.user == "test"
    assert at_master.peer.channel == at_node.peer.channel
    assert at_master.peer.address == "10.0.0.2"
    assert at_node.peer.address == "10.0.0.1"


def test_frames_go_both_ways_and_may_be_long_after_the_login(room: Any) -> None:
    node = room.node()
    long = b"x" * limits.FRAME

    node.link.link.send([b"one", long])
    room.links[0].link.send(b"two")
    room.settle()

    assert room.links[0].heard == [b"one", long]
    assert node.link.heard == [b"two"]


def test_the_masters_first_frames_may_arrive_together_with_its_welcome(room: Any) -> None:
    first = [b"at once", b"y" * 100_000]
    make_link = room.listener.make_link

    def eager(peer: Any) -> Any:
        handler = make_link(peer)
        handler.connected = lambda link: link.send(first)
        return handler

    room.listener.make_link = eager
    node = room.node()

    assert node.link.heard == first


def test_a_link_outlives_the_deadlines_of_its_login(room: Any) -> None:
    node = room.node()
    room.settle(2 * limits.LOGIN_SECONDS)
    assert [standing.connected for standing in node.standings] == [True]
    assert room.links[0].events == node.link.events == ["connected"]


def test_each_connection_has_a_channel_of_its_own(room: Any) -> None:
    first, second = room.node(), room.node(host="10.0.0.3")
    assert first.link.peer.channel != second.link.peer.channel


def test_a_node_waits_longer_and_longer_for_a_master_that_is_not_there(room: Any) -> None:
    node = room.node()
    node.endpoint.factory = None
    node.endpoint.ends[0].vanish(ConnectionError())
    room.settle(150)

    waits = [standing.retry_in for standing in node.standings[1:]]
    assert waits[:29] == [0.125, 0.25, 0.5, *[1] * 20, 2, 4, 8, 15, 15, 15]
    assert {standing.words for standing in node.standings[2:]} == {"The master cannot be reached."}


def test_a_node_comes_back_to_a_master_that_returns(room: Any) -> None:
    node = room.node()
    room.links[0].link.abort("test")
    room.settle(1)

    assert [standing.connected for standing in node.standings] == [True, False, True]
    assert node.links[0].events == ["connected", "lost: connection lost"]
    assert node.links[1].events == ["connected"]


def test_waits_start_anew_only_after_a_connection_that_lasted(room: Any) -> None:
    node = room.node()
    for _ in range(3):
        room.links[-1].link.abort("test")
        room.settle(10)
    room.settle(limits.RECONNECT_RESET_SECONDS)
    room.links[-1].link.abort("test")
    room.settle(1)

    assert [standing.retry_in for standing in node.standings if not standing.connected] == [0.125, 0.25, 0.5, 0.125]


def test_a_stopped_node_tells_its_handler_and_tries_no_more(room: Any) -> None:
    node = room.node()
    node.connector.stop()
    room.settle(200)

    assert node.link.events == ["connected", "lost: the node stops"]
    assert len(node.endpoint.attempts) == 1


def test_a_node_that_waits_can_be_stopped(room: Any) -> None:
    node = room.node()
    node.endpoint.factory = None
    room.links[0].link.abort("test")
    room.settle()
    node.connector.stop()
    room.settle(200)

    assert len(node.endpoint.attempts) == 1


def test_a_master_that_never_answers_is_given_up_and_tried_again(room: Any, silent_factory: Any) -> None:
    node = room.node(factory=silent_factory)
    room.settle(limits.LOGIN_SECONDS)

    assert node.standing.words == "The connection to the master is lost: the master did not answer in time."


def test_a_node_that_is_turned_away_is_told_of_the_subnets(room: Any) -> None:
    node = room.node(factory=Factory.forProtocol(Doorman))

    assert node.standing.words == (
        "The connection to the master is lost: the master ended it at once, as it does with addresses that are not in "
        "its subnets."
    )
    assert node.standing.retry_in > 0


def test_a_changed_key_is_trusted_loudly(room: Any, log: Any, other_master_key: Any) -> None:
    node = room.node()
    room.master_key = other_master_key
    node.endpoint.factory = room.make_listener().factory
    node.endpoint.ends[0].vanish(ConnectionError())
    room.settle(1)

    assert node.standing.connected
    assert [event["log_level"].name for event in log if "KEY HAS CHANGED" in event.get("log_format", "")] == ["warn"]
    assert (room.folder / "10.0.0.2.pin").read_text().strip() == other_master_key.fingerprint


def test_a_changed_key_is_refused_if_strict_and_hears_nothing(room: Any, other_master_key: Any) -> None:
    node = room.node(strict=True)
    assert node.standing.connected
    room.master_key = other_master_key
    node.endpoint.factory = room.make_listener().factory
    node.endpoint.ends[0].vanish(ConnectionError())
    room.settle(1)

    assert node.standing == Standing(
        False, "This node refuses the master, whose key has changed; see the node's log.", 60.0
    )
    assert len(room.links) == 1
    assert (room.folder / "10.0.0.2.pin").read_text().strip() != other_master_key.fingerprint


def test_a_master_is_found_by_name_on_a_real_network(
    reactor_thread: Any, room: Any, keys: Any, tmp_path: Path, handler: Any, other_handler: Any
) -> None:
    reactor, standings = reactor_thread.reactor, []
    subnets = [ipaddress.ip_network(each) for each in ("127.0.0.0/8", "::1")]
    listener = NodeListener(reactor, keys(), room.master_key, subnets, lambda _peer: other_handler)
    port = reactor_thread.call(listener.listen, reactor, 0)[0]
    endpoint = master_endpoint(reactor, "localhost", port)
    pin = MasterPin(tmp_path / "master.pin", strict=True)
    connector = MasterConnector(reactor, endpoint, keys(), lambda _peer: handler, pin, standings.append)

    reactor_thread.call(connector.start)
    reactor_thread.wait_until(lambda: handler.events and other_handler.events)
    reactor_thread.call(handler.link.send, b"x" * 500_000)
    reactor_thread.wait_until(lambda: other_handler.heard)
    reactor_thread.call(connector.stop)
    reactor_thread.wait_until(lambda: len(handler.events) == len(other_handler.events) == 2)
    reactor_thread.call(listener.close)

    assert standings == [Standing(True, "Connected to the master.")]
    assert handler.events == ["connected", "lost: the node stops"]


def test_stopping_while_it_still_looks_for_the_master(
    reactor_thread: Any, keys: Any, tmp_path: Path, handler: Any
) -> None:
    reactor, standings = reactor_thread.reactor, []
    endpoint = master_endpoint(reactor, "localhost", 1)
    pin = MasterPin(tmp_path / "master.pin", strict=True)
    connector = MasterConnector(reactor, endpoint, keys(), lambda _peer: handler, pin, standings.append)

    def start_and_stop() -> None:
        connector.start()
        connector.stop()

    reactor_thread.call(start_and_stop)
    reactor_thread.wait_until(lambda: connector._connecting is None)
    assert standings == []

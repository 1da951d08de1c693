from __future__ import annotations

import socket
from typing import Any

import pytest

from asyncluster.core.net.turns import OneByOne
from asyncluster.core.wire import limits


def refusals(log: Any) -> list[tuple[str, str]]:
    return [(event["address"], event["why"]) for event in log if "why" in event]


# --- Who comes in ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subnets", "host", "welcome"),
    [
        (("10.0.0.0/8",), "10.1.2.3", True),
        (("10.0.0.0/8",), "11.1.2.3", False),
        (("10.0.0.0/8",), "::ffff:10.1.2.3", True),
        (("10.0.0.0/8",), "::ffff:11.1.2.3", False),
        (("2001:db8::/32",), "2001:db8::5", True),
        (("2001:db8::/32",), "2001:db9::5", False),
        (("fe80::/10",), "fe80::1%eth0", True),
        ((), "10.0.0.1", False),
    ],
)
def test_only_addresses_of_the_subnets_come_in(room: Any, subnets: Any, host: str, welcome: bool) -> None:
    room.make_listener(subnets=subnets)
    node = room.node(host=host)
    assert node.standing.connected is welcome
    if not welcome:
        assert node.standing.words == "The master cannot be reached."  # closed at accept, before a byte of TLS


def test_a_node_behind_a_mapped_address_is_named_by_its_ipv4_address(room: Any) -> None:
    room.node(host="::ffff:10.1.2.3")
    assert room.links[0].peer.address == "10.1.2.3"


def test_one_address_has_few_places_before_login_and_any_number_after(room: Any) -> None:
    room.make_listener(per_address=2)
    for _ in range(3):
        assert room.node(host="10.0.0.7").standing.connected
    silent = [room.silent("10.0.0.7") for _ in range(3)]
    assert [each.alive for each in silent] == [True, True, False]
    assert room.node(host="10.0.0.8").standing.connected


def test_loopback_has_as_many_places_as_there_are(room: Any) -> None:
    room.make_listener(subnets=("127.0.0.1/32",), per_address=2)
    assert all(room.silent("127.0.0.1").alive for _ in range(20))


def test_who_has_been_silent_longest_makes_room(room: Any) -> None:
    room.make_listener(total=3)
    silent = [room.silent(f"10.0.1.{number}") for number in range(3)]
    assert room.node().standing.connected
    assert [each.alive for each in silent] == [False, True, True]


def test_who_has_begun_to_log_in_does_not_make_room(room: Any, keys: Any) -> None:
    room.make_listener(total=1)
    stranger = room.stranger()
    stranger.link.send(stranger.login(keys()).start().body)
    room.settle()
    assert room.node().standing.words == "The master cannot be reached."
    assert stranger.alive


def test_honest_nodes_log_in_while_every_place_is_taken_by_the_silent(room: Any) -> None:
    room.make_listener(total=400)
    silent = [room.silent(f"10.1.{number // 16}.{number % 16}") for number in range(400)]
    assert all(each.alive for each in silent)
    for number in range(5):
        assert room.node(host=f"10.2.0.{number}").standing.connected
    # One had to go; each node gave back its place when it had logged in.
    assert [each.alive for each in silent] == [False] + [True] * 399


def test_there_is_a_largest_number_of_nodes(room: Any, monkeypatch: pytest.MonkeyPatch, log: Any) -> None:
    monkeypatch.setattr(limits, "NODES", 2)
    first, _second, third = (room.node(host=f"10.0.0.{number}") for number in range(2, 5))
    assert not third.standing.connected
    assert len(room.links) == 2
    assert refusals(log) == [("10.0.0.4", "too many nodes")]
    first.connector.stop()
    room.settle(60)
    assert third.standing.connected


# --- What it costs to be slow --------------------------------------------------------------------------------


def test_silent_connections_are_reaped_after_ten_seconds(room: Any) -> None:
    before_tls, after_tls = room.silent("10.0.0.5"), room.stranger()
    room.settle(limits.LOGIN_STEP_SECONDS - 1)
    assert before_tls.alive
    assert after_tls.alive
    room.settle(1)
    assert not before_tls.alive
    assert not after_tls.alive


def test_a_byte_a_second_is_silence(room: Any, keys: Any) -> None:
    stranger = room.stranger()
    hello = stranger.login(keys()).start().body
    for byte in len(hello).to_bytes(4, "big") + hello:
        stranger.transport.write(bytes([byte]))
        room.settle(1)
    assert not stranger.alive
    assert stranger.heard == []


def test_a_login_may_wait_longer_while_the_master_is_busy_but_not_for_ever(
    room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OneByOne, "idle", property(lambda _queue: False))
    stranger = room.stranger()
    room.settle(limits.LOGIN_SECONDS - 1)
    assert stranger.alive
    room.settle(1)
    assert not stranger.alive


def test_a_step_every_nine_seconds_comes_to_its_end(room: Any, keys: Any) -> None:
    stranger = room.stranger()
    login = stranger.login(keys())
    room.settle(9)
    stranger.link.send(login.start().body)
    room.settle(9)
    (proof,) = login.receive(stranger.heard[-1])
    stranger.link.send(proof.body)
    room.settle(9)
    assert stranger.alive
    (trust,) = login.receive(stranger.heard[-1])
    stranger.link.send(trust.body)
    room.settle()
    assert len(room.links) == 1


# --- What it costs to fail -----------------------------------------------------------------------------------


def guess(room: Any, keys: Any, host: str = "10.0.0.66") -> Any:
    """Somebody who guesses the client password, up to the guess itself."""
    stranger = room.stranger(host)
    login = stranger.login(keys(client="a guess"))
    stranger.link.send(login.start().body)
    room.settle()
    for event in login.receive(stranger.heard[-1]) if stranger.heard else []:
        stranger.link.send(event.body)
    room.settle()
    return stranger


def test_after_five_failures_the_next_guess_waits_ten_seconds(room: Any, keys: Any) -> None:
    assert [guess(room, keys).heard[-1] for _ in range(5)] == [b"\x05\x01"] * 5
    sixth = guess(room, keys)
    assert sixth.heard == []
    room.settle(9)
    assert sixth.heard == []
    room.settle(1)
    assert len(sixth.heard) == 1


def test_nobody_else_waits_for_those_who_fail(room: Any, keys: Any) -> None:
    for _ in range(8):
        guess(room, keys)
    assert room.node(host="10.0.0.67").standing.connected


def test_logins_that_succeed_never_wait(room: Any) -> None:
    for number in range(20):
        assert room.node(host="10.0.0.5").standing.connected, number
    assert room.clock.seconds() == 0


def test_a_login_that_is_broken_off_after_the_guess_was_looked_at_counts_as_failed(room: Any, keys: Any) -> None:
    for _ in range(5):
        stranger = room.stranger()
        stranger.link.send(stranger.login(keys()).start().body)
        room.settle()
        stranger.link.abort("enough")
        room.settle()
    assert guess(room, keys).heard == []


def test_connections_without_a_guess_cost_nobody_a_failure(room: Any) -> None:
    for _ in range(20):
        room.stranger("10.0.0.5").link.abort("enough")
        room.settle()
    assert room.node(host="10.0.0.5").standing.connected


def test_who_waits_for_the_throttle_and_goes_leaves_nothing_behind(room: Any, keys: Any) -> None:
    for _ in range(5):
        guess(room, keys)
    sixth = guess(room, keys)
    sixth.link.abort("enough")
    room.settle(20)
    assert room.node(host="10.0.0.66").standing.connected


def test_the_log_has_one_line_a_minute_for_each_address(room: Any, keys: Any, log: Any) -> None:
    for _ in range(4):
        guess(room, keys)
    guess(room, keys, "10.0.0.67")
    room.settle(limits.LOGIN_LOG_SECONDS)
    guess(room, keys)
    wrong = "the node's user or client password is wrong"
    assert refusals(log) == [("10.0.0.66", wrong), ("10.0.0.67", wrong), ("10.0.0.66", wrong)]


def test_nor_do_breaches_of_strangers_fill_it_or_choose_its_words(room: Any, log: Any) -> None:
    for number in range(10):
        room.stranger().transport.write((10_000 + number).to_bytes(4, "big"))
        room.settle()
    assert refusals(log) == [("10.0.0.66", "the other end broke the protocol")]
    assert len(log) == 1


def test_strangers_outside_the_subnets_cannot_fill_the_log_either(room: Any, log: Any) -> None:
    for _ in range(10):
        room.silent("99.0.0.1")
    assert refusals(log) == [("99.0.0.1", "not let in")]


# --- What can run code exists only after the login ---------------------------------------------------------


def test_the_handler_is_made_with_the_last_step_and_not_before(room: Any, keys: Any) -> None:
    stranger = room.stranger()
    login = stranger.login(keys())
    stranger.link.send(login.start().body)
    room.settle()
    for _ in range(2):
        assert room.links == []
        (event,) = login.receive(stranger.heard[-1])
        stranger.link.send(event.body)
        room.settle()
    assert len(room.links) == 1
    assert stranger.heard[-1][0] == 8


def test_a_handler_that_cannot_be_made_ends_the_connection(room: Any) -> None:
    def broken(peer: Any) -> Any:
        raise RuntimeError("a bug")

    room.listener.make_link = broken
    with pytest.raises(RuntimeError, match="a bug"):  # with a real reactor it is logged
        room.node()
    room.settle()
    assert room.nodes[0].links == []
    assert room.nodes[0].standing.words == "The connection to the master is lost: connection lost."


def test_closing_drops_everybody(room: Any) -> None:
    node, stranger, silent = room.node(), room.stranger(), room.silent("10.0.0.9")
    room.listener.close()
    room.settle()
    assert room.links[0].events == ["connected", "lost: the master stops"]
    assert not stranger.alive
    assert not silent.alive
    assert not node.standing.connected


def test_it_listens_on_real_ports_of_both_families(room: Any, reactor_thread: Any) -> None:
    (port,) = reactor_thread.call(room.listener.listen, reactor_thread.reactor, 0)
    try:
        for host in ("127.0.0.1", "::1") if socket.has_ipv6 else ("127.0.0.1",):
            with socket.create_connection((host, port), timeout=5) as connection:
                assert connection.recv(1) == b""  # loopback is in no subnet of this room
    finally:
        reactor_thread.call(room.listener.close)

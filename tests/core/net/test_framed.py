from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.error import ConnectionLost

from asyncluster.core.errors import ProtocolError
from asyncluster.core.net.framed import PACE, FramedProtocol
from asyncluster.core.wire import limits
from asyncluster.core.wire.framing import frame

HEARTBEAT = frame(b"")


class Pair:
    """Two links that are each other's peers, with handlers that write down what they hear."""

    def __init__(self, network: Any, near: Any, far: Any, **options: Any) -> None:
        self.network = network
        self.near_handler, self.far_handler = near, far
        self.reasons: list[str] = []
        self.near = FramedProtocol(network.clock, near, after_lost=self.reasons.append, **options)
        self.far = FramedProtocol(network.clock, far, **options)
        self.near_end, self.far_end = network.connect(self.near, self.far)


@pytest.fixture
def pair(network: Any, handler: Any, other_handler: Any) -> Pair:
    return Pair(network, handler, other_handler)


@pytest.fixture
def live_pair(network: Any, handler: Any, other_handler: Any) -> Pair:
    return Pair(network, handler, other_handler, heartbeat=True)


# --- Sending -----------------------------------------------------------------------------------------------------


def test_handlers_hear_of_their_link_and_of_its_frames(pair: Pair) -> None:
    pair.near.send(b"one")
    pair.near.send([b"two", b"three"])
    pair.network.settle()
    assert pair.far_handler.heard == [b"one", b"two", b"three"]
    assert pair.near_handler.events == pair.far_handler.events == ["connected"]
    assert pair.near_handler.link is pair.near
    assert (pair.near.address, pair.far.address) == ("10.0.0.1", "10.0.0.2")


def test_a_frame_leaves_at_once_and_those_close_behind_it_together(pair: Pair) -> None:
    for body in (b"1", b"2", b"3"):
        pair.near.send(body)
    assert pair.near_end.writes == [frame(b"1")]
    pair.network.settle()
    assert pair.near_end.writes[1:] == [frame(b"2") + frame(b"3")]
    pair.network.clock.advance(PACE)
    pair.near.send(b"4")
    assert pair.near_end.writes[2:] == [frame(b"4")]


def test_several_frames_given_at_once_leave_in_one_write(pair: Pair) -> None:
    pair.near.send([b"1", b"2"])
    assert pair.near_end.writes == [frame(b"1") + frame(b"2")]


def test_a_long_turn_does_not_pile_up(pair: Pair) -> None:
    for _ in range(4):
        pair.near.send(b"x" * 60_000)
    assert [len(data) for data in pair.near_end.writes] == [60_004, 3 * 60_004]
    pair.network.settle()
    assert len(pair.far_handler.heard) == 4


def test_what_has_arrived_can_be_sent_on_as_it_is(pair: Pair) -> None:
    pair.far_handler.frames = lambda bodies: (pair.far.send(bodies), pair.far.send(bodies[0]))
    pair.near.send([b"one", b"two"])
    pair.network.settle()
    assert pair.near_handler.heard == [b"one", b"two", b"one"]


def test_empty_bodies_are_heartbeats_and_nobody_hears_them(pair: Pair) -> None:
    pair.near.send([b"", b"x", b""])
    pair.network.settle()
    assert pair.far_handler.heard == [b"x"]


@pytest.mark.parametrize("bodies", [b"x" * (limits.FRAME + 1), [b"fits", b"x" * (limits.FRAME + 1)]])
def test_a_frame_over_the_limit_is_the_senders_mistake(pair: Pair, bodies: Any) -> None:
    with pytest.raises(ProtocolError, match="over the limit"):
        pair.near.send(bodies)
    pair.network.settle()
    assert pair.near_end.writes == []


def test_frames_sent_while_frames_arrive_keep_their_order(pair: Pair) -> None:
    pair.far_handler.frames = lambda bodies: [pair.far.send(bytes(body)) for body in bodies]
    for number in range(100):
        pair.near.send(b"%d" % number)
    pair.network.settle()
    assert pair.near_handler.heard == [b"%d" % number for number in range(100)]


# --- Backpressure ------------------------------------------------------------------------------------------------


def test_a_peer_that_does_not_read_pauses_the_sender_and_loses_nothing(pair: Pair) -> None:
    pair.near_end.block()
    sent = 0
    while not pair.near.paused:
        pair.near.send(b"%8d" % sent + b"x" * 200_000)
        sent += 1
    assert pair.near_handler.events == ["connected", "paused"]
    assert limits.UNREAD_OUTPUT <= pair.near.waiting < limits.UNREAD_OUTPUT + 300_000
    pair.near_end.unblock()
    pair.network.settle()
    assert pair.near_handler.events == ["connected", "paused", "resumed"]
    assert not pair.near.paused
    assert pair.near.waiting == 0
    assert [int(body[:8]) for body in pair.far_handler.heard] == list(range(sent))


def test_the_sender_hears_resumed_at_half_and_may_send_again_from_there(
    network: Any, handler: Any, other_handler: Any
) -> None:
    pair = Pair(network, handler, other_handler, unread_limit=1_000_000)
    waiting_at_resume = []

    def resumed() -> None:
        waiting_at_resume.append(pair.near.waiting)
        pair.near.send(b"more")

    handler.resumed = resumed
    pair.near_end.block()
    for _ in range(12):
        pair.near.send(b"x" * 100_000)
    assert pair.near.paused
    pair.near_end.unblock()
    network.settle()
    (waiting,) = waiting_at_resume
    assert 300_000 < waiting <= 500_000
    assert other_handler.heard[-1] == b"more"


def test_what_a_link_stopped_to_read_waits_at_the_sender(pair: Pair) -> None:
    pair.far.stop_reading()
    pair.near.send(b"x")
    pair.network.settle(100)
    assert pair.far_handler.heard == []
    pair.far.start_reading()
    pair.network.settle()
    assert pair.far_handler.heard == [b"x"]


def test_a_peer_that_takes_nothing_for_a_minute_is_dropped(pair: Pair) -> None:
    pair.near_end.block()
    pair.near.send(b"x" * 100_000)
    pair.near.send(b"x" * 100_000)
    pair.network.settle(limits.STUCK_SECONDS - 1)
    assert pair.near_handler.events == ["connected"]
    pair.network.settle(10)
    assert pair.near_handler.events == ["connected", "lost: the other end does not read"]


def test_a_peer_that_reads_slowly_is_not_dropped(pair: Pair) -> None:
    pair.near_end.block()
    for _ in range(20):
        pair.near.send(b"x" * 100_000)
    for _ in range(10):
        pair.network.settle(limits.STUCK_SECONDS - 10)
        pair.near_end.unblock()
        pair.network.clock.advance(0)
        pair.near_end.block()
        pair.near.send(b"x" * 300_000)
    assert pair.near_handler.events == ["connected"]


def test_a_transport_that_asks_for_more_from_within_a_write_is_not_written_to_from_within_it(pair: Pair) -> None:
    """So a kernel that takes all at once costs no recursion."""
    pair.near_end.block()
    for _ in range(20):
        pair.near.send(b"x" * 100_000)
    depths, depth = [], 0

    def write(data: bytes) -> None:
        nonlocal depth
        depth += 1
        depths.append(depth)
        pair.near.pauseProducing()
        pair.near.resumeProducing()
        depth -= 1

    pair.near_end.write = write
    pair.near_end.unblock()
    pair.network.settle()
    assert set(depths) == {1}
    assert pair.near.waiting == 0


# --- Life and death ------------------------------------------------------------------------------------------


def test_a_link_with_nothing_to_say_sends_heartbeats(live_pair: Pair) -> None:
    live_pair.network.settle(16)
    assert live_pair.near_end.writes == [HEARTBEAT] * 3
    live_pair.network.settle(300)
    assert live_pair.near_handler.events == live_pair.far_handler.events == ["connected"]
    assert live_pair.far_handler.heard == []


def test_a_local_link_sends_none_and_may_be_silent_for_ever(pair: Pair) -> None:
    pair.network.settle(1000)
    assert pair.near_end.writes == []
    assert pair.near_handler.events == ["connected"]


def test_a_silent_peer_is_dead_after_fifteen_to_twenty_seconds(live_pair: Pair) -> None:
    live_pair.network.settle(6)  # the last heartbeat came after 5 s
    live_pair.far_end.block()
    live_pair.network.settle(13.5)
    assert live_pair.near_handler.events == ["connected"]
    live_pair.network.settle(6)
    assert live_pair.near_handler.events == ["connected", "lost: the other end has been silent for too long"]


def test_our_own_sleep_is_not_the_peers_silence(live_pair: Pair) -> None:
    for _ in range(5):
        live_pair.network.clock.advance(1000)
        live_pair.network.settle()
    assert live_pair.near_handler.events == ["connected"]


def test_who_does_not_read_does_not_call_the_other_one_silent(live_pair: Pair) -> None:
    live_pair.near.stop_reading()
    live_pair.network.settle(40)
    live_pair.near.start_reading()
    live_pair.network.settle(40)
    assert live_pair.near_handler.events == ["connected"]


def test_a_stuck_link_piles_up_no_heartbeats(live_pair: Pair) -> None:
    live_pair.near_end.block()
    live_pair.near.send(b"x" * 100_000)
    live_pair.near.send(b"x" * 100_000)
    live_pair.network.settle()
    before = live_pair.near.waiting
    live_pair.network.settle(14)
    assert live_pair.near.waiting == before > 0


# --- Endings ---------------------------------------------------------------------------------------------------


def test_closing_sends_what_waits(pair: Pair) -> None:
    for _ in range(30):
        pair.near.send(b"x" * 100_000)
    pair.near.close()
    pair.near.send(b"too late")
    pair.network.settle()
    assert len(pair.far_handler.heard) == 30
    assert pair.near_handler.events == pair.far_handler.events == ["connected", "lost: closed"]
    assert pair.reasons == ["closed"]


def test_closing_does_not_wait_for_ever(pair: Pair) -> None:
    pair.near_end.block()
    pair.near.send(b"x" * 100_000)
    pair.near.close()
    pair.network.settle(limits.CLOSE_SECONDS)
    assert pair.near_handler.events == ["connected", "lost: closed"]


def test_abort_tells_its_reason_once_and_later_the_other_end_loses_the_connection(pair: Pair) -> None:
    pair.near.abort("a reason")
    pair.near.abort("another")
    assert pair.near_handler.events == ["connected"]
    pair.network.settle()
    pair.near.abort("too late")
    pair.near.close()
    pair.near.send(b"too late")
    pair.near.stop_reading()
    pair.near.start_reading()
    pair.network.settle(100)
    assert pair.near_handler.events == ["connected", "lost: a reason"]
    assert pair.far_handler.events == ["connected", "lost: connection lost"]
    assert pair.reasons == ["a reason"]
    assert pair.network.clock.getDelayedCalls() == []


def test_nothing_is_heard_after_an_abort(pair: Pair) -> None:
    pair.far.send([b"1", b"2"])
    pair.near.abort("a reason")
    pair.near.dataReceived(frame(b"3"))
    pair.network.settle()
    assert pair.near_handler.heard == []


def test_a_lost_connection_is_told(pair: Pair) -> None:
    pair.near_end.vanish(ConnectionLost())
    assert pair.near_handler.events == ["connected", "lost: connection lost"]


def test_a_frame_that_announces_too_much_ends_the_connection_before_it_is_read(pair: Pair, log: Any) -> None:
    pair.near_end.write((2**31).to_bytes(4, "big"))
    pair.network.settle()
    assert pair.far_handler.events == ["connected", "lost: the other end broke the protocol"]
    (event,) = log
    assert (event["log_level"].name, event["address"]) == ("warn", "10.0.0.2")


def test_what_a_handler_calls_a_breach_ends_the_connection(pair: Pair, log: Any) -> None:
    def breach(bodies: Any) -> None:
        raise ProtocolError("Not so.")

    pair.far_handler.frames = breach
    pair.near.send(b"x")
    pair.network.settle()
    assert pair.far_handler.events == ["connected", "lost: the other end broke the protocol"]
    assert [event["error"] for event in log] == ["Not so."]


def test_another_handler_takes_over(pair: Pair, handler: Any) -> None:
    later = type(handler)()
    pair.far.replace_handler(later, heartbeat=False)
    pair.near.send(b"x")
    pair.network.settle()
    assert (pair.far_handler.heard, later.heard) == ([], [b"x"])
    pair.far.abort("a reason")
    pair.network.settle()
    assert (pair.far_handler.events, later.events) == (["connected"], ["connected", "lost: a reason"])


def test_the_limit_on_frames_may_rise_while_the_link_lives(network: Any, handler: Any, other_handler: Any) -> None:
    pair = Pair(network, handler, other_handler, max_frame=10)
    pair.far.max_frame = pair.near.max_frame = 20
    pair.near.send(b"x" * 20)
    network.settle()
    assert other_handler.heard == [b"x" * 20]

"""The login's two machines against each other, against liars, and against noise."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spake2 import SPAKE2_A, SPAKE2_B, ed25519_basic
from support.logins import EXPORTER, KEYS, Run, log_in, make_keys, master_of

from asyncluster.core.wire import limits
from asyncluster.core.wire.login import LoginDone, LoginRefused, Refusal, Send
from asyncluster.core.wire.masterlogin import MasterLogin
from asyncluster.core.wire.nodelogin import NodeLogin
from asyncluster.core.wire.passwords import LoginKeys, MasterSide, NodeSide

MALFORMED = [LoginRefused(Refusal.MALFORMED)]
ZERO = (1).to_bytes(32, "little")  # the neutral point
ORDER_2 = (2**255 - 20).to_bytes(32, "little")
ORDER_4 = bytes(32)
ORDER_8 = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
OFF_CURVE = (2).to_bytes(32, "little")


def test_both_ends_agree() -> None:
    result = log_in()
    assert isinstance(result.node_end, LoginDone)
    assert result.node_end == result.master_end
    assert result.node_end.user == "test"
    assert [body[0] for body in result.said] == [1, 2, 3, 4, 6, 8]
    assert max(map(len, result.said)) <= limits.LOGIN_FRAME


def test_the_longest_user_fits_into_a_frame_of_the_login() -> None:
    assert len(NodeLogin(make_keys(user="x" * 128), EXPORTER).start().body) <= limits.LOGIN_FRAME


def test_nothing_said_repeats_in_another_login() -> None:
    assert not set(log_in().said[:4]) & set(log_in().said[:4])


@pytest.mark.parametrize(
    ("node_keys", "reason"),
    [
        (make_keys(client="wrong"), Refusal.CLIENT),
        (make_keys(server="wrong"), Refusal.SERVER),
        (make_keys(client="wrong", server="wrong too"), Refusal.CLIENT),
        (make_keys(client="server password", server="client password"), Refusal.CLIENT),
        (make_keys(user="stranger"), Refusal.CLIENT),
        (make_keys(user="TEST"), Refusal.CLIENT),
    ],
    ids=["client password", "server password", "both", "swapped", "unknown user", "user's case"],
)
def test_wrong_words_are_refused_and_both_ends_know_why(node_keys: LoginKeys, reason: Refusal) -> None:
    result = log_in(node_keys)
    assert result.node_end == LoginRefused(reason)
    assert result.master_end == LoginRefused(reason)


def test_an_unknown_user_hears_what_a_wrong_password_hears() -> None:
    unknown, wrong = log_in(make_keys(user="nobody")), log_in(make_keys(client="wrong"))
    assert [len(body) for body in unknown.said[1:]] == [len(body) for body in wrong.said[1:]]
    assert unknown.said[-1] == wrong.said[-1]


def test_an_unknown_user_costs_the_master_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    products: list[str] = []
    for kind in (ed25519_basic.Element, ed25519_basic.ElementOfUnknownGroup):

        def counting(
            point: object, scalar: int, original: Callable = kind.scalarmult, name: str = kind.__name__
        ) -> object:
            products.append(name)
            return original(point, scalar)

        monkeypatch.setattr(kind, "scalarmult", counting)

    def work(node_keys: LoginKeys) -> list[str]:
        products.clear()
        log_in(node_keys)
        return products.copy()

    nobody, wrong = make_keys(user="nobody"), make_keys(client="wrong")
    assert work(nobody) == work(wrong) != []


def test_the_second_password_is_touched_only_for_a_node_that_proved_the_first() -> None:
    def master_without_it() -> MasterLogin:
        keys = make_keys()
        master = master_of(keys)
        del keys.server
        return master

    wrong = NodeLogin(make_keys(client="wrong"), EXPORTER)
    assert Run(wrong, master_without_it()).master_end == LoginRefused(Refusal.CLIENT)
    with pytest.raises(AttributeError):
        Run(NodeLogin(KEYS, EXPORTER), master_without_it())


def test_a_relay_between_two_channels_is_refused() -> None:
    result = log_in(master_exporter=b"F" * 32)
    assert result.node_end == result.master_end == LoginRefused(Refusal.CLIENT)


def test_a_relay_that_knows_the_client_password_still_cannot_pose_as_the_master() -> None:
    """The worst relay: it logs in to the master itself and passes the master's own proof on to the node."""
    master, impostor, node = master_of(exporter=b"F" * 32), NodeLogin(KEYS, b"F" * 32), NodeLogin(KEYS, EXPORTER)
    pretender = master_of(make_keys(server="unknown to it"))
    (answer,) = pretender.receive(node.start().body)
    (proof,) = node.receive(answer.body)
    assert pretender.receive(proof.body)
    (true_answer,) = master.receive(impostor.start().body)
    (true_proof,) = impostor.receive(true_answer.body)
    (reverse,) = master.receive(true_proof.body)
    assert node.receive(reverse.body)[-1] == LoginRefused(Refusal.SERVER)


def test_reflected_frames_are_refused() -> None:
    node = NodeLogin(KEYS, EXPORTER)
    first = node.start().body
    assert node.receive(first) == MALFORMED

    node = NodeLogin(KEYS, EXPORTER)
    point = node.start().body[2:35]
    assert node.receive(b"\x02" + point) == MALFORMED
    node = NodeLogin(KEYS, EXPORTER)
    point = node.start().body[2:35]
    assert node.receive(b"\x02B" + point[1:]) == MALFORMED


def test_a_master_that_skips_its_proof_is_refused() -> None:
    for skipped in (b"\x08", b"\x04" + bytes(65), b"\x04", b"\x06", b""):
        node, master = NodeLogin(KEYS, EXPORTER), master_of()
        (answer,) = master.receive(node.start().body)
        assert isinstance(node.receive(answer.body)[0], Send)
        events = node.receive(skipped)
        assert events[-1] == LoginRefused(Refusal.MALFORMED)
        assert not node.trusts


def test_a_master_with_a_proof_of_something_else_is_told_and_left() -> None:
    def forge(number: int, body: bytes) -> bytes:
        return body[:-1] + bytes([body[-1] ^ 1]) if number == 4 else body

    result = log_in(carry=forge)
    assert result.said[-1] == b"\x07"
    assert result.node_end == result.master_end == LoginRefused(Refusal.SERVER)


def test_a_node_trusts_only_after_the_masters_proof_and_is_done_only_after_its_welcome() -> None:
    node, master = NodeLogin(KEYS, EXPORTER), master_of()
    (answer,) = master.receive(node.start().body)
    (proof,) = node.receive(answer.body)
    assert not master.proved
    (reverse,) = master.receive(proof.body)
    assert master.proved
    assert not node.trusts
    (trust,) = node.receive(reverse.body)
    assert node.trusts
    welcome, done = master.receive(trust.body)
    assert [done] == node.receive(welcome.body)


def test_another_version_is_told_so() -> None:
    result = log_in(carry=lambda number, body: b"\x01\x02" + body[2:] if number == 1 else body)
    assert result.node_end == result.master_end == LoginRefused(Refusal.VERSION)


LONGER, SHORTER = (lambda body: body + b"\0"), (lambda body: body[:-1])


def other_kind(body: bytes) -> bytes:
    return bytes([body[0] ^ 0x10]) + body[1:]


@pytest.mark.parametrize("number", range(1, 7))
@pytest.mark.parametrize("change", [LONGER, SHORTER, other_kind])
def test_a_frame_of_wrong_length_or_kind_ends_the_login(number: int, change: Callable[[bytes], bytes]) -> None:
    result = log_in(carry=lambda n, body: change(body) if n == number else body)
    # HELLO alone has no fixed length: its end is the user's name, and a longer one is another user.
    another_user = number == 1 and change is not other_kind
    receiver_end = result.master_end if number % 2 else result.node_end
    assert receiver_end == LoginRefused(Refusal.CLIENT if another_user else Refusal.MALFORMED)


@pytest.mark.parametrize("number", range(1, 5))
def test_any_changed_bit_of_a_proof_or_point_ends_the_login(number: int) -> None:
    size = len(log_in().said[number - 1])
    for position in range(1, size, 4):

        def flip(n: int, body: bytes, position: int = position) -> bytes:
            if n != number:
                return body
            return body[:position] + bytes([body[position] ^ 0x40]) + body[position + 1 :]

        result = log_in(carry=flip)
        assert not isinstance(result.node_end, LoginDone), position
        assert not isinstance(result.master_end, LoginDone), position


@pytest.mark.parametrize("point", [ZERO, ORDER_2, ORDER_4, ORDER_8, OFF_CURVE])
@pytest.mark.parametrize(("number", "start"), [(1, 2), (1, 35), (2, 1), (4, 1)])
def test_points_that_leak_or_are_none_are_refused(point: bytes, number: int, start: int) -> None:
    def swap(n: int, body: bytes) -> bytes:
        return body[: start + 1] + point + body[start + 33 :] if n == number else body

    result = log_in(carry=swap)
    assert isinstance(result.node_end or result.master_end, LoginRefused)
    assert not isinstance(result.node_end, LoginDone)
    assert not isinstance(result.master_end, LoginDone)


def test_a_small_point_is_malformed_and_not_a_wrong_password() -> None:
    node, master = NodeLogin(KEYS, EXPORTER), master_of()
    body = node.start().body
    (answer,) = master.receive(body[:3] + ORDER_8 + body[35:])
    assert master.receive(b"\x03" + bytes(32)) == MALFORMED
    assert node.receive(answer.body[:2] + ORDER_8) == MALFORMED


def test_after_the_end_every_frame_is_out_of_turn() -> None:
    node, master = NodeLogin(KEYS, EXPORTER), master_of()
    result = Run(node, master)
    assert isinstance(result.node_end, LoginDone)
    for body in [*result.said, b"", b"\x08"]:
        assert node.receive(body) == MALFORMED
        assert master.receive(body) == MALFORMED


def test_a_node_that_has_not_begun_takes_nothing() -> None:
    assert NodeLogin(KEYS, EXPORTER).receive(b"\x08") == MALFORMED


def test_a_short_exporter_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="exporter"):
        NodeLogin(KEYS, b"")


# --- Noise ---------------------------------------------------------------------------------------------------

STEPS = 4
noise = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda kind, rest: bytes([kind]) + rest, st.integers(1, 8), st.binary(max_size=140)),
    st.builds(lambda kind, rest: bytes([kind]) + b"A" + rest, st.integers(1, 8), st.binary(min_size=32, max_size=64)),
    st.builds(lambda kind, rest: bytes([kind]) + b"B" + rest, st.integers(1, 8), st.binary(min_size=32, max_size=64)),
    st.builds(lambda rest: b"\x01\x01A" + rest[:32] + b"A" + rest[32:], st.binary(min_size=65, max_size=100)),
)


def advance(to_step: int) -> tuple[NodeLogin, MasterLogin]:
    """Two machines that have exchanged `to_step` frames."""
    node, master = NodeLogin(KEYS, EXPORTER), master_of()
    body, to_master = node.start().body, True
    for _ in range(to_step):
        (event, *_rest) = (master if to_master else node).receive(body)
        assert isinstance(event, Send)
        body, to_master = event.body, not to_master
    return node, master


@settings(max_examples=150)
@given(st.integers(0, STEPS), st.booleans(), st.lists(noise, min_size=1, max_size=3))
def test_noise_never_raises_and_never_logs_in(step: int, to_master: bool, bodies: list[bytes]) -> None:
    machine = advance(step)[to_master]
    trust, welcome = b"\x06", b"\x08"
    for body in bodies:
        events = machine.receive(body)
        if step == STEPS and body == (trust if to_master else welcome):
            return  # what belongs here
        assert not any(isinstance(event, LoginDone) for event in events)
        if events and isinstance(events[-1], LoginRefused):
            assert isinstance(events[-1].reason, Refusal)


@settings(max_examples=50)
@given(st.integers(1, 6), st.data())
def test_a_true_login_with_one_frame_changed_never_ends_well_for_who_got_it(number: int, data: st.DataObject) -> None:
    def mutate(n: int, body: bytes) -> bytes:
        if n != number:
            return body
        start = data.draw(st.integers(0, len(body)))
        end = data.draw(st.integers(start, len(body)))
        return body[:start] + data.draw(st.binary(max_size=40)) + body[end:]

    changed: list[bool] = []

    def carry(n: int, body: bytes) -> bytes:
        after = mutate(n, body)
        changed.append(after != body)
        return after

    result = log_in(carry=carry)
    receiver_end = result.master_end if number % 2 else result.node_end
    assert not any(changed) or not isinstance(receiver_end, LoginDone)


# --- The library that it builds upon ---------------------------------------------------------------------


def test_the_sides_with_cached_products_are_spake2s_own() -> None:
    ids = (b"idA", b"idB")
    password = KEYS.client.password
    plain_a, plain_b = SPAKE2_A(password, *ids), SPAKE2_B(password, *ids)
    ours_a, ours_b = NodeSide(KEYS.client, ids, os.urandom), MasterSide(KEYS.client, ids, os.urandom)
    to_ours, to_plain = plain_b.start(), plain_a.start()
    from_ours_a, from_ours_b = ours_a.start(), ours_b.start()
    assert ours_a.finish(to_ours) == plain_b.finish(from_ours_a)
    assert ours_b.finish(to_plain) == plain_a.finish(from_ours_b)


def test_the_same_randomness_gives_the_same_frames() -> None:
    """Entropy comes from the argument alone; or a test of hostile cases could not be repeated."""

    def entropy(size: int) -> bytes:
        return hashlib.shake_256(b"fixed").digest(size)

    assert NodeLogin(KEYS, EXPORTER, entropy).start() == NodeLogin(KEYS, EXPORTER, entropy).start()


def test_refusals_do_not_hang_on_assertions() -> None:
    """Under `python -O` the library's and our own assert statements are gone; what they refuse must be refused."""
    program = f"""
from asyncluster.core.wire.masterlogin import MasterLogin
from asyncluster.core.wire.nodelogin import NodeLogin
from asyncluster.core.wire.passwords import LoginKeys
from asyncluster.core.wire.tickets import TicketSeal
if __debug__:
    raise SystemExit("assertions are on")
def keys(client="c", server="s", user="u"):
    return LoginKeys(user, client, server, scrypt_n=2)
def end(node_keys, points=()):
    seal = TicketSeal(bytes(32), keys(), lambda: 0.0)
    node, master = NodeLogin(node_keys, bytes(32)), MasterLogin(keys(), bytes(32), seal)
    body = node.start().body
    for start, point in points:
        body = body[:start] + point + body[start + 32:]
    receiver, ends = master, []
    while body is not None:
        events, body = receiver.receive(body), None
        for event in events:
            if type(event).__name__ == "Send":
                body = event.body
            else:
                ends.append(type(event).__name__)
        receiver = node if receiver is master else master
    return ends
print(end(keys()))
for each in (keys(client="x"), keys(server="x"), keys(user="x")):
    print(end(each))
for point in {[ZERO, ORDER_2, ORDER_4, ORDER_8, OFF_CURVE]!r}:
    for start in (3, 36):
        print(end(keys(), [(start, point)]))
"""
    result = subprocess.run([sys.executable, "-O", "-c", program], capture_output=True, text=True, timeout=60)
    assert result.stderr == ""
    good, *bad = result.stdout.splitlines()
    assert good == "['LoginDone', 'LoginDone']"
    assert len(bad) == 13
    assert set(bad) <= {"['LoginRefused', 'LoginRefused']", "['LoginRefused']"}

"""Logins with tickets: the same two machines, against each other, against liars, and against noise."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.logins import EXPORTER, KEYS, MONDAY, Run, log_in, make_keys, master_of

from asyncluster.core.wire import limits
from asyncluster.core.wire.login import LoginDone, LoginRefused, Refusal
from asyncluster.core.wire.masterlogin import MasterLogin
from asyncluster.core.wire.nodelogin import NodeLogin
from asyncluster.core.wire.passwords import LoginKeys
from asyncluster.core.wire.tickets import LIFETIME, SEALED_SIZE, Ticket

OTHER = b"F" * 32  # exporter of another channel
WITH_TICKET, WITH_PASSWORDS = [9, 10, 6, 8], [9, 11, 1, 2, 3, 4, 6, 8]


def unchanged(_number: int, body: bytes) -> bytes:
    return body


def ticket_of(master: MasterLogin | None = None) -> Ticket:
    """What a login with passwords leaves."""
    node = NodeLogin(KEYS, EXPORTER)
    Run(node, master or master_of())
    assert node.ticket is not None
    return node.ticket


TICKET = ticket_of()


def resume(
    ticket: Ticket = TICKET,
    master: MasterLogin | None = None,
    carry: Callable[[int, bytes], bytes] = unchanged,
    keys: LoginKeys = KEYS,
) -> tuple[Run, NodeLogin]:
    node = NodeLogin(keys, OTHER, ticket=ticket)
    return Run(node, master or master_of(exporter=OTHER), carry), node


def kinds(result: Run) -> list[int]:
    return [body[0] for body in result.said]


def test_a_ticket_logs_in_without_the_passwords_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncluster.core.wire.nodelogin.NodeSide", None)
    monkeypatch.setattr("asyncluster.core.wire.masterlogin.MasterSide", None)
    result, node = resume()
    assert kinds(result) == WITH_TICKET
    assert isinstance(result.node_end, LoginDone)
    assert result.node_end == result.master_end
    assert node.trusts
    assert max(map(len, result.said)) <= limits.LOGIN_FRAME


def test_each_login_gives_the_ticket_for_the_next_one() -> None:
    ticket, seen = TICKET, {TICKET.sealed, TICKET.secret}
    for _ in range(3):
        result, node = resume(ticket)
        assert kinds(result) == WITH_TICKET
        assert node.ticket is not None
        ticket = node.ticket
        assert not seen & {ticket.sealed, ticket.secret}
        seen |= {ticket.sealed, ticket.secret}


def test_a_ticket_works_again_if_its_login_was_cut_off() -> None:
    node = NodeLogin(KEYS, OTHER, ticket=TICKET)
    node.start()
    assert node.ticket == TICKET
    assert kinds(resume(node.ticket)[0]) == WITH_TICKET


def test_nothing_of_the_secret_is_shown() -> None:
    assert "secret" not in repr(TICKET)
    assert all(TICKET.secret not in body for body in resume()[0].said)


# --- Tickets that are worth nothing: the passwords decide -----------------------------------------------------


@pytest.mark.parametrize(
    "master",
    [
        lambda: master_of(exporter=OTHER, key=b"X" * 32),
        lambda: master_of(exporter=OTHER, now=MONDAY + LIFETIME),
        lambda: master_of(exporter=OTHER, now=MONDAY - 1),
    ],
    ids=["another key", "too old", "from the future"],
)
def test_a_stale_ticket_costs_one_round_trip(master: Callable[[], MasterLogin]) -> None:
    result, node = resume(master=master())
    assert kinds(result) == WITH_PASSWORDS
    assert isinstance(result.node_end, LoginDone)
    assert result.node_end == result.master_end
    assert node.ticket not in (None, TICKET)


def test_a_ticket_lives_until_its_last_second_and_a_new_one_does_not_live_longer() -> None:
    late = MONDAY + LIFETIME - 1
    result, node = resume(master=master_of(exporter=OTHER, now=late))
    assert kinds(result) == WITH_TICKET
    assert node.ticket is not None
    assert kinds(resume(node.ticket, master_of(exporter=OTHER, now=late + 1))[0]) == WITH_PASSWORDS


@pytest.mark.parametrize("changed", [{"client": "new"}, {"server": "new"}, {"user": "new"}])
def test_a_new_password_or_user_ends_all_tickets(changed: dict[str, str]) -> None:
    keys = make_keys(**changed)
    result, node = resume(master=master_of(keys, OTHER))
    assert isinstance(result.node_end, LoginRefused)
    assert isinstance(result.master_end, LoginRefused)
    assert node.ticket is None
    result, _node = resume(master=master_of(keys, OTHER), keys=keys)
    assert kinds(result) == WITH_PASSWORDS
    assert isinstance(result.node_end, LoginDone)


def test_a_ticket_of_chance_is_stale() -> None:
    result, _node = resume(Ticket(bytes(SEALED_SIZE), TICKET.secret))
    assert kinds(result) == WITH_PASSWORDS


# --- Thieves and impostors --------------------------------------------------------------------------------------


def test_a_stolen_ticket_without_its_secret_is_refused() -> None:
    result, node = resume(Ticket(TICKET.sealed, bytes(32)))
    assert result.node_end == result.master_end == LoginRefused(Refusal.CLIENT)
    assert node.ticket is None


def test_a_recorded_resumption_is_worth_nothing_on_another_channel() -> None:
    recorded = NodeLogin(KEYS, EXPORTER, ticket=TICKET).start().body
    master = master_of(exporter=OTHER)
    assert master.receive(recorded)[-1] == LoginRefused(Refusal.CLIENT)
    assert not master.proved


def test_a_relay_between_two_channels_is_refused() -> None:
    result = Run(NodeLogin(KEYS, EXPORTER, ticket=TICKET), master_of(exporter=OTHER))
    assert result.node_end == result.master_end == LoginRefused(Refusal.CLIENT)


def test_an_impostor_can_neither_open_a_ticket_nor_skip_its_proof() -> None:
    for answer in (b"\x0a" + bytes(32), b"\x0a", b"\x08" + bytes(SEALED_SIZE), b"\x06", b""):
        node = NodeLogin(KEYS, OTHER, ticket=TICKET)
        node.start()
        assert isinstance(node.receive(answer)[-1], LoginRefused)
        assert not node.trusts
        assert node.ticket is None


def test_an_impostor_that_calls_it_stale_gets_the_whole_login() -> None:
    """And what it learns from that is what it would have learned without a ticket: one guess."""
    pretender = master_of(make_keys(server="unknown to it"), OTHER, key=b"X" * 32)
    result, node = resume(master=pretender)
    assert kinds(result) == [9, 11, 1, 2, 3, 4, 7]
    assert result.node_end == result.master_end == LoginRefused(Refusal.SERVER)
    assert node.ticket is None


def test_stale_is_said_once() -> None:
    node = NodeLogin(KEYS, OTHER, ticket=TICKET)
    node.start()
    node.receive(b"\x0b")
    assert node.receive(b"\x0b") == [LoginRefused(Refusal.MALFORMED)]
    master = master_of(exporter=OTHER, key=b"X" * 32)
    first = NodeLogin(KEYS, OTHER, ticket=TICKET).start().body
    assert [event.body for event in master.receive(first)] == [b"\x0b"]  # type: ignore[union-attr]
    assert master.receive(first) == [LoginRefused(Refusal.MALFORMED)]


def test_what_was_said_about_tickets_is_part_of_what_is_proved() -> None:
    """Somebody who takes the ticket out of the way would be noticed: the proofs that follow are about it too."""
    node, master = NodeLogin(KEYS, OTHER, ticket=TICKET), master_of(exporter=OTHER)
    node.start()
    (hello,) = node.receive(b"\x0b")
    (answer,) = master.receive(hello.body)  # type: ignore[union-attr]
    (proof,) = node.receive(answer.body)  # type: ignore[union-attr]
    assert master.receive(proof.body)[-1] == LoginRefused(Refusal.CLIENT)  # type: ignore[union-attr]


def test_another_version_is_told_so() -> None:
    result, _node = resume(carry=lambda number, body: b"\x09\x02" + body[2:] if number == 1 else body)
    assert result.node_end == result.master_end == LoginRefused(Refusal.VERSION)


@pytest.mark.parametrize("number", range(1, 5))
def test_any_changed_bit_is_noticed(number: int) -> None:
    for position in range(len(resume()[0].said[number - 1])):

        def flip(n: int, body: bytes, position: int = position) -> bytes:
            return body if n != number else body[:position] + bytes([body[position] ^ 0x40]) + body[position + 1 :]

        result, _node = resume(carry=flip)
        with_ticket = kinds(result) == WITH_TICKET and isinstance(result.node_end, LoginDone)
        assert not with_ticket, position


@settings(max_examples=150)
@given(st.booleans(), st.lists(st.binary(max_size=300), min_size=1, max_size=3))
def test_noise_never_raises_and_never_logs_in(to_master: bool, bodies: list[bytes]) -> None:
    node, master = NodeLogin(KEYS, OTHER, ticket=TICKET), master_of(exporter=OTHER)
    first = node.start().body
    for body in bodies:
        events = master.receive(body) if to_master else node.receive(bytes([10]) + body)
        assert not any(isinstance(event, LoginDone) for event in events)
    assert not master.proved or first in bodies


def test_a_first_login_with_passwords_is_as_before() -> None:
    assert kinds(log_in()) == [1, 2, 3, 4, 6, 8]

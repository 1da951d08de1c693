"""Sealing and opening of tickets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.logins import KEYS, MONDAY, make_keys

from asyncluster.core.wire.tickets import LIFETIME, SEALED_SIZE, SECRET_SIZE, TicketSeal

KEY, SECRET = b"K" * 32, b"S" * SECRET_SIZE


def seal(key: bytes = KEY, now: float = MONDAY, **passwords: str) -> TicketSeal:
    return TicketSeal(key, make_keys(**passwords), lambda: now)


def test_it_opens_what_it_sealed_in_another_process_too() -> None:
    sealed = seal().seal(SECRET, MONDAY - 5)
    assert len(sealed) == SEALED_SIZE
    assert SECRET not in sealed
    assert seal().open(sealed) == (SECRET, MONDAY - 5)


def test_two_tickets_for_one_secret_differ() -> None:
    assert seal().seal(SECRET, MONDAY) != seal().seal(SECRET, MONDAY)


def test_age() -> None:
    sealed = seal().seal(SECRET, MONDAY)
    for late, opens in ((-0.5, False), (0, True), (LIFETIME - 0.5, True), (LIFETIME, False)):
        assert (seal(now=MONDAY + late).open(sealed) is not None) is opens


def test_another_masters_or_another_passwords_ticket_is_none() -> None:
    sealed = seal().seal(SECRET, MONDAY)
    others = (seal(b"k" * 32), seal(client="new"), seal(server="new"), seal(user="new"))
    assert not any(other.open(sealed) for other in others)


@given(st.binary(max_size=2 * SEALED_SIZE))
def test_noise_is_none(noise: bytes) -> None:
    assert TicketSeal(KEY, KEYS, lambda: MONDAY).open(noise) is None


@given(st.integers(0, SEALED_SIZE - 1), st.integers(1, 255))
def test_a_changed_byte_makes_it_none(position: int, change: int) -> None:
    sealed = bytearray(seal().seal(SECRET, MONDAY))
    sealed[position] ^= change
    assert seal().open(bytes(sealed)) is None

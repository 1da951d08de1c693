from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncluster.core.errors import UsageError
from asyncluster.core.people.passwords import LONGEST, Hasher, checked

QUICK = Hasher(passes=1, memory=8, lanes=1)
SENTINEL = "S3NTINEL-7f3a"


def test_only_the_right_password_is_right() -> None:
    stored = QUICK.hash(SENTINEL)
    assert QUICK.verify(SENTINEL, stored)
    assert not QUICK.verify(SENTINEL + " ", stored)
    assert not QUICK.verify("", stored)
    assert stored != QUICK.hash(SENTINEL)
    assert SENTINEL not in stored


def test_the_default_costs_are_the_documented_ones() -> None:
    stored = Hasher().hash(SENTINEL)
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert QUICK.verify(SENTINEL, stored)
    assert QUICK.is_outdated(stored)
    assert not QUICK.is_outdated(QUICK.hash("x"))


def test_a_letter_is_the_same_however_the_keyboard_composes_it() -> None:
    assert QUICK.verify("cafe\u0301-12345", QUICK.hash("caf\u00e9-12345"))


def test_nobodys_password_is_never_right_and_takes_as_long() -> None:
    hasher = Hasher(passes=2, memory=4096)
    stored = hasher.hash(SENTINEL)

    def best(password: str, against: str | None) -> float:
        def once() -> float:
            started = time.thread_time()
            assert not hasher.verify(password, against)
            return time.thread_time() - started

        return min(once() for _ in range(7))

    wrong, nobody = best("wrong-password", stored), best("wrong-password", None)
    too_long, malformed = best("x" * 5000, stored), best("wrong-password", "no hash at all")
    # Alike, not equal: what would betray is a check that is left out, and that takes no time at all.
    for other in (nobody, too_long, malformed):
        assert 0.5 < other / wrong < 2


@pytest.mark.parametrize("password", ["x" * (LONGEST + 1), "ä" * 513, "lone \ud800 surrogate"])
def test_what_is_too_long_or_no_text_is_refused_and_never_cut(password: str) -> None:
    with pytest.raises(UsageError):
        QUICK.hash(password)
    assert not QUICK.verify(password, QUICK.hash("x" * LONGEST))


@pytest.mark.parametrize("password", ["", "short77", "cafe\u0301" * 1 + "123", "tab\there-it-is", "x" * 1025])
def test_new_passwords_have_a_least_length_and_can_be_typed(password: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked(password)
    assert password not in str(caught.value) or not password
    assert checked("eight888") == "eight888"


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "plain",
        "$argon2id$v=19$m=99999999,t=3,p=1$c2FsdHNhbHRzYWx0$AAAA",
        "$argon2id$v=19$m=64,t=999,p=1$c2FsdHNhbHRzYWx0$AAAA",
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0$AAAA",
        "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0$AAAA",
    ],
)
def test_a_damaged_hash_is_nobodys(stored: str) -> None:
    assert not QUICK.verify("AAAA", stored)


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=50)
def test_any_text_is_checked_without_complaint(password: str, stored: str) -> None:
    assert not QUICK.verify(password, stored)

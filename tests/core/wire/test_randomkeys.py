from __future__ import annotations

import base64

import pytest

from asyncluster.core.wire.randomkeys import is_key, new_key


def test_a_new_key_holds_256_bits_and_is_never_the_same() -> None:
    first, second = new_key(), new_key()
    prefix, _, text = first.partition(":")
    assert prefix == "key"
    assert len(base64.urlsafe_b64decode(text + "=")) == 32
    assert is_key(first)
    assert first != second


@pytest.mark.parametrize(
    "password",
    [
        "",
        "key:",
        "a" * 43,
        "key:" + "a" * 42,
        "key:" + "a" * 44,
        "KEY:" + "a" * 43,
        " key:" + "a" * 43,
        "key:" + "a" * 42 + "!",
        "key:" + "a" * 43 + "\n",
        "key:" + "\u00e9" * 43,
    ],
)
def test_whatever_looks_otherwise_is_a_password(password: str) -> None:
    assert not is_key(password)

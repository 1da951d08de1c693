from __future__ import annotations

import pytest

from asyncluster.core.errors import ConfigError
from asyncluster.core.wire import passwords
from asyncluster.core.wire.passwords import LoginKeys, unusable_passwords
from asyncluster.core.wire.randomkeys import new_key


def make(user: str = "test", client: str = "a client password", server: str = "a server password") -> LoginKeys:
    return LoginKeys(user, client, server, scrypt_n=2)


@pytest.mark.parametrize(
    ("client", "server", "word"),
    [
        ("", "something", "client password is empty"),
        ("something", "  ", "server password is empty"),
        ("YOU-MUST-CHANGE-THIS", "something", "client password is still the template's"),
        ("something", "you-must-change-this-too", "server password is still the template's"),
        ("the same", "the same", "are equal"),
        ("caf\u00e9", "cafe\u0301", "are equal"),
    ],
)
def test_passwords_that_protect_nothing_are_refused_at_both_ends(client: str, server: str, word: str) -> None:
    (problem,) = unusable_passwords(client, server)
    assert word in problem
    with pytest.raises(ConfigError, match=word):
        make(client=client, server=server)


def test_both_problems_are_told_at_once() -> None:
    with pytest.raises(ConfigError, match=r"client password is empty.*\n.*server password is empty"):
        make(client="", server="")


@pytest.mark.parametrize("user", ["", "x" * 129, "\u00e9" * 65])
def test_a_user_has_one_to_128_bytes(user: str) -> None:
    with pytest.raises(ConfigError, match="user"):
        make(user=user)


def test_the_cost_of_a_guess_is_not_lowered_by_accident() -> None:
    assert passwords.SCRYPT_N == 2**15
    assert LoginKeys.__init__.__kwdefaults__ == {"scrypt_n": 2**15}


def test_the_stretched_passwords_are_scrypts_with_a_salt_of_role_and_user() -> None:
    import hashlib

    salt = hashlib.sha256(b"asyncluster/1\0client\0test").digest()
    expected = hashlib.scrypt(b"a client password", salt=salt, n=2, r=8, p=1, dklen=32)
    assert make().client.password == expected


def test_random_keys_are_hashed_with_the_same_salt_and_not_stretched(monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib
    import hmac

    monkeypatch.setattr(hashlib, "scrypt", None)
    client, server = new_key(), new_key()
    keys = LoginKeys("test", client, server)
    for key, role, secret in ((client, b"client", keys.client), (server, b"server", keys.server)):
        salt = hashlib.sha256(b"asyncluster/1\0" + role + b"\0test").digest()
        assert secret.password == hmac.digest(key.encode(), salt, "sha256")


def test_one_character_less_than_a_key_is_a_password_like_any_other() -> None:
    import hashlib

    short = new_key()[:-1]
    salt = hashlib.sha256(b"asyncluster/1\0client\0test").digest()
    expected = hashlib.scrypt(short.encode(), salt=salt, n=2, r=8, p=1, dklen=32)
    assert make(client=short).client.password == expected


def test_what_is_prepared_is_what_logins_take() -> None:
    keys = make()
    keys.prepare_node()
    keys.prepare_master()
    secrets = (keys.client, keys.server, keys.decoy)
    assert [sorted(vars(secret)) for secret in secrets] == [
        ["of_master", "of_node", "password"],
        ["of_master", "of_node", "password"],
        ["of_master", "password"],
    ]


def test_same_password_gives_different_secrets_for_another_role_or_user() -> None:
    first = make(client="one", server="two")
    swapped = make(client="two", server="one")
    other = make(user="other", client="one", server="two")
    secrets = [each.password for keys in (first, swapped, other) for each in (keys.client, keys.server)]
    assert len(set(secrets)) == 6


def test_composed_and_decomposed_characters_are_the_same_password() -> None:
    assert make(client="caf\u00e9").client.password == make(client="cafe\u0301").client.password


def test_nothing_shows_a_password() -> None:
    keys = make(client="S3NTINEL-1", server="S3NTINEL-2")
    for thing in (keys, keys.client, keys.server, keys.client.of_node, keys.client.of_node.blinding):
        assert "S3NTINEL" not in repr(thing)
        assert str(keys.client.password) not in repr(thing)

"""Nobody but people (CVE-2014-7271, hole 9)."""

from __future__ import annotations

import pwd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.ndm.session import accounts
from asyncluster.ndm.session.accounts import Unfit, first_person, is_system, person


def entry(name: str = "lena", uid: int = 1000, gid: int = 1000, shell: str = "/bin/bash") -> pwd.struct_passwd:
    return pwd.struct_passwd((name, "x", uid, gid, "", f"/home/{name}", shell))


@pytest.fixture
def known(monkeypatch):
    entries: dict[str, pwd.struct_passwd] = {}
    monkeypatch.setattr(accounts.pwd, "getpwnam", entries.__getitem__)
    return entries


def test_a_person_may_sit_down(known):
    known["lena"] = entry()
    assert person("lena").pw_uid == 1000


@pytest.mark.parametrize(
    ("account", "words"),
    [
        (entry("root", 0, 0), "account of the system"),
        (entry("www", 33, 33), "account of the system"),
        (entry("sneaky", 1001, 0), "account of the system"),
        (entry("nobody", 65534, 65534), "account of the system"),
        (entry("asyncluster-job", 1005, 1005), "account of the system"),
        (entry("gone", shell="/usr/sbin/nologin"), "closed"),
        (entry("gone", shell="/bin/false"), "closed"),
    ],
)
def test_nobody_else_may(known, account, words):
    known[account.pw_name] = account
    with pytest.raises(Unfit, match=words):
        person(account.pw_name)


def test_an_account_that_answers_to_another_name_is_refused(known):
    """Directory servers may fold case: the session would be somebody else's in the books."""
    known["lena"] = entry("Lena")
    with pytest.raises(Unfit, match="another name"):
        person("lena")


@given(st.text(max_size=40))
def test_no_text_gets_further_than_a_refusal(text):
    """CVE-2014-0979: an empty name crashed somebody's greeter."""
    if text not in {each.pw_name for each in pwd.getpwall()}:
        with pytest.raises(Unfit) as refused:
            person(text)
        assert str(refused.value).isprintable()


def test_where_people_begin(tmp_path):
    definitions = tmp_path / "login.defs"
    assert first_person(definitions) == 1000
    for text, first in (("UID_MIN 500\n", 500), ("#UID_MIN 5\n", 1000), ("UID_MIN x\n", 1000), ("UID_MIN\t\t0\n", 1)):
        definitions.write_text(text)
        assert first_person(definitions) == first
    assert is_system(entry(uid=499), 500)
    assert not is_system(entry(uid=500), 500)

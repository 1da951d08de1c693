from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.environments.kept import (
    CURRENT,
    PREVIOUS,
    Kept,
    check_name,
    chosen,
    find,
    superfluous,
    wanted,
)
from asyncluster.core.errors import UsageError


def kept(first: str, name: str | None = None, standing: str = "") -> Kept:
    return Kept(first * 64, name, "3.11", 1, 100, 0.0, "ann", standing)


OLD, NOW, NAMED, LOOSE = kept("a", None, PREVIOUS), kept("b", "images", CURRENT), kept("c", "old-images"), kept("d")
ALL = [OLD, NOW, NAMED, LOOSE]


@pytest.mark.parametrize(("text", "found"), [("images", NOW), ("a" * 64, OLD), ("dddd", LOOSE), ("old-images", NAMED)])
def test_one_is_found_by_its_name_its_key_or_the_beginning_of_that(text, found):
    assert find(ALL, text) is found


@pytest.mark.parametrize("text", ["image", "ddd", "e" * 64, "", "a" * 65])
def test_what_is_not_there_is_not_found(text):
    with pytest.raises(UsageError, match="There is no environment"):
        find(ALL, text)


def test_a_beginning_of_two_keys_is_not_enough():
    twins = [replace(LOOSE, key="d" * 63 + "0"), LOOSE]
    with pytest.raises(UsageError, match="2 environments begin with 'dddd'"):
        find(twins, "dddd")


def test_what_a_job_gets():
    assert chosen(ALL, None) == NOW.key
    assert chosen(ALL, "") == chosen(ALL, "none") == ""
    assert chosen(ALL, "cccc") == NAMED.key
    assert chosen([OLD], None) == ""


@pytest.mark.parametrize("name", ["images", "images-2.1", "A_b", "0x", "x" * 64, "beefy"])
def test_names(name):
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "none", "beef", "0123", "a b", "-x", "x" * 65, "ü", "../x", "a\n"])
def test_what_is_no_name(name):
    with pytest.raises(UsageError, match="cannot be the name"):
        check_name(name)


def test_nodes_get_the_most_urgent_first():
    assert wanted(ALL, {LOOSE.key}) == [NOW.key, LOOSE.key, NAMED.key, OLD.key]
    assert wanted(ALL, (), "e" * 64)[0] == "e" * 64
    assert wanted(ALL, (), OLD.key) == [OLD.key, NOW.key, NAMED.key, LOOSE.key]


def test_only_what_nobody_can_ask_for_goes():
    assert superfluous(ALL, ()) == [LOOSE]
    assert superfluous(ALL, {LOOSE.key}) == []


@given(st.text(max_size=70))
def test_no_text_finds_anything_but_itself(text):
    try:
        assert text in (found := find(ALL, text)).key or text == found.name
    except UsageError:
        pass

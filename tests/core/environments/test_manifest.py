"""Manifests of environments."""

from __future__ import annotations

import random
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncluster.core.environments.manifest import (
    NAME,
    SIZE,
    WHEELS,
    Manifest,
    UnfitEnvironment,
    Wheel,
    check,
    decode,
    encode,
    read_name,
)

HASH = bytes(range(32))


def wheel(filename: str = "shapes-1.0-py3-none-any.whl", sha256: bytes = HASH, size: int = 1000) -> Wheel:
    return Wheel(filename, sha256, size)


def manifest(*wheels: Wheel, python: str = "3.11") -> Manifest:
    return Manifest(python, wheels)


wheels = st.builds(
    wheel,
    st.from_regex(r"\A[a-z][a-z0-9]{0,8}-[0-9]\.[0-9]-py3-none-any\.whl\Z"),
    st.binary(min_size=32, max_size=32),
    st.integers(1, 10_000),
)
manifests = st.builds(
    lambda wheels: manifest(*wheels),
    st.lists(wheels, min_size=1, max_size=8, unique_by=lambda wheel: wheel.filename.split("-")[0]),
)


def test_the_key_is_what_sha256sum_would_say_of_the_list() -> None:
    """Reckoned with: (echo python 3.11; printf '%s  %s\\n' HASH shapes-1.0-py3-none-any.whl) | sha256sum"""
    assert manifest(wheel()).key == "c90f6d6c84d05ca5e8b95b9ebc279eb3988b47dc6f57f722d49653d98eb75347"


@settings(max_examples=40)
@given(manifests, st.randoms())
def test_the_order_of_wheels_counts_for_nothing(one: Manifest, order: random.Random) -> None:
    other = Manifest(one.python, tuple(order.sample(one.wheels, len(one.wheels))))
    assert other.key == one.key
    assert encode(other) == encode(one)


@settings(max_examples=40)
@given(manifests, manifests)
def test_whatever_differs_has_another_key(one: Manifest, other: Manifest) -> None:
    assert (one.key == other.key) == (
        {(wheel.filename, wheel.sha256) for wheel in one.wheels}
        == {(wheel.filename, wheel.sha256) for wheel in other.wheels}
    )


def test_another_python_is_another_environment() -> None:
    assert manifest(wheel()).key != manifest(wheel(), python="3.12").key


@settings(max_examples=40)
@given(manifests)
def test_it_comes_back_as_it_went(one: Manifest) -> None:
    assert decode(encode(one)).key == one.key
    assert decode(encode(one)).size == one.size == sum(wheel.size for wheel in one.wheels)


@settings(max_examples=40)
@given(st.binary(max_size=200) | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(msgspec.json.encode))
def test_noise_is_refused(data: bytes) -> None:
    with pytest.raises(UnfitEnvironment, match="cannot be read"):
        decode(data)


@given(st.text(max_size=300))
def test_no_text_is_a_name_by_accident(text: str) -> None:
    with pytest.raises(UnfitEnvironment, match="is no name of a wheel"):
        read_name(text)


@pytest.mark.parametrize(
    "filename",
    [
        "",
        "shapes.whl",
        "shapes-1.0.tar.gz",
        "shapes-1.0-py3-none-any.whl.exe",
        "shapes-one-py3-none-any.whl",
        "../shapes-1.0-py3-none-any.whl",
        "/shapes-1.0-py3-none-any.whl",
        "shapes-1.0-py3-none-../../any.whl",
        "..-1.0-py3-none-any.whl",
        "-shapes-1.0-py3-none-any.whl",
        "shapes-1.0-py3-none-any.whl\n",
        "shapes-1.0-py3-none-any.whl\0",
        "shäpes-1.0-py3-none-any.whl",
        f"shapes-1.0-{'.'.join('abcdefghij')}-{'.'.join('abcdefghij')}-{'.'.join('abcdefghij')}.whl",
        f"{'s' * NAME}-1.0-py3-none-any.whl",
    ],
)
def test_names_that_are_none(filename: str) -> None:
    with pytest.raises(UnfitEnvironment, match="is no name of a wheel"):
        check(manifest(wheel(filename)))


def test_what_a_name_says() -> None:
    named = read_name("Sci_Kit.Shapes-1.00+lab-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl")
    assert (named.project, named.version) == ("sci-kit-shapes", "1.0+lab")
    assert {str(tag) for tag in named.tags} == {
        "cp311-cp311-manylinux_2_17_x86_64",
        "cp311-cp311-manylinux2014_x86_64",
    }


@dataclass
class Case:
    manifest: Manifest
    words: str


@pytest.mark.parametrize(
    "case",
    [
        Case(manifest(), "has 1 to 500 wheels, not 0"),
        Case(manifest(*(wheel(f"p{n}-1-py3-none-any.whl") for n in range(WHEELS + 1))), "not 501"),
        Case(manifest(wheel(sha256=b"")), "has not 32 bytes"),
        Case(manifest(wheel(sha256=HASH + b"!")), "has not 32 bytes"),
        Case(manifest(wheel(size=0)), "cannot have 0 bytes"),
        Case(manifest(wheel(size=-1)), "cannot have -1 bytes"),
        Case(manifest(wheel(size=SIZE), wheel("b-1-py3-none-any.whl", size=1)), "1,073,741,825 bytes in all"),
        Case(manifest(wheel("A_b-1-py3-none-any.whl"), wheel("a.B-2-py3-none-any.whl")), "are both a-b"),
        Case(manifest(wheel(), python="2.7"), "is no version of Python"),
        Case(manifest(wheel(), python="3.11.2"), "is no version of Python"),
        Case(manifest(wheel(), python="../3.11"), "is no version of Python"),
    ],
    ids=lambda case: case.words,
)
def test_what_is_no_environment(case: Case) -> None:
    for refuse in (lambda: check(case.manifest), lambda: decode(encode(case.manifest))):
        with pytest.raises(UnfitEnvironment, match=case.words):
            refuse()


def test_the_largest_is_one() -> None:
    most = manifest(*(wheel(f"p{n}-1-py3-none-any.whl", size=SIZE // WHEELS) for n in range(WHEELS)))
    assert check(most) is most

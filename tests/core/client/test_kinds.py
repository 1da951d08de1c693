from __future__ import annotations

import functools
import math
import os.path
from random import Random

import pytest

from asyncluster.core.client.kinds import Kinds, lasts, name_of
from asyncluster.core.client.ledger import Ledger
from asyncluster.core.client.options import CallOptions
from asyncluster.core.wire.payloads import encode_function


class Thing:
    def method(self):
        return 1

    @staticmethod
    def static():
        return 2


def outer():
    def inner():
        return 3

    return inner


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        ("name", True),
        (pow, True),
        (math.sqrt, True),
        (os.path.join, True),
        (dict, True),
        (Thing, True),
        (Thing.static, True),
        (outer, True),
        (outer(), False),
        (lambda: 1, False),
        (Thing().method, False),
        ("text".upper, False),
        (functools.partial(pow, 2), False),
    ],
)
def test_functions_that_last_are_found_in_their_module_under_their_name(function, answer):
    assert lasts(function) is answer


def test_names_for_people():
    assert [name_of(each) for each in ("f", math.sqrt, Thing.static, functools.partial(pow, 2))] == [
        "f",
        "sqrt",
        "Thing.static",
        "partial",
    ]


def test_each_function_with_its_options_is_one_kind():
    log = Ledger("test", Random(1)).open_job("job", 0)
    log.add_code(b"")
    kinds = Kinds(log)
    usual, quick = CallOptions(), CallOptions(timeout=1.0)
    assert kinds.find(pow, usual) is None
    first = kinds.add(pow, encode_function(pow), usual)
    assert kinds.find(pow, usual) == first
    assert kinds.add(pow, encode_function(pow), usual) == first
    others = {kinds.add(pow, encode_function(pow), quick), kinds.add(pow, encode_function(pow), usual, chunked=True)}
    assert len(others | {first}) == 3
    assert kinds.find(pow, quick) in others
    assert kinds.find([], usual) is None  # not hashable

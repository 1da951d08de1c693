from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest

from asyncluster.core.config import forms
from asyncluster.core.config.forms import MAX_ITEMS, Unfit

small = forms.whole(0, 19)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


GOOD = [
    (forms.whole(0, 19), "19", 19),
    (forms.or_word("adaptive", None, forms.whole(1, 9)), "Adaptive", None),
    (forms.yes_or_no, "Yes", True),
    (forms.yes_or_no, "off", False),
    (forms.one_of(Colour), "Red", Colour.RED),
    (forms.listed(small), "3,\n1, 2, 1,", (3, 1, 2)),
]

BAD = [
    (forms.whole(0, 19), ["-1", "20", "1_0", "+1", "1.0", "\uff11", "1e3", ""]),
    (forms.yes_or_no, ["1", "maybe"]),
    (forms.one_of(Colour), ["", "red, blue", "green"]),
    (forms.listed(small), ["", ",,", "1, x", "1," * (MAX_ITEMS + 1)]),
]


@pytest.mark.parametrize(("parse", "text", "expected"), GOOD)
def test_accepted_forms(parse: Any, text: str, expected: object) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(("parse", "text"), [(parse, text) for parse, texts in BAD for text in texts])
def test_refused_forms(parse: Any, text: str) -> None:
    with pytest.raises(Unfit, match=r"^must be "):
        parse(text)


def test_or_word_names_the_word() -> None:
    with pytest.raises(Unfit, match="must be 'auto' or a whole number from 0 to 512, not 'many'"):
        forms.or_word("auto", None, forms.whole(0, 512))("many")


def test_one_of_names_the_words() -> None:
    with pytest.raises(Unfit, match="must be one of red, blue, not 'green'"):
        forms.one_of(Colour)("green")

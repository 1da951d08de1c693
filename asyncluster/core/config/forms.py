"""General forms of values: numbers, words and lists, and the one error for all that does not fit.

A parser takes a text without surrounding spaces, quotes or comments, and returns its value or raises `Unfit`,
whose message ends the sentence that begins with the key ("must be ...") and repeats the text only where that can
hold no secret. Most functions here make parsers: `listed(network)`, `or_word("auto", None, whole(0, 512))`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from asyncluster.core.config.problems import shown

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

MAX_ITEMS = 256


class Unfit(ValueError):
    """The text is no value of this form; the message says "must be" and the accepted form."""


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number from `low` to `high`."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise Unfit(f"must be a whole number from {low} to {high}, not '{shown(text)}'.")
        return int(text)

    return parse


def or_word(word: str, value: T, parse: Callable[[str], T]) -> Callable[[str], T]:
    """What `parse` takes, or `word`, which stands for `value`."""

    def parse_or_word(text: str) -> T:
        if text.lower() == word:
            return value
        try:
            return parse(text)
        except Unfit as unfit:
            raise Unfit(str(unfit).replace("must be ", f"must be '{word}' or ", 1)) from None

    return parse_or_word


def one_of(choices: type[E]) -> Callable[[str], E]:
    """One of the words of an enumeration."""

    def parse(text: str) -> E:
        try:
            return choices(text.lower())
        except ValueError:
            words = ", ".join(choices)
            raise Unfit(f"must be one of {words}, not '{shown(text)}'.") from None

    return parse


def listed(parse: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    """Items divided by commas or new lines; each once."""

    def parse_list(text: str) -> tuple[T, ...]:
        items = [item.strip() for item in re.split(r"[,\n]", text) if item.strip()]
        if not items or len(items) > MAX_ITEMS:
            raise Unfit(f"must be a list of 1 to {MAX_ITEMS} items with commas between them.")
        return tuple(dict.fromkeys(parse(item) for item in items))

    return parse_list


def yes_or_no(text: str) -> bool:
    """A switch."""
    words = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}
    if text.lower() not in words:
        raise Unfit(f"must be yes or no, not '{shown(text)}'.")
    return words[text.lower()]

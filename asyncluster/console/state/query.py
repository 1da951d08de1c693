"""The little language of the search fields.

    pc0                     rows that say so anywhere
    state:suspended         a field contains a text
    state:"in use"          quotation marks keep spaces
    cores>4  left<15min     a number or a length of time is compared: < <= > >= =
    -user:ann               rows for which the term is not true

All terms must be true. While somebody types, half a term such as `cores>` filters nothing; a field that does not
exist is said.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from asyncluster.core.errors import UsageError
from asyncluster.core.people.durations import duration
from asyncluster.core.people.names import DAY

R = TypeVar("R")

_TERM = re.compile(r'(-?)(?:(\w+)(:|<=|>=|<|>|=))?("[^"]*"?|\S*)')
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}
_LONGEST = 400 * DAY


@dataclass(frozen=True)
class Field(Generic[R]):
    """What can be asked about a row.

    Attributes:
        get: a text, a number or None for a row.
        seconds: the number is a length of time, written like 15min.
    """

    get: Callable[[R], str | float | None]
    seconds: bool = False


@dataclass(frozen=True)
class Query(Generic[R]):
    """A query that was read.

    Attributes:
        matches: whether a row is wanted.
        problem: a sentence if something in it makes no sense, else "".
    """

    matches: Callable[[R], bool]
    problem: str = ""


def everything(_row: object) -> bool:
    """The empty query."""
    return True


def read(text: str, fields: Mapping[str, Field[R]]) -> Query[R]:
    """Reads a query about rows with these fields."""
    tests: list[Callable[[R], bool]] = []
    problems: list[str] = []
    for match in _TERM.finditer(text[:500]):
        minus, name, sign, value = match.groups()
        value = value.strip('"')
        if not value:
            continue
        try:
            test = _test(name.lower(), sign, value, fields) if name else _anywhere(value, fields)
        except UsageError as error:
            problems.append(str(error))
            continue
        tests.append(_negated(test) if minus else test)
    if not tests:
        return Query(everything, " ".join(problems))
    return Query(lambda row: all(test(row) for test in tests), " ".join(problems))


def _negated(test: Callable[[R], bool]) -> Callable[[R], bool]:
    return lambda row: not test(row)


def _anywhere(value: str, fields: Mapping[str, Field[R]]) -> Callable[[R], bool]:
    wanted = value.casefold()
    getters = [field.get for field in fields.values()]

    def test(row: R) -> bool:
        return any(isinstance(found := get(row), str) and wanted in found.casefold() for get in getters)

    return test


def _test(name: str, sign: str, value: str, fields: Mapping[str, Field[R]]) -> Callable[[R], bool]:
    field = fields.get(name)
    if field is None:
        raise UsageError(f"There is no field {name}; there are {', '.join(fields)}.")
    get = field.get
    if sign == ":":
        wanted = value.casefold()
        return lambda row: wanted in _text(get(row)).casefold()
    number = _number(name, value, field)
    compare = _COMPARISONS[sign]
    return lambda row: not isinstance(found := get(row), str | None) and compare(found, number)


def _text(value: str | float | None) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:g}"


def _number(name: str, value: str, field: Field[Any]) -> float:
    try:
        return float(value)
    except ValueError:
        if field.seconds:
            return duration(value, most=_LONGEST)
        raise UsageError(f"{value} is no number to compare {name} with.") from None

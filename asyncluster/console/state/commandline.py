"""The command line that does what the console asks the master for: what "Copy as command" copies."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Arguments: TypeAlias = Mapping[str, Any]


def command_line(verb: str, arguments: Arguments) -> str:
    """The shell's form of a verb of the control socket. Passwords are never in it: the command asks for them.

    Raises:
        KeyError: no command does this.
    """
    return shlex.join(["asyncluster", *verb.split(), *_WORDS[verb](arguments)])


def _name(arguments: Arguments) -> list[str]:
    return [arguments["name"]]


def _names(arguments: Arguments) -> list[str]:
    return list(arguments["names"])


def _numbers(arguments: Arguments) -> list[str]:
    return [str(number) for number in arguments["numbers"]]


def _span(arguments: Arguments) -> list[str]:
    return [arguments["day"], arguments["start"], arguments["end"]]


def _quota(arguments: Arguments) -> list[str]:
    words = [arguments["name"]]
    for key, option in (("daily_hours", "--daily-hours"), ("weekly_hours", "--weekly-hours")):
        if key in arguments:
            hours = arguments[key]
            words += [option, "none" if hours is None else f"{hours:g}"]
    return words


def _add(arguments: Arguments) -> list[str]:
    hours = {key: arguments[key] for key in ("daily_hours", "weekly_hours") if arguments.get(key) is not None}
    words = _quota({"name": arguments["name"], **hours})
    if not arguments.get("restricted", True):
        words.append("--unrestricted")
    if not arguments.get("enabled", True):
        words.append("--disabled")
    return words


def _except(arguments: Arguments) -> list[str]:
    spans = arguments["spans"]
    if spans is None:
        return [arguments["date"], "remove"]
    return [arguments["date"], *(time for span in spans for time in span)] if spans else [arguments["date"], "closed"]


_WORDS: dict[str, Callable[[Arguments], list[str]]] = {
    "node drain": _names,
    "node resume": _names,
    "job cancel": _numbers,
    "job renice": lambda arguments: [*_numbers(arguments), "--niceness", str(arguments["niceness"])],
    "user add": _add,
    "user password": _name,
    "user enable": _name,
    "user disable": _name,
    "user restrict": _name,
    "user unrestrict": _name,
    "user unlock": _name,
    "user kick": _name,
    "user grant": lambda arguments: [arguments["name"], arguments["duration"]],
    "user message": lambda arguments: [arguments["name"], arguments["text"]],
    "user quota": _quota,
    "user delete": lambda arguments: [arguments["name"], "--yes"],
    "opening add": _span,
    "opening remove": _span,
    "opening except": _except,
}

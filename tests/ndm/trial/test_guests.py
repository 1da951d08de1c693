"""The demo's guest: a password that can be typed, hours, and nobody else."""

from __future__ import annotations

import re
from typing import Any

from asyncluster.ndm.node.reception import unfit_but
from asyncluster.ndm.trial.guests import DAILY_HOURS, NAME, invite, new_password


class Master:
    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def ask(self, verb: str, **arguments: Any) -> None:
        self.asked.append((verb, arguments))


def test_every_password_is_another_and_long_enough():
    passwords = {new_password() for _ in range(100)}
    assert len(passwords) == 100
    assert all(re.fullmatch(r"([bdfgklmnprstv][aeiou]){2}(-([bdfgklmnprstv][aeiou]){2}){3}", one) for one in passwords)


def test_the_guest_has_hours_on_every_day():
    master = Master()
    invite(master, "tavo-miku-rela-sobi")
    assert master.asked[0] == (
        "user add",
        {"name": NAME, "password": "tavo-miku-rela-sobi", "daily_hours": DAILY_HOURS},
    )
    assert [arguments["day"] for verb, arguments in master.asked[1:]] == list("0123456")


def test_only_the_guest_may_sit_down_at_a_trial():
    assert unfit_but("demo", " demo ") == ""
    assert unfit_but("demo", "root") == "This is a trial: only demo can log in here."

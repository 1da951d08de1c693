"""The one person who may log in at a trial node, as its master sees them."""

from __future__ import annotations

import secrets

from asyncluster.core.client.cluster import Cluster

NAME = "demo"
DAILY_HOURS = 2.0
_CONSONANTS, _VOWELS = "bdfgklmnprstv", "aeiou"


def new_password() -> str:
    """Easily typed, and good for as long as a demo runs: "tavo-miku-rela", one of 10^14."""
    words = ["".join(secrets.choice(letters) for letters in (_CONSONANTS, _VOWELS) * 2) for _ in range(4)]
    return "-".join(words)


def invite(master: Cluster, password: str) -> None:
    """Makes the account, with hours every day, so that there is a time bar to be seen."""
    master.ask("user add", name=NAME, password=password, daily_hours=DAILY_HOURS)
    for day in range(7):
        master.ask("opening add", day=str(day), start="00:00", end="24:00")

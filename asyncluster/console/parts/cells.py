"""What a cell of a table shows: a value, painted by `parts.delegate` and read out by screen readers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from asyncluster.core.qt.bars import Progress
from asyncluster.core.qt.tokens import State


class Tone(Enum):
    """How words stand out; the value names a colour of the theme."""

    NORMAL = "text"
    MUTED = "muted"
    STRONG = "strong"
    ERROR = "error_text"


@dataclass(frozen=True)
class Bar:
    """A thin bar: its length, 0 to 1, and the colour that fills it (a token, or a state's)."""

    share: float
    fill: str | State


@dataclass(frozen=True)
class Chip:
    """A job's number with its colour."""

    number: int


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: its words.
        badge: of a state, before the words; "check" is a ring with a check mark.
        lead: muted words before the others, such as a job's number.
        bar, bar_width: a bar before the words, and how wide.
        progress: a job's calls as segments, instead of words.
        chips: jobs, before the words.
        spoken: what screen readers say, where the words alone do not tell.
    """

    text: str = ""
    tone: Tone = Tone.NORMAL
    badge: State | str | None = None
    lead: str = ""
    bar: Bar | None = None
    bar_width: int = 80
    progress: Progress | None = None
    chips: tuple[Chip, ...] = ()
    spoken: str = ""


EMPTY = Cell("\u2013", Tone.MUTED)

"""Colours and states of the visual language, as data without Qt.

Hue belongs to state: blue is the person, green our computing, everywhere. The accent is for focus, selection, the
main button and "done". A state is never told by its colour alone: it has a badge shape, a glyph and a word too.
"""

from __future__ import annotations

from enum import Enum

import msgspec


class State(Enum):
    """What a node is about; the value names its colour in `Tokens.states` and its glyph."""

    IN_USE = "in_use"
    IDLE = "idle"
    COMPUTING = "computing"
    SUSPENDED = "suspended"
    DRAINING = "draining"
    OFFLINE = "offline"
    ERROR = "error"


class Tokens(msgspec.Struct, frozen=True):
    """One theme's colours, each as "#RRGGBB".

    Attributes:
        backdrop: background of the greeter.
        background: page of the console.
        surface: panels, tiles, tables, the login window.
        raised: hover, chips, today's row, the countdown.
        line: hairlines and the empty part of a bar; never the only edge of a control.
        edge: border of fields and buttons.
        text, muted: text, and second text. On a tint use `text`.
        accent, on_accent: focus, selection, main button, done; and what is written on it.
        select: selected row, current page.
        error_text: red words; the state's colour is not for text.
        danger, on_danger: destructive button, last minute; and what is written on it.
        states: a colour for each state.
        jobs: chip colours that jobs take in turn, always beside the job's number.
        tint: share of a state's colour in its tint on `surface`.
    """

    dark: bool
    backdrop: str
    background: str
    surface: str
    raised: str
    line: str
    edge: str
    text: str
    muted: str
    accent: str
    on_accent: str
    select: str
    error_text: str
    danger: str
    on_danger: str
    states: dict[State, str]
    jobs: tuple[str, ...]
    tint: float

    def state_tint(self, state: State) -> str:
        """The state's colour, thin on `surface`: the ground of a tile's head or of a warning."""
        share = 0.30 if state is State.IDLE else self.tint
        return mix(self.states[state], self.surface, share)

    def job_color(self, number: int) -> str:
        """The chip colour of the job with this number."""
        return self.jobs[number % len(self.jobs)]


LIGHT = Tokens(
    dark=False,
    backdrop="#DFE6E1",
    background="#F1F3F1",
    surface="#FFFFFF",
    raised="#F8F9F8",
    line="#D5DAD6",
    edge="#7E8883",
    text="#18201C",
    muted="#56605B",
    accent="#4A43BF",
    on_accent="#FFFFFF",
    select="#E9E8F9",
    error_text="#A81B16",
    danger="#BD231D",
    on_danger="#FFFFFF",
    states={
        State.IN_USE: "#1756A4",
        State.IDLE: "#C0C5C2",
        State.COMPUTING: "#30A86C",
        State.SUSPENDED: "#A45EC4",
        State.DRAINING: "#DB9E1E",
        State.OFFLINE: "#373D3A",
        State.ERROR: "#BD231D",
    },
    jobs=("#0B7A80", "#B4530F", "#7A6A00", "#B03A78", "#3F6E2A", "#5A5A9C"),
    tint=0.16,
)

DARK = Tokens(
    dark=True,
    backdrop="#0C100E",
    background="#111513",
    surface="#191E1B",
    raised="#212724",
    line="#323A36",
    edge="#79847E",
    text="#E9EEEB",
    muted="#A0AAA5",
    accent="#9D99FF",
    on_accent="#15122E",
    select="#2B2A4A",
    error_text="#FF8D83",
    danger="#BD231D",
    on_danger="#FFFFFF",
    states={
        State.IN_USE: "#6CACF6",
        State.IDLE: "#79817D",
        State.COMPUTING: "#86DCB0",
        State.SUSPENDED: "#D1A0F1",
        State.DRAINING: "#F7D77C",
        State.OFFLINE: "#656D69",
        State.ERROR: "#ED5044",
    },
    jobs=("#4CC3C9", "#F0944F", "#C9BC4A", "#EE86B7", "#9CCB7E", "#A6A6E8"),
    tint=0.18,
)

_WHITE = "#FFFFFF"
_INK = "#0E1210"


def mix(over: str, under: str, share: float) -> str:
    """The colour of `over` at opacity `share` (0 to 1) on `under`."""
    pairs = zip(_channels(over), _channels(under), strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02X}" for a, b in pairs)


def contrast(one: str, other: str) -> float:
    """Contrast of two colours as WCAG 2 counts it, 1 to 21. Text needs 4.5, the edge of a control 3."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def ink_on(ground: str) -> str:
    """What to draw in on a filled badge: white where that can be read, else near-black."""
    return _WHITE if contrast(_WHITE, ground) >= 4.5 else _INK


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _luminance(color: str) -> float:
    def linear(channel: int) -> float:
        value = channel / 255
        return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(channel) for channel in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

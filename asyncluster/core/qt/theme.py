"""How a program looks: tokens, type and spacing made into Qt's palette, fonts and style sheets.

A `Theme` is a value: one set of colours and one factor for large text. A program owns one `Look`, which holds the
current theme, applies it to the application and tells the widgets that paint for themselves when it changes:

    look = Look(app, sheets=("base", "greeter"))
    look.choose(Mode.DARK, scale=1.5)
    painter.fillRect(rect, look.theme.color("surface"))
    look.changed.connect(self.update)

Style sheets are `resources/*.qss`. In them `@surface` stands for a token and `@(14)` for a length of 14 px times
the large-text factor; anything else that begins with `@` is an error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from functools import cache

import msgspec
from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFont, QPalette
from PyQt6.QtWidgets import QApplication

from asyncluster.core.qt.tokens import DARK, LIGHT, State, Tokens
from asyncluster.core.resources import resource_text

FAMILIES = ("Inter", "Noto Sans", "DejaVu Sans")
_PLACEHOLDER = re.compile(r"@(?:\((\d+)\)|(\w+))")


class Mode(Enum):
    """Which colours a person wants; AUTO follows the desktop, and is light where the desktop does not say."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


class Weight(Enum):
    """The weights in use; LIGHT is for the greeter's clock alone."""

    LIGHT = QFont.Weight.Light
    REGULAR = QFont.Weight.Normal
    MEDIUM = QFont.Weight.Medium
    BOLD = QFont.Weight.DemiBold


class Theme(msgspec.Struct, frozen=True):
    """Colours and the factor for large text.

    Attributes:
        tokens: the colours.
        scale: 1.0, or more for large text.
    """

    tokens: Tokens = LIGHT
    scale: float = 1.0

    def color(self, name: str) -> QColor:
        """The colour of a token, such as "muted".

        Raises:
            KeyError: no token has this name.
        """
        return QColor(_colors(self.tokens.dark)[name])

    def state(self, state: State) -> QColor:
        """The full colour of a state."""
        return QColor(self.tokens.states[state])

    def tint(self, state: State) -> QColor:
        """The ground on which a state's words stand."""
        return QColor(self.tokens.state_tint(state))

    def px(self, length: float) -> int:
        """A length of the design in pixels, large text considered."""
        return round(length * self.scale)

    def font(self, size: float, weight: Weight = Weight.REGULAR) -> QFont:
        """A font of `size` pixels whose figures are all of one width, so that numbers do not dance."""
        return plain_font(self.px(size), weight, tabular=True)

    def palette(self) -> QPalette:
        """Qt's palette, for what no style sheet names."""
        palette = QPalette()
        for role, name in _PALETTE.items():
            palette.setColor(role, self.color(name))
        for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, self.color("muted"))
        return palette

    def style_sheet(self, *names: str) -> str:
        """The style sheets `resources/NAME.qss`, one after the other, with tokens and lengths put in.

        Raises:
            ValueError: a sheet names a token that does not exist.
        """
        return "\n".join(self._filled(_sheet(name)) for name in names)

    def _filled(self, sheet: str) -> str:
        def value(match: re.Match[str]) -> str:
            length, name = match.groups()
            if length:
                return f"{self.px(int(length))}px"
            if name not in _colors(self.tokens.dark):
                raise ValueError(f"The style sheet names '@{name}', which is not a colour token.")
            return _colors(self.tokens.dark)[name]

        return _PLACEHOLDER.sub(value, sheet)


def plain_font(pixels: int, weight: Weight, *, tabular: bool) -> QFont:
    """A font of exactly `pixels`; `tabular` figures are all of one width."""
    font = QFont(list(FAMILIES))
    font.setPixelSize(pixels)
    font.setWeight(weight.value)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    if hasattr(font, "setFeature"):  # Qt 6.7 and later
        font.setFeature(QFont.Tag("tnum"), int(tabular))
    return font


class Look(QObject):
    """The theme that a program wears.

    Attributes:
        theme: the present one.
        mode: what was chosen.

    Signals:
        changed: the theme is another one; widgets that paint for themselves update.

    Args:
        app: the application that is dressed.
        sheets: names of its style sheets in `resources`, in order.
    """

    changed = pyqtSignal()

    def __init__(self, app: QApplication, sheets: Sequence[str] = ()) -> None:
        super().__init__(app)
        self.theme = Theme()
        self._app = app
        self._sheets = tuple(sheets)
        self.mode = Mode.AUTO
        hints = app.styleHints()
        if hints is not None:
            hints.colorSchemeChanged.connect(self._follow)

    def choose(self, mode: Mode, *, scale: float = 1.0) -> None:
        """Wears the colours of `mode` at `scale`, from now on and at once."""
        self.mode = mode
        self._wear(Theme(self._tokens(), scale))

    def _follow(self) -> None:
        if self.mode is Mode.AUTO:
            self._wear(Theme(self._tokens(), self.theme.scale))

    def _tokens(self) -> Tokens:
        if self.mode is Mode.AUTO:
            hints = self._app.styleHints()
            dark = hints is not None and hints.colorScheme() is Qt.ColorScheme.Dark
        else:
            dark = self.mode is Mode.DARK
        return DARK if dark else LIGHT

    def _wear(self, theme: Theme) -> None:
        self.theme = theme
        self._app.setPalette(theme.palette())
        self._app.setFont(theme.font(14))
        self._app.setStyleSheet(theme.style_sheet(*self._sheets))
        self.changed.emit()


_PALETTE = {
    QPalette.ColorRole.Window: "background",
    QPalette.ColorRole.WindowText: "text",
    QPalette.ColorRole.Base: "surface",
    QPalette.ColorRole.AlternateBase: "raised",
    QPalette.ColorRole.Text: "text",
    QPalette.ColorRole.PlaceholderText: "muted",
    QPalette.ColorRole.Button: "surface",
    QPalette.ColorRole.ButtonText: "text",
    QPalette.ColorRole.BrightText: "on_danger",
    QPalette.ColorRole.Highlight: "accent",
    QPalette.ColorRole.HighlightedText: "on_accent",
    QPalette.ColorRole.Link: "accent",
    QPalette.ColorRole.LinkVisited: "accent",
    QPalette.ColorRole.ToolTipBase: "raised",
    QPalette.ColorRole.ToolTipText: "text",
    QPalette.ColorRole.Light: "raised",
    QPalette.ColorRole.Midlight: "line",
    QPalette.ColorRole.Mid: "line",
    QPalette.ColorRole.Dark: "edge",
    QPalette.ColorRole.Shadow: "edge",
}


@cache
def _colors(dark: bool) -> dict[str, str]:
    """Every colour of a theme by the name that style sheets use: tokens, states and tints."""
    tokens = DARK if dark else LIGHT
    named = {name: value for name, value in msgspec.structs.asdict(tokens).items() if isinstance(value, str)}
    states = {f"state_{state.value}": color for state, color in tokens.states.items()}
    tints = {f"tint_{state.value}": tokens.state_tint(state) for state in State}
    return named | states | tints


@cache
def _sheet(name: str) -> str:
    return resource_text(f"{name}.qss")

from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QApplication

from asyncluster.core.qt import theme as theme_module
from asyncluster.core.qt.theme import Look, Mode, Theme, Weight
from asyncluster.core.qt.tokens import DARK, LIGHT, State


@pytest.fixture
def sheet(monkeypatch):
    """Puts a text in the place of the style sheet called "trial"."""

    def put(text: str) -> None:
        monkeypatch.setattr(theme_module, "_sheet", lambda _name: text)

    return put


@pytest.fixture
def undressed(qapp):
    yield qapp
    qapp.setStyleSheet("")


def test_style_sheets_get_tokens_and_scaled_lengths(sheet):
    sheet("a { color: @muted; background: @tint_error; height: @(14); }")
    filled = Theme(DARK, scale=1.5).style_sheet("trial")
    assert filled == f"a {{ color: {DARK.muted}; background: {DARK.state_tint(State.ERROR)}; height: 21px; }}"


def test_a_style_sheet_with_an_unknown_token_is_refused(sheet):
    sheet("a { color: @mauve; }")
    with pytest.raises(ValueError, match="@mauve"):
        Theme().style_sheet("trial")


def test_the_sheets_share_one_palette(qapp):
    assert Theme(LIGHT).palette().color(QPalette.ColorRole.Highlight).name().upper() == LIGHT.accent
    assert Theme(DARK).palette().color(QPalette.ColorRole.Base).name().upper() == DARK.surface


def test_fonts_scale_have_equal_figures_and_no_hinting(qapp):
    font = Theme(scale=1.5).font(14, Weight.BOLD)
    assert font.pixelSize() == 21
    assert font.weight() == 600
    assert font.families() == ["Inter", "Noto Sans", "DejaVu Sans"]


def test_figures_are_all_of_one_width(qapp):
    from PyQt6.QtGui import QFontMetricsF

    metrics = QFontMetricsF(Theme().font(14))
    assert len({round(metrics.horizontalAdvance(digit), 3) for digit in "0123456789"}) == 1


def test_a_look_dresses_the_application_and_says_so(undressed, qtbot):
    look = Look(undressed, ("base",))
    with qtbot.waitSignal(look.changed):
        look.choose(Mode.DARK, scale=1.25)
    assert look.theme == Theme(DARK, 1.25)
    assert DARK.surface in undressed.styleSheet()
    assert undressed.palette().color(QPalette.ColorRole.Window).name().upper() == DARK.background
    look.choose(Mode.LIGHT)
    assert LIGHT.surface in QApplication.instance().styleSheet()


def test_auto_follows_the_desktop_and_a_choice_does_not(undressed, monkeypatch, qtbot):
    look = Look(undressed)
    look.choose(Mode.AUTO, scale=2)
    scheme = Qt.ColorScheme.Dark

    class Hints:
        def colorScheme(self):
            return scheme

    monkeypatch.setattr(type(undressed), "styleHints", lambda _self: Hints())
    look._follow()
    assert look.theme == Theme(DARK, 2)
    look.choose(Mode.LIGHT)
    look._follow()
    assert look.theme.tokens is LIGHT
    look.choose(Mode.AUTO)
    assert look.theme.tokens is DARK

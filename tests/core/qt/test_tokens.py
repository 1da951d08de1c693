from __future__ import annotations

import pytest

from asyncluster.core.qt.tokens import DARK, LIGHT, State, contrast, ink_on, mix

THEMES = pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
GROUNDS = ("backdrop", "background", "surface", "raised", "select")


@THEMES
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("ink", ["text", "muted", "accent", "error_text"])
def test_words_can_be_read_on_every_ground(tokens, ink, ground):
    assert contrast(getattr(tokens, ink), getattr(tokens, ground)) >= 4.5


@THEMES
@pytest.mark.parametrize("ground", ["background", "surface"])
def test_borders_of_controls_can_be_seen(tokens, ground):
    assert contrast(tokens.edge, getattr(tokens, ground)) >= 3


@THEMES
def test_what_stands_on_filled_buttons_can_be_read(tokens):
    assert contrast(tokens.on_accent, tokens.accent) >= 4.5
    assert contrast(tokens.on_danger, tokens.danger) >= 4.5


@THEMES
@pytest.mark.parametrize("state", State)
def test_glyphs_and_words_on_state_colours_can_be_read(tokens, state):
    assert contrast(ink_on(tokens.states[state]), tokens.states[state]) >= 4.4
    assert contrast(tokens.text, tokens.state_tint(state)) >= 9


@THEMES
def test_job_chips_can_be_read_and_come_in_turn(tokens):
    assert all(contrast(color, tokens.raised) >= 4.7 for color in tokens.jobs)
    assert len({tokens.job_color(number) for number in range(6)}) == 6
    assert tokens.job_color(1) == tokens.job_color(7)


@THEMES
def test_every_state_has_a_colour_of_its_own(tokens):
    assert set(tokens.states) == set(State)
    assert len(set(tokens.states.values())) == len(State)


def test_mix_goes_from_one_colour_to_the_other():
    assert mix("#FF0000", "#00FF00", 0) == "#00FF00"
    assert mix("#FF0000", "#00FF00", 1) == "#FF0000"
    assert mix("#DB9E1E", "#DFE6E1", 0.5) == "#DDC280"


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)

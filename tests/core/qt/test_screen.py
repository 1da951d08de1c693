from __future__ import annotations

import socket

import pytest

from asyncluster.core.qt.screen import missing_screen


@pytest.mark.parametrize(
    "environment", [{"QT_QPA_PLATFORM": "offscreen"}, {"WAYLAND_DISPLAY": "wayland-0"}, {"DISPLAY": "what/ever"}]
)
def test_what_only_qt_can_judge_is_left_to_it(environment: dict[str, str]) -> None:
    assert missing_screen(environment) == ""


def test_without_a_display_there_is_no_screen() -> None:
    assert "$DISPLAY is not set" in missing_screen({})


@pytest.mark.parametrize("display", [":64999", "unix:64999.0", "localhost:59000", "localhost:99999"])
def test_where_nothing_answers_there_is_none(display: str) -> None:
    assert f"the display {display} " in missing_screen({"DISPLAY": display})


def test_a_server_that_answers_is_one() -> None:
    number = 59_321
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0/tmp/.X11-unix/X{number}")
        server.listen()
        assert missing_screen({"DISPLAY": f":{number}"}) == ""

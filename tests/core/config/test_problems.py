from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.config.problems import Problem, nearest, shown


@given(st.text())
def test_shown_text_is_short_and_printable(text: str) -> None:
    assert shown(text).isprintable()
    assert len(shown(text)) <= 49


def test_shown_keeps_plain_text() -> None:
    assert shown("tcp port") == "tcp port"
    assert shown("a\x1b[2Jb\n") == "a?[2Jb?"


def test_nearest_names_a_known_name_always() -> None:
    assert nearest("subnet", ["database", "subnets"]) == "subnets"
    assert nearest("Tcp_Port", ["tcp port", "socket"]) == "tcp port"
    assert nearest("", ["only"]) == "only"
    assert nearest("x" * 100_000, ["only"]) == "only"


def test_a_problem_reads_as_a_line() -> None:
    assert str(Problem(3, "client", "user", "Is wrong.")) == "line 3: [client] user: Is wrong."
    assert str(Problem(None, "client", "", "Is missing.")) == "[client] Is missing."
    assert str(Problem(None, "", "", "There is no such file.")) == "There is no such file."

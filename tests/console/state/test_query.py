from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lab import NOW, Lab

from asyncluster.console.state import nodes
from asyncluster.console.state.query import read
from asyncluster.core.wire.feed import NodeRow

FIELDS = nodes.fields(lambda: NOW)
NODES = list(Lab().nodes.values())


def found(text: str) -> list[str]:
    return [node.name for node in NODES if read(text, FIELDS).matches(node)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("state:suspended", ["pc09"]),
        ("state:SUSP", ["pc09"]),
        ('state:"in use" cores>8', ["pc14", "pc17"]),
        ("user:fischer", ["pc07"]),
        ("user:lfischer", ["pc07"]),
        ("left<15min", ["pc07", "pc17"]),
        ("left<=0:05", ["pc17"]),
        ("chlo", ["pc17"]),
        ("scratch", ["pc22"]),
        ("state:computing -job:214 -job:209 cores>8", ["pc18"]),
        ("cores=12", ["pc08"]),
        ("pc0 state:idle", ["pc06"]),
    ],
)
def test_a_query_finds(text, names):
    assert found(text) == names


@pytest.mark.parametrize("text", ["", "   ", "cores>", "state:", '"', "-"])
def test_what_is_not_finished_filters_nothing(text):
    assert len(found(text)) == len(NODES) or text == "-"
    assert read(text, FIELDS).problem == ""


def test_a_field_that_does_not_exist_is_said_with_those_that_do():
    query = read("colour:red pc01", FIELDS)
    assert "no field colour" in query.problem
    assert "state" in query.problem
    assert found("colour:red pc01") == ["pc01"]


def test_a_comparison_with_a_word_is_said():
    assert "no number" in read("cores>many", FIELDS).problem


def test_nothing_is_less_than_a_number_that_is_not_there():
    idle = NodeRow("pc99", "idle", NOW, 4)
    assert not read("left<99h", FIELDS).matches(idle)
    assert read("-left<99h", FIELDS).matches(idle)


@given(st.text())
def test_whatever_is_typed_is_read(text):
    query = read(text, FIELDS)
    for node in NODES:
        query.matches(node)

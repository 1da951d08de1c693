from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.ndm.worker.capture import BUDGET, Capture


class Sent(list):
    def __call__(self, stream, text):
        self.append((stream, text))


@pytest.fixture
def sent():
    return Sent()


def test_lines_leave_when_they_are_whole(sent):
    capture = Capture("out", sent, 1)
    print("a", 1, file=capture, end="")
    assert sent == []
    print("b\nc", file=capture, end="")
    assert sent == [("out", "a 1b\n")]
    capture.next_call()
    assert sent[1:] == [("out", "c")]


def test_a_long_line_leaves_in_pieces(sent):
    capture = Capture("err", sent, 2)
    capture.write("x" * 20_000)
    assert [len(text) for _, text in sent] == [8192, 8192, 3616]


def test_each_call_has_a_budget_of_its_own(sent):
    capture = Capture("out", sent, 1)
    capture.write("x" * (BUDGET + 5) + "\n")
    capture.write("more\n")
    text = "".join(text for _, text in sent)
    assert text == "x" * BUDGET + "\n... (more was printed, but not kept)\n"
    sent.clear()
    capture.next_call()
    capture.write("fresh\n")
    assert sent == [("out", "fresh\n")]


def test_only_text_can_be_written(sent):
    with pytest.raises(TypeError, match="not bytes"):
        Capture("out", sent, 1).write(b"x")


@given(st.lists(st.text(alphabet=st.characters(codec=None, exclude_categories=()))))
def test_whatever_is_written_travels(pieces):
    sent = Sent()
    capture = Capture("out", sent, 1)
    for piece in pieces:
        assert capture.write(piece) == len(piece)
    capture.flush()
    expected = "".join(pieces).encode("utf-8", "backslashreplace").decode()
    assert "".join(text for _, text in sent) == expected

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asyncluster.console.state.finding import Entry, found

LABELS = [
    ("Give Lena Fischer 15 min today", "lfischer"),
    ("Give Lena Fischer 30 min today", "lfischer"),
    ("Open Lena Fischer", "lfischer"),
    ("Message Lena Fischer", "lfischer"),
    ("Open pc07", "lfischer"),
    ("Job 212 ocr-archive, by lfischer", ""),
    ("Go to People", ""),
]
ENTRIES = [Entry(label, "", "", lambda: None, also) for label, also in LABELS]


def labels(text: str) -> list[str]:
    return [entry.label for entry in found(text, ENTRIES)]


def test_beginnings_of_words_find_the_command():
    assert labels("give lena 30")[0] == "Give Lena Fischer 30 min today"
    assert labels("op pc") == ["Open pc07"]


def test_a_person_is_found_by_the_user_id_and_a_job_by_its_number():
    assert "Open Lena Fischer" in labels("lfi")
    assert labels("212") == ["Job 212 ocr-archive, by lfischer"]


def test_what_begins_with_the_first_word_comes_first():
    assert labels("open fischer")[0] == "Open Lena Fischer"


def test_a_part_of_a_word_is_found_but_later():
    assert labels("cher")[0].endswith("today")
    assert labels("rchi") == ["Job 212 ocr-archive, by lfischer"]


def test_the_heavier_of_two_that_fit_comes_first():
    light, heavy = Entry("Drain pc01", "", "", lambda: None), Entry("Drain pc02", "", "", lambda: None, "", 3)
    assert found("drain", [light, heavy]) == [heavy, light]


def test_nothing_typed_shows_everything_in_order_and_no_more_than_wanted():
    assert labels("") == [label for label, _also in LABELS]
    assert len(found("", ENTRIES, 2)) == 2


@given(st.text(max_size=20))
def test_whatever_is_typed_finds_only_what_holds_its_words(text):
    for entry in found(text, ENTRIES):
        assert all(word in f"{entry.label} {entry.also}".casefold() for word in text.casefold().split())

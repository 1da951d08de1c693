from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.commands.records import Record, read_csv, read_json_lines
from asyncluster.core.errors import UsageError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def told(records: list[Record]) -> list[object]:
    return [(record.line, str(record.problem) if record.problem else record.value) for record in records]


@given(st.lists(JSON))
def test_each_line_of_json_is_a_value(values: list[object]) -> None:
    text = "".join(json.dumps(value) + "\n" for value in values)
    assert told(list(read_json_lines(io.StringIO(text)))) == list(enumerate(values, 1))


def test_a_bad_line_is_told_with_its_number_and_spoils_no_other() -> None:
    records = list(read_json_lines(io.StringIO('1\n{"a": }\n\n"four"\n')))
    assert told(records) == [(1, 1), (2, "not JSON: Expecting value at column 7"), (4, "four")]


def test_nesting_without_end_is_told_and_not_a_crash() -> None:
    (record,) = read_json_lines(io.StringIO("[" * 200_000))
    assert "nested too deeply" in str(record.problem)


def test_bytes_that_are_no_text_spoil_only_their_line() -> None:
    file = io.TextIOWrapper(io.BytesIO(b'"\xff"\n2\n'), encoding="utf-8", errors="surrogateescape")
    assert told(list(read_json_lines(file))) == [(1, "\ufffd"), (2, 2)]


def test_csv_rows_are_dicts_by_the_header() -> None:
    records = list(read_csv(io.StringIO('name,size\nSun,1\n\n"a\nb",2\n')))
    assert told(records) == [(2, {"name": "Sun", "size": "1"}), (5, {"name": "a\nb", "size": "2"})]


def test_a_csv_row_of_another_length_is_told() -> None:
    records = list(read_csv(io.StringIO("a,b\n1\n1,2,3\n3,4\n")))
    assert told(records) == [
        (2, "1 fields where the header names 2"),
        (3, "3 fields where the header names 2"),
        (4, {"a": "3", "b": "4"}),
    ]


@pytest.mark.parametrize(("text", "words"), [("", "is empty"), ("a,a\n", "names 'a' twice")])
def test_a_csv_file_without_a_good_header_is_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        list(read_csv(io.StringIO(text)))


@given(st.text())
def test_whatever_the_file_holds_there_are_only_records_or_a_usage_error(text: str) -> None:
    list(read_json_lines(io.StringIO(text)))
    try:
        list(read_csv(io.StringIO(text, newline="")))
    except UsageError:
        pass

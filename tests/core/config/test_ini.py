from __future__ import annotations

import configparser

from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.config.ini import MAX_LINES, parse

LINES = st.one_of(
    st.sampled_from(["", "  ", "# note", "  # note", "[a]", "[b]", "[a] # x", "key", "= 1", ":", "  more = 2", "\tx"]),
    st.from_regex(r"\A[ \t]{0,2}[abK ]{1,3} ?= ?[a-c#;%\"'= ]{0,6}\Z"),
    st.text(max_size=8).filter(lambda text: not set(text) & set("\r\n")),
)


def oracle() -> configparser.ConfigParser:
    return configparser.ConfigParser(
        interpolation=None,
        delimiters=("=",),
        comment_prefixes=("#",),
        inline_comment_prefixes=None,
        strict=True,
        default_section="\0",  # [DEFAULT] is a section like others
    )


@given(st.lists(LINES, max_size=12))
def test_reads_what_configparser_reads(lines: list[str]) -> None:
    text = "\n".join(lines)
    document = parse(text)
    parser = oracle()
    try:
        parser.read_string(text)
    except configparser.Error:
        assert document.problems
        return
    assert not document.problems
    assert list(document.sections) == parser.sections()
    # Empty lines inside a value count for the other parser only.
    expected = {
        (section, key): [line for line in value.split("\n") if line]
        for section in parser.sections()
        for key, value in parser[section].items()
    }
    assert {where: [line for line in e.lines if line] for where, e in document.entries.items()} == expected


@given(st.text())
def test_any_text_is_a_document(text: str) -> None:
    document = parse(text)
    count = text.count("\n") + text.count("\r") + 1
    for line in [*document.sections.values(), *(e.line for e in document.entries.values())]:
        assert 1 <= line <= count


def test_entries_know_their_lines() -> None:
    document = parse("# first\r\n[server]\r\n\r\nTCP Port = 1 \r\n  # note\r\n  2\r\n")
    assert document.sections == {"server": 2}
    entry = document.entries["server", "tcp port"]
    assert (entry.line, entry.lines) == (4, ["1", "2"])


def test_all_mistakes_are_found_and_none_is_quoted() -> None:
    document = parse("hunter2\nx = hunter2\n[a]\nx = 1\nx = hunter2\n[b]\n[a]\n= hunter2\n")
    assert [problem.line for problem in document.problems] == [1, 2, 5, 7, 8]
    assert "line 4" in document.problems[2].message
    assert "line 3" in document.problems[3].message
    assert "hunter2" not in "".join(map(str, document.problems))


def test_first_of_two_values_stays() -> None:
    assert parse("[a]\nx = 1\nx = 2").entries["a", "x"].text == "1"


def test_endless_files_are_cut() -> None:
    document = parse("[a]\n" + "x\n" * MAX_LINES * 2)
    assert len(document.problems) == MAX_LINES
    assert document.problems[-1].line == MAX_LINES + 1

from __future__ import annotations

import os
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.ndm.session.desktop_entries import BadEntry, find_sessions, parse_entry, split_exec

PLASMA = """\
# a comment
[Desktop Entry]
Type=XSession
Exec=/usr/bin/startplasma-x11
TryExec=startplasma-x11
DesktopNames=KDE;Plasma
Name=Plasma (X11)
Name[de]=Plasma auf Deutsch
Name[pt_BR]=Plasma em português

[Desktop Action other]
Name=Not this one
Exec=rm -rf /
"""


def parse(text: str, language: str = "en", executable=lambda _program: True):
    return parse_entry("plasma", text, language, executable)


def entry(**keys: str) -> str:
    lines = {"Type": "Application", "Name": "X", "Exec": "x", **keys}
    return "[Desktop Entry]\n" + "".join(f"{key}={value}\n" for key, value in lines.items())


def test_an_entry_is_read_by_the_specification():
    choice = parse(PLASMA)
    assert choice is not None
    assert (choice.id, choice.name) == ("plasma", "Plasma (X11)")
    assert choice.argv == ("/usr/bin/startplasma-x11",)
    assert choice.desktops == ("KDE", "Plasma")


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("de", "Plasma auf Deutsch"),
        ("de_CH.UTF-8", "Plasma auf Deutsch"),
        ("pt_BR", "Plasma em português"),
        ("pt", "Plasma (X11)"),
        ("fr", "Plasma (X11)"),
    ],
)
def test_names_are_in_the_persons_language(language, name):
    assert parse(PLASMA, language).name == name


@pytest.mark.parametrize("keys", [{"Hidden": "true"}, {"NoDisplay": "true"}, {"NoDisplay": "1"}, {"Type": "Link"}])
def test_what_is_hidden_is_not_offered(keys):
    assert parse(entry(**keys)) is None


def test_try_exec_is_honoured():
    asked = []
    assert parse(entry(TryExec="/opt/my\\sdesktop"), executable=asked.append) is None
    assert asked == ["/opt/my desktop"]
    assert parse(entry(TryExec="thing"), executable=lambda program: program == "thing") is not None


@pytest.mark.parametrize(
    ("line", "argv"),
    [
        ("startkde", ("startkde",)),
        ("  env  A=1 startx  ", ("env", "A=1", "startx")),
        ("start --file %f %U --name=%c 100%%", ("start", "--file", "--name=", "100%")),
        (r'"/opt/my wm" "a \"quoted\" \$word \`x\` \\ end"', ("/opt/my wm", 'a "quoted" $word `x` \\ end')),
        (r'sh -c "exec icewm; ls"', ("sh", "-c", "exec icewm; ls")),
    ],
)
def test_exec_becomes_arguments(line, argv):
    assert split_exec(line) == argv


def test_escapes_of_the_file_come_before_those_of_quotes():
    choice = parse(entry(Exec=r'run "a\\$b"'))
    assert choice.argv == ("run", "a$b")


@pytest.mark.parametrize(
    "line", ["", "   ", "%U", '"" x', '"open', "a; b", "a | b", "a $HOME", "a `b`", "~/wm", "it's", "a>b", "a\0b"]
)
def test_exec_that_a_shell_would_be_needed_for_is_refused(line):
    with pytest.raises(BadEntry):
        split_exec(line)


@pytest.mark.parametrize("text", ["", "Name=X\nExec=x\n", "[Other]\nName=X\n", entry(Name=""), entry(Exec="")])
def test_broken_entries_are_refused(text):
    with pytest.raises(BadEntry):
        parse(text)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1))
def test_arguments_that_are_quoted_by_the_specification_come_back_as_they_were(arguments):
    def quoted(argument: str) -> str:
        escaped = argument
        for character in '\\"`$':
            escaped = escaped.replace(character, "\\" + character)
        return f'"{escaped}"'

    assert split_exec(" ".join(map(quoted, arguments))) == tuple(arguments)


@given(st.text())
def test_any_text_is_a_choice_or_nothing_or_a_bad_entry(text):
    for whole in (text, "[Desktop Entry]\nName=x\nExec=" + text):
        try:
            parse(whole)
        except BadEntry:
            pass


def test_folders_are_searched_in_order_and_broken_files_passed_over(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir(), second.mkdir()
    (first / "b.desktop").write_text(entry(Name="beta", Exec="one"))
    (second / "b.desktop").write_text(entry(Name="other", Exec="two"))
    (second / "a.desktop").write_text(entry(Name="Alpha", Exec=shlex.quote("wm")))
    (second / "broken.desktop").write_bytes(b"\xff\xfe[Desktop Entry]")
    (second / "hidden.desktop").write_text(entry(Hidden="true"))
    (second / "readme.txt").write_text(entry())
    (second / "folder.desktop").mkdir()
    os.mkfifo(second / "pipe.desktop")
    found = find_sessions([tmp_path / "none", first, second])
    assert [(choice.id, choice.argv) for choice in found] == [("a", ("wm",)), ("b", ("one",))]


def test_hiding_an_entry_in_an_earlier_folder_hides_it(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir(), second.mkdir()
    (first / "b.desktop").write_text(entry(Hidden="true"))
    (second / "b.desktop").write_text(entry())
    assert find_sessions([first, second]) == []


def test_without_a_judge_try_exec_is_looked_up_on_this_machine(tmp_path):
    (tmp_path / "a.desktop").write_text(entry(TryExec="sh"))
    (tmp_path / "b.desktop").write_text(entry(TryExec="no-such-program-here"))
    (tmp_path / "c.desktop").write_text(entry(TryExec="/no/such/program"))
    assert [choice.id for choice in find_sessions([tmp_path])] == ["a"]

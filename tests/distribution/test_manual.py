"""Manual pages and completions say what the commands say."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from support.pages import ROOT

from asyncluster.__main__ import NOUNS, asyncluster
from asyncluster.core.config.keys import SECTIONS


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("manual")
    subprocess.run([sys.executable, str(ROOT / "distribution/manual.py"), str(directory)], check=True, timeout=100)
    return directory


def plain(page: Path) -> str:
    return page.read_text(encoding="utf-8").replace("\\-", "-").replace("\\e", "\\")


def test_the_formatter_has_no_complaint(made: Path) -> None:
    for page in sorted((made / "man").iterdir()):
        done = subprocess.run(
            ["groff", "-man", "-Tutf8", "-Kutf8", "-ww", "-z", str(page)], capture_output=True, text=True, timeout=50
        )
        assert (done.returncode, done.stderr) == (0, ""), page.name


def test_there_is_a_page_for_each_noun_and_the_configuration(made: Path) -> None:
    names = {page.name for page in (made / "man").iterdir()}
    assert names == {"asyncluster.1", "asyncluster.conf.5", *(f"asyncluster-{noun}.1" for noun in NOUNS)}


@pytest.mark.parametrize("noun", NOUNS)
def test_every_verb_and_option_is_on_its_page(made: Path, noun: str) -> None:
    text = plain(made / "man" / f"asyncluster-{noun}.1")
    command = asyncluster.get_command(click.Context(asyncluster), noun)
    assert command is not None
    verbs = {noun: command}
    if isinstance(command, click.Group):
        inner = click.Context(command)
        verbs = {f"{noun} {verb}": command.get_command(inner, verb) for verb in command.list_commands(inner)}
    for path, verb in verbs.items():
        assert f".B asyncluster {path}\n" in text
        assert verb is not None
        for parameter in verb.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert all(name in text for name in parameter.opts), parameter.opts


def test_every_key_is_on_the_page_of_the_configuration(made: Path) -> None:
    text = plain(made / "man" / "asyncluster.conf.5")
    for section in SECTIONS:
        assert f".SH [{section.name}]\n" in text
        assert [key.name for key in section.keys if f"\\fB{key.name}\\fR" not in text] == []


@pytest.mark.parametrize(("shell", "sign"), [("bash", "complete -o"), ("zsh", "compdef"), ("fish", "complete --")])
def test_each_shell_has_a_completion(made: Path, shell: str, sign: str) -> None:
    text = (made / "completions" / f"asyncluster.{shell}").read_text(encoding="utf-8")
    assert sign in text
    assert "_ASYNCLUSTER_COMPLETE" in text


@pytest.mark.parametrize(("typed", "wanted"), [("asyncluster no", "node"), ("asyncluster job re", "renice")])
def test_completing_a_word(typed: str, wanted: str) -> None:
    environment = {
        **os.environ,
        "_ASYNCLUSTER_COMPLETE": "bash_complete",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split()) - 1),
    }
    command = [sys.executable, "-c", "from asyncluster.__main__ import main; main()"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=50)
    assert done.stdout == f"plain,{wanted}\n"


def test_the_menu_entry_starts_the_console_with_an_icon_that_is_there() -> None:
    entries = configparser.ConfigParser(interpolation=None)
    entries.optionxform = str  # type: ignore[assignment,method-assign]
    entries.read(ROOT / "resources/desktop/asyncluster-console.desktop", encoding="utf-8")
    entry = entries["Desktop Entry"]
    assert entry["Exec"] == "asyncluster console"
    assert (ROOT / f"resources/icons/{entry['Icon']}.svg").is_file()
    window = (ROOT / "asyncluster/console/program.py").read_text(encoding="utf-8")
    assert f'setDesktopFileName("{entry["StartupWMClass"]}")' in window
    assert re.fullmatch(r"(\w+;)+", entry["Categories"])

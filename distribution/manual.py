"""The manual pages and the shells' completions, made from the commands and the keys of the configuration.

    python distribution/manual.py DIRECTORY

makes `man/asyncluster.1`, a page for each noun such as `man/asyncluster-job.1`, `man/asyncluster.conf.5`, and
`completions/asyncluster.bash`, `.zsh` and `.fish`. What a page says is what `--help` says.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from asyncluster.__main__ import NOUNS, asyncluster
from asyncluster.core.config.keys import SECTIONS, Key
from asyncluster.core.errors import ExitCode

SHELLS = ("bash", "zsh", "fish")
_ENDS = {
    ExitCode.DONE: "Done.",
    ExitCode.PARTLY: "Some of the work failed.",
    ExitCode.USAGE: "Wrong usage.",
    ExitCode.UNREACHABLE: "The master cannot be reached.",
    ExitCode.REFUSED: "Refused: this account may not do that.",
    ExitCode.CONFIG: "The configuration is refused.",
}


def pages() -> Iterator[tuple[str, str]]:
    """(file name, text) of each manual page."""
    context = click.Context(asyncluster, info_name="asyncluster")
    nouns = [(name, asyncluster.get_command(context, name)) for name in asyncluster.list_commands(context)]
    yield "asyncluster.1", _program(context)
    for name, command in nouns:
        if command is not None:
            yield f"asyncluster-{name}.1", _noun(context, name, command)
    yield "asyncluster.conf.5", _configuration()


def completion(shell: str) -> str:
    """The script that a shell reads."""
    environment = {**os.environ, "_ASYNCLUSTER_COMPLETE": f"{shell}_source"}
    command = [sys.executable, "-c", "from asyncluster.__main__ import main; main()"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def _program(context: click.Context) -> str:
    parts = [
        _title("asyncluster", 1, asyncluster.help or ""),
        ".SH SYNOPSIS\n.B asyncluster\n[\\fIOPTIONS\\fR] \\fINOUN\\fR [\\fIVERB\\fR] [\\fIARGUMENTS\\fR]\n",
        ".SH NOUNS\n",
        *(_item(rf"\fBasyncluster-{noun}\fR(1)", _plain(words)) for noun, (words, _verbs) in NOUNS.items()),
        ".SH OPTIONS\n" + _options(context, asyncluster),
        ".SH EXIT STATUS\n" + "".join(_item(str(int(code)), words) for code, words in _ENDS.items()),
        ".SH FILES\n" + _item("/etc/asyncluster.conf", "The configuration; see \\fBasyncluster.conf\\fR(5)."),
        ".SH ENVIRONMENT\n",
        _item("ASYNCLUSTER_CONF", "The configuration, instead of /etc/asyncluster.conf."),
        _item("ASYNCLUSTER_SOCKET", "The master's control socket, for commands that talk to it."),
    ]
    return "".join(parts)


def _noun(context: click.Context, name: str, command: click.Command) -> str:
    parts = [_title(f"asyncluster-{name}", 1, command.help or ""), ".SH SYNOPSIS\n"]
    inner = click.Context(command, info_name=name, parent=context)
    verbs = [(name, command, inner)]
    if isinstance(command, click.Group):
        found = [(verb, command.get_command(inner, verb)) for verb in command.list_commands(inner)]
        verbs = [
            (f"{name} {verb}", each, click.Context(each, info_name=verb, parent=inner))
            for verb, each in found
            if each is not None
        ]
    parts += [f".B asyncluster {_plain(path)}\n{_usage(verb, here)}\n.br\n" for path, verb, here in verbs]
    parts.append(".SH DESCRIPTION\n")
    for path, verb, here in verbs:
        parts += [f".SS {_plain(path)}\n", _prose(verb.help or ""), _options(here, verb)]
    parts.append(".SH SEE ALSO\n\\fBasyncluster\\fR(1), \\fBasyncluster.conf\\fR(5)\n")
    return "".join(parts)


def _configuration() -> str:
    parts = [
        _title("asyncluster.conf", 5, "Configuration of AsynCluster's master and nodes."),
        ".SH DESCRIPTION\n",
        _prose(
            "Lines are key = value, a [section] or a # comment. asyncluster config init writes a complete file, "
            "asyncluster config check says what is wrong with one."
        ),
    ]
    for section in SECTIONS:
        parts += [f".SH [{_plain(section.name)}]\n", _prose(section.description)]
        parts += [_item(rf"\fB{_plain(key.name)}\fR", _plain(_meaning(key))) for key in section.keys]
    return "".join(parts)


def _meaning(key: Key) -> str:
    default = "Required." if key.default is None else f"Default: {key.default}"
    return f"{key.description} {default}"


def _title(name: str, section: int, purpose: str) -> str:
    first = _plain(purpose.strip().split("\n")[0].rstrip("."))
    head = f'.TH {_plain(name.upper())} {section} "" AsynCluster "AsynCluster manual"\n'
    return f"{head}.SH NAME\n{_plain(name)} \\- {first}\n"


def _usage(command: click.Command, context: click.Context) -> str:
    return "".join(f"\\fI{_plain(piece)}\\fR\n" for piece in command.collect_usage_pieces(context))


def _options(context: click.Context, command: click.Command) -> str:
    records = [parameter.get_help_record(context) for parameter in command.get_params(context)]
    return "".join(_item(rf"\fB{_plain(names)}\fR", _plain(words)) for names, words in filter(None, records) if words)


def _item(term: str, words: str) -> str:
    return f".TP\n{term}\n{words}\n"


def _prose(text: str) -> str:
    paragraphs = text.replace("\b\n", "").strip().split("\n\n")
    return "".join(".PP\n" + _plain(" ".join(paragraph.split())) + "\n" for paragraph in paragraphs if paragraph)


def _plain(text: str) -> str:
    """Text that the formatter takes for nothing else."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("\n", " ")
    return rf"\&{text}" if text.startswith((".", "'")) else text


def main(directory: Path) -> None:
    """Writes them all."""
    for folder in ("man", "completions"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    for name, text in pages():
        (directory / "man" / name).write_text(text, encoding="utf-8")
    for shell in SHELLS:
        (directory / "completions" / f"asyncluster.{shell}").write_text(completion(shell), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

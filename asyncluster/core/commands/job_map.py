"""`asyncluster job map`: a function over a file, with no client code at all."""

from __future__ import annotations

import json
import sys
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from asyncluster.core.commands.job_code import environment_option, load_code, niceness_option, timeout_option
from asyncluster.core.commands.options import GlobalOptions, pass_options
from asyncluster.core.commands.records import Record, read_csv, read_json_lines
from asyncluster.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from asyncluster.core.client.futures import CallFuture
    from asyncluster.core.client.job import Job

AHEAD = 5000  # lines whose results are awaited at once; each keeps its input in memory
TOLD = 10  # failures that are told on the terminal; all of them are in the output


@click.command
@click.argument("target", metavar="FILE:FUNCTION")
@click.argument("source", metavar="INPUT")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File for the results; default: standard output.")
@niceness_option
@timeout_option
@environment_option
@pass_options
def map_lines(
    options: GlobalOptions,
    target: str,
    source: str,
    output: Path | None,
    niceness: int,
    timeout: float | None,
    environment: str | None,
) -> int:
    """Calls FUNCTION of FILE once for each line of INPUT, on the whole cluster.

    INPUT is a file of JSON Lines, a CSV file (*.csv) whose first row names the fields, or - for JSON Lines on standard
    input. The results come in the order of the input, one JSON object a line: {"line": 1, "result": ...} or
    {"line": 1, "error": {"type": ..., "message": ..., "traceback": ...}}. The exit code is 1 if some lines failed.
    """
    path, _, function = target.rpartition(":")
    if not path or not function.isidentifier():
        raise UsageError(f"{target!r} is not of the form FILE:FUNCTION, as in examples/stars.py:distance.")
    code = load_code(Path(path), function)
    with ExitStack() as stack:
        records = _open_input(stack, source, output)
        results = _open_output(stack, output)
        from asyncluster.core.client.cluster import Cluster

        cluster = stack.enter_context(Cluster(config=options.config))
        name = f"{Path(path).name}:{function}"
        job = stack.enter_context(cluster.job(code, name=name, niceness=niceness, environment=environment))
        failures = _work(job.with_(timeout=timeout), function, records, results, quiet=options.quiet or output is None)
    return _tell(failures, quiet=options.quiet)


def _open_input(stack: ExitStack, source: str, output: Path | None) -> Iterator[Record]:
    if source == "-":
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
        return read_json_lines(sys.stdin)
    path = Path(source)
    try:
        if output is not None and output.exists() and path.samefile(output):
            raise UsageError("The output would overwrite the input. Choose another file.")
        file = stack.enter_context(path.open(encoding="utf-8-sig", errors="surrogateescape", newline=""))
    except OSError as error:
        raise UsageError(f"The input {path} cannot be read: {error.strerror}.") from error
    return read_csv(file) if path.suffix.lower() == ".csv" else read_json_lines(file)


def _open_output(stack: ExitStack, output: Path | None) -> TextIO:
    if output is None:
        return sys.stdout
    try:
        return stack.enter_context(output.open("w", encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"The output {output} cannot be written: {error.strerror}.") from error


def _work(job: Job, function: str, records: Iterator[Record], results: TextIO, *, quiet: bool) -> list[tuple[int, str]]:
    """Runs all lines; returns the numbers of those that failed, with a line about each."""
    failures: list[tuple[int, str]] = []
    waiting: deque[tuple[Record, CallFuture | None]] = deque()
    with _Progress(quiet) as progress:
        for record in records:
            waiting.append((record, job.run(function, record.value) if record.problem is None else None))
            progress.read()
            while len(waiting) > AHEAD or (waiting and _is_done(waiting[0][1])):
                _finish(*waiting.popleft(), results, failures)
                progress.finished(failures)
        progress.all_read()
        while waiting:
            _finish(*waiting.popleft(), results, failures)
            progress.finished(failures)
    return failures


def _is_done(future: CallFuture | None) -> bool:
    return future is None or future.done()


def _finish(record: Record, future: CallFuture | None, results: TextIO, failures: list[tuple[int, str]]) -> None:
    """Writes what became of a line."""
    error = record.problem if future is None else future.exception()
    if future is not None and error is None:
        try:
            text = json.dumps({"line": record.line, "result": future.result()}, allow_nan=False, default=_plain)
        except Exception as unfit:
            error = unfit
    if error is not None:
        kind, message = _described(error)
        failures.append((record.line, f"{kind}: {message}"))
        failed = {"type": kind, "message": message, "traceback": traceback_of(error)}
        text = json.dumps({"line": record.line, "error": failed})
    results.write(text + "\n")


def _described(error: BaseException) -> tuple[str, str]:
    """Type and message; those of the author's exception where only a stand-in for it could come here."""
    from asyncluster.core.wire.payloads import RemoteError

    if isinstance(error, RemoteError):
        return error.type_name.rpartition(".")[2], error.message
    try:
        return type(error).__name__, str(error)
    except Exception:  # it is the author's class that says it
        return type(error).__name__, "(its message cannot be shown)"


def _plain(value: Any) -> Any:
    """Numbers and arrays of NumPy as Python's own; nothing else can be written as JSON."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"A result of type {type(value).__name__} cannot be written as JSON.")


def traceback_of(error: BaseException) -> str:
    """The traceback of a call where it ran, or what there is of one here."""
    from asyncluster.core.wire.payloads import RemoteTraceback

    if isinstance(error.__cause__, RemoteTraceback):
        return error.__cause__.text
    return "".join(traceback.format_exception_only(error))


def _tell(failures: list[tuple[int, str]], *, quiet: bool) -> int:
    if not failures:
        return ExitCode.DONE
    lines = [f"line {number}: {message.splitlines()[0][:200]}" for number, message in failures[:TOLD]]
    if len(failures) > TOLD:
        lines.append(f"and {len(failures) - TOLD} more, all of them in the output")
    click.echo(f"{len(failures)} failed:\n  " + "\n  ".join(lines), err=True)
    return ExitCode.PARTLY


class _Progress:
    """A bar on the terminal, if there is one; how many lines there are is known when all have been read."""

    def __init__(self, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr.isatty()
        self._read = 0

    def __enter__(self) -> _Progress:
        if self._shown:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
            self._bar = Progress(*columns, console=Console(stderr=True))
            self._task = self._bar.add_task("", total=None)
            self._bar.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._shown:
            self._bar.stop()

    def read(self) -> None:
        self._read += 1

    def all_read(self) -> None:
        if self._shown:
            self._bar.update(self._task, total=self._read)

    def finished(self, failures: list[tuple[int, str]]) -> None:
        if self._shown:
            self._bar.update(self._task, advance=1, description=f"{len(failures)} failed" if failures else "")

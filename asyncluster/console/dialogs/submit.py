"""Submitting a job: a file, a function in it, a file of inputs and one for the results.

The work is done by `asyncluster job map` in a process of its own, as whoever runs the console: the console holds no
state, so a job goes on when its window is closed, and the command can be copied instead of being run. Its progress
is on the jobs page like that of all jobs.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import QProcess, QProcessEnvironment
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QSpinBox, QWidget

from asyncluster.console.desk import Desk
from asyncluster.console.dialogs.sheet import Sheet
from asyncluster.console.parts.controls import label

_LONGEST_COMPLAINT = 400


def command(code: str, function: str, source: str, output: str, niceness: int) -> list[str]:
    """The arguments of `asyncluster` that do it."""
    return ["job", "map", f"{code}:{function}", source, "--output", output, "--niceness", str(niceness)]


def problem_of(code: str, function: str, source: str, output: str) -> str:
    """What is wrong with what was typed; "" if nothing is."""
    if not Path(code).is_file():
        return "The Python file is not there."
    if not function.isidentifier():
        return "The function is a name in that file, such as distance."
    if not Path(source).is_file():
        return "The input is not there: JSON Lines, or CSV with a header."
    if not output:
        return "Say which file the results go to."
    if Path(output).exists():
        return "The file for the results is there already; choose another one."
    return ""


class Submit:
    """Asks what to run, and runs it.

    Args:
        parent: of the dialog.
        socket, config: passed on to the command.
    """

    def __init__(self, desk: Desk, parent: QWidget, socket: Path, config: Path | None) -> None:
        self._desk = desk
        self._parent = parent
        self._socket = socket
        self._config = config
        self._running: set[QProcess] = set()

    def ask(self) -> Sheet:
        """Opens the dialog."""
        code, source, output = (_FileField(what) for what in ("Python file", "Input", "Results"))
        function = QLineEdit()
        function.setAccessibleName("Function")
        niceness = QSpinBox()
        niceness.setRange(0, 19)
        niceness.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        niceness.setAccessibleName("Niceness")

        def values() -> tuple[str, str, str, str]:
            return code.path(), function.text().strip(), source.path(), output.path()

        def copy() -> None:
            clipboard = QGuiApplication.clipboard()
            if clipboard is not None:
                clipboard.setText(shlex.join(["asyncluster", *command(*values(), niceness.value())]))

        sheet = Sheet(self._parent, "New job", "Start job", lambda: problem_of(*values()))
        for what, field in (
            ("Python file", code),
            ("Function, called once for each line of the input", function),
            ("Input: JSON Lines, or CSV with a header", source),
            ("File for the results", output),
            ("Niceness, 0 to 19", niceness),
        ):
            sheet.rows.addWidget(label(what, "hint"))
            sheet.rows.addWidget(field)
        copier = QPushButton("Copy as command")
        copier.setAutoDefault(False)
        copier.clicked.connect(lambda _checked: copy())
        sheet.buttons.insertWidget(0, copier)
        sheet.accepted.connect(lambda: self.start(command(*values(), niceness.value()), Path(output.path())))
        code.setFocus()
        sheet.open()
        return sheet

    def start(self, arguments: Sequence[str], output: Path) -> QProcess:
        """Runs the command; what comes of it is told."""
        process = QProcess(self._parent)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("ASYNCLUSTER_SOCKET", os.fspath(self._socket))
        process.setProcessEnvironment(environment)
        process.finished.connect(lambda code, _status: self._finished(process, code, output))
        before = [] if self._config is None else ["--config", os.fspath(self._config)]
        self._running.add(process)
        process.start(sys.executable, ["-m", "asyncluster", *before, "-q", *arguments])
        self._desk.told.emit(f"{arguments[2]} was started; its results go to {output}.", None)
        return process

    def _finished(self, process: QProcess, code: int, output: Path) -> None:
        self._running.discard(process)
        complaint = process.readAllStandardError().data().decode(errors="replace").strip()[:_LONGEST_COMPLAINT]
        process.deleteLater()
        if code == 0:
            self._desk.told.emit(f"All results are in {output}.", None)
        else:
            self._desk.failed.emit(complaint or f"The job ended with exit code {code}; see {output}.")


class _FileField(QWidget):
    """A path, typed or chosen."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self._what = what
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._path = QLineEdit()
        self._path.setAccessibleName(what)
        button = QPushButton("Choose\u2026")
        button.setAutoDefault(False)
        button.clicked.connect(lambda _checked: self._choose())
        row.addWidget(self._path, 1)
        row.addWidget(button)
        self.setFocusProxy(self._path)

    def path(self) -> str:
        return self._path.text().strip()

    def _choose(self) -> None:
        chooser = QFileDialog(self, self._what)
        if self._what == "Results":
            chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        chooser.fileSelected.connect(self._path.setText)
        chooser.open()

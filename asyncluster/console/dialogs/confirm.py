"""The question before something that cannot be undone: it names its targets, and the keyboard is on Cancel."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtWidgets import QWidget

from asyncluster.console.dialogs.sheet import Sheet
from asyncluster.console.parts.controls import label
from asyncluster.console.state.actions import Question


def confirm(parent: QWidget, question: Question, yes: Callable[[], None]) -> Sheet:
    """Asks; calls `yes` if the answer is yes, and nothing otherwise."""
    sheet = Sheet(parent, question.title, question.button, role="danger")
    sheet.rows.addWidget(label(question.text, wrap=True))
    sheet.go.setAutoDefault(False)
    sheet.cancel.setDefault(True)
    sheet.cancel.setFocus()
    sheet.accepted.connect(yes)
    sheet.open()
    return sheet

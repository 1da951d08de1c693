"""Dialogs that ask for one or two values, and give them to whoever wanted them."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QHBoxLayout, QLineEdit, QPlainTextEdit, QSpinBox, QWidget

from asyncluster.console.dialogs.sheet import Sheet
from asyncluster.console.parts.checkbox import CheckBox
from asyncluster.console.parts.controls import label

MESSAGE = 1000  # characters
PASSWORD_LEAST = 8


def ask_number(
    parent: QWidget, title: str, what: str, bounds: tuple[int, int, int], verb: str, then: Callable[[int], None]
) -> Sheet:
    """Asks for a number between the first two of `bounds`; the third stands there at first."""
    field = QSpinBox()
    field.setRange(bounds[0], bounds[1])
    field.setValue(bounds[2])
    field.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
    field.setAccessibleName(what)
    sheet = Sheet(parent, title, verb)
    sheet.rows.addWidget(label(what, "hint"))
    sheet.rows.addWidget(field)
    sheet.accepted.connect(lambda: then(field.value()))
    field.selectAll()
    field.setFocus()
    sheet.open()
    return sheet


def ask_text(parent: QWidget, title: str, what: str, verb: str, then: Callable[[str], None]) -> Sheet:
    """Asks for a text."""
    field = QPlainTextEdit()
    field.setAccessibleName(what)
    field.setTabChangesFocus(True)
    field.setFixedHeight(96)

    def accept() -> str:
        text = field.toPlainText().strip()
        if not text:
            return "Write something first."
        return f"At most {MESSAGE} characters fit; these are {len(text)}." if len(text) > MESSAGE else ""

    sheet = Sheet(parent, title, verb, accept)
    sheet.rows.addWidget(label(what, "hint"))
    sheet.rows.addWidget(field)
    sheet.accepted.connect(lambda: then(field.toPlainText().strip()))
    field.setFocus()
    sheet.open()
    return sheet


class HoursField(QWidget):
    """Hours of a day or a week, or no limit."""

    def __init__(self, what: str, most: int, seconds: float | None) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._hours = QDoubleSpinBox()
        self._hours.setRange(0, most)
        self._hours.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self._hours.setSingleStep(0.5)
        self._hours.setDecimals(2)
        self._hours.setSuffix(" h")
        self._hours.setAccessibleName(what)
        self._hours.setValue(most if seconds is None else seconds / 3600)
        self._free = CheckBox("No limit")
        self._free.setAccessibleName(f"{what}: no limit")
        self._free.toggled.connect(lambda on: self._hours.setEnabled(not on))
        self._free.setChecked(seconds is None)
        row.addWidget(self._hours, 1)
        row.addWidget(self._free)
        self.setFocusProxy(self._free if seconds is None else self._hours)

    def hours(self) -> float | None:
        """What was chosen; None is no limit."""
        return None if self._free.isChecked() else self._hours.value()


def ask_hours(
    parent: QWidget,
    title: str,
    seconds: tuple[float | None, float | None],
    then: Callable[[float | None, float | None], None],
) -> Sheet:
    """Asks for the hours of a day and of a week; `seconds` are those of now."""
    daily, weekly = HoursField("Hours a day", 24, seconds[0]), HoursField("Hours a week", 168, seconds[1])
    sheet = Sheet(parent, title, "Set hours")
    for what, field in (("Hours a day", daily), ("Hours a week, from Monday", weekly)):
        sheet.rows.addWidget(label(what, "hint"))
        sheet.rows.addWidget(field)
    sheet.accepted.connect(lambda: then(daily.hours(), weekly.hours()))
    daily.setFocus()
    sheet.open()
    return sheet


def _password_field(what: str) -> QLineEdit:
    field = QLineEdit()
    field.setEchoMode(QLineEdit.EchoMode.Password)
    field.setAccessibleName(what)
    field.setMaxLength(1024)
    return field


def _password_problem(first: str, second: str) -> str:
    if len(first) < PASSWORD_LEAST:
        return f"A password has at least {PASSWORD_LEAST} characters."
    return "" if first == second else "The two are not the same."


def ask_password(parent: QWidget, title: str, then: Callable[[str], None]) -> Sheet:
    """Asks for a new password, twice."""
    first, second = _password_field("New password"), _password_field("The same again")
    sheet = Sheet(parent, title, "Set password", lambda: _password_problem(first.text(), second.text()))
    for what, field in (("New password", first), ("The same again", second)):
        sheet.rows.addWidget(label(what, "hint"))
        sheet.rows.addWidget(field)
    sheet.accepted.connect(lambda: then(first.text()))
    first.setFocus()
    sheet.open()
    return sheet


def ask_person(parent: QWidget, then: Callable[[str, str, float | None, float | None, bool], None]) -> Sheet:
    """Asks for a new account: User ID, password, hours a day and a week, and whether they hold."""
    name = QLineEdit()
    name.setAccessibleName("User ID")
    name.setMaxLength(32)
    first, second = _password_field("Password"), _password_field("The same again")
    daily, weekly = HoursField("Hours a day", 24, None), HoursField("Hours a week", 168, None)
    restricted = CheckBox("Opening hours and quotas hold")
    restricted.setChecked(True)

    def accept() -> str:
        return _password_problem(first.text(), second.text()) if name.text() else "The User ID is missing."

    sheet = Sheet(parent, "Add a person", "Add", accept)
    fields = (("User ID", name), ("Password", first), ("The same again", second))
    for what, field in (*fields, ("Hours a day", daily), ("Hours a week, from Monday", weekly)):
        sheet.rows.addWidget(label(what, "hint"))
        sheet.rows.addWidget(field)
    sheet.rows.addWidget(restricted)
    sheet.accepted.connect(
        lambda: then(name.text(), first.text(), daily.hours(), weekly.hours(), restricted.isChecked())
    )
    name.setFocus()
    sheet.open()
    return sheet

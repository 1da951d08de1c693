"""Labels that the greeter's style sheet knows by name."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QWidget


def named_label(parent: QWidget, name: str, text: str = "") -> QLabel:
    """A label of plain text, for the rule `QLabel#name`."""
    label = QLabel(text, parent)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label

"""All keys at a glance: those of the window, and what can be done on this page now."""

from __future__ import annotations

from PyQt6.QtWidgets import QGridLayout, QWidget

from asyncluster.console.dialogs.sheet import Sheet
from asyncluster.console.pages.page import Page
from asyncluster.console.parts.controls import label, line

GENERAL = (
    ("Ctrl+K", "Every command and every thing by its name"),
    ("1 \u2026 7", "The pages"),
    ("/", "Filter"),
    ("Enter", "Open what is selected"),
    ("Ctrl+A, Shift, Space", "Select more"),
    ("t", "Light or dark"),
    ("Ctrl+Z", "Undo, for ten seconds"),
    ("?", "These keys"),
)


def show_keys(parent: QWidget, page: Page) -> Sheet:
    """Shows them."""
    sheet = Sheet(parent, "Keys", "")
    grid = QGridLayout()
    grid.setHorizontalSpacing(24)
    grid.setVerticalSpacing(6)
    for row, (key, meaning) in enumerate(GENERAL):
        grid.addWidget(label(key, "strong"), row, 0)
        grid.addWidget(label(meaning), row, 1)
    grid.setColumnStretch(1, 1)
    grid.addWidget(line(), grid.rowCount(), 0, 1, 2)
    offers = [offer for offer in page.offers() if offer.key]
    if not offers:
        grid.addWidget(label("Select something to see what can be done with it.", "muted"), grid.rowCount(), 0, 1, 2)
    for row, offer in enumerate(offers, grid.rowCount()):
        grid.addWidget(label(offer.key, "strong"), row, 0)
        grid.addWidget(label(offer.label), row, 1)
    sheet.rows.addLayout(grid)
    sheet.cancel.setFocus()
    sheet.open()
    return sheet

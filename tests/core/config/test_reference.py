from __future__ import annotations

from pathlib import Path

from asyncluster.core.config.keys import SECTIONS
from asyncluster.core.config.reference import markdown

PAGE = Path(__file__).parents[3] / "docs/configuration.md"


def test_the_committed_page_is_up_to_date() -> None:
    """Otherwise: python -m asyncluster.core.config.reference > docs/configuration.md"""
    assert PAGE.read_text() == markdown()


def test_every_key_has_a_row_of_three_cells() -> None:
    rows = [line for line in markdown().splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [key.name for section in SECTIONS for key in section.keys]
    assert all(row.count("|") == 4 for row in rows)

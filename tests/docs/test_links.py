"""Every link of the documentation leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support import pages

LINK = re.compile(r"\]\(([^)\s]+)\)")
#: What a newcomer looks for, and the page or the heading where it is.
WANTED = {
    "install": "install.md",
    "first job": "tutorial.md",
    "add a user": "people.md#accounts",
    "opening hours": "people.md#opening-hours",
    "why is my job not running": "questions.md#why-is-my-job-not-running",
    "what happens when the master dies": "questions.md#what-happens-when-the-master-dies",
}


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    dead = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.is_file() or (anchor and anchor not in pages.anchors(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_source_files_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"`((?:asyncluster|tests|resources|examples|tools)/[\w/.\-]+\.\w+)", page.read_text("utf-8"))
    assert [file for file in named if not (pages.ROOT / file).exists()] == []


@pytest.mark.parametrize("place", WANTED.values(), ids=WANTED)
def test_the_front_page_leads_there_at_once(place: str) -> None:
    assert f"]({place})" in (pages.DOCS / "index.md").read_text(encoding="utf-8")


def test_the_readme_leads_to_every_part() -> None:
    linked = set(LINK.findall((pages.ROOT / "README.md").read_text(encoding="utf-8")))
    for page in ("workstation", "people", "questions", "tutorial", "api", "install", "lab", "upkeep", "architecture"):
        assert f"docs/{page}.md" in linked

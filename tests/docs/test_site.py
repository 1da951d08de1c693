"""The site builds without a warning, and shows nothing that a reader's browser would fetch from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.pages import DOCS, ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(place)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)
    assert built.returncode == 0, built.stderr
    return place


def test_every_page_is_there(site: Path) -> None:
    made = {str(page.relative_to(site).with_suffix(".md")) for page in site.rglob("*.html")}
    assert {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} <= made
    assert "repository/CONTRIBUTING.md" in made


def test_links_to_the_repository_work_in_the_site(site: Path) -> None:
    page = (site / "tutorial.html").read_text(encoding="utf-8")
    assert 'href="repository/examples/cauchy.py"' in page
    assert (site / "repository/examples/cauchy.py").is_file()


def test_it_can_be_read_without_a_network(site: Path) -> None:
    for page in site.rglob("*.html"):
        fetched = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="?(https?://[^" >]+)', page.read_text("utf-8"))
        assert fetched == []

"""Lets pages link to files of the repository, as they do where it is browsed, and takes these files into the site.

A link from `docs/tutorial.md` to `../examples/cauchy.py` becomes one to `repository/examples/cauchy.py` of the site,
and a link back from such a file to `docs/...` one to the page. A file that is not there is mkdocs' error as ever.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
_HERE = "repository/"
_LINK = re.compile(r"\]\((?![a-z]+:|#)([^)#\s]+)")


def on_files(files: Files, config: Any) -> Files:
    """Adds the files that pages point to, and those that these point to."""
    waiting = [file for file in files if file.is_documentation_page()]
    while waiting:
        page = waiting.pop()
        for link in _LINK.findall(page.content_string):
            place = _place(page.src_uri, link)
            if place and place.startswith(_HERE) and place not in files.src_uris:
                file = File.generated(config, place, abs_src_path=str(ROOT / place.removeprefix(_HERE)))
                files.append(file)
                if file.is_documentation_page():
                    waiting.append(file)
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Rewrites the links to them."""
    here = page.file.src_uri

    def rewrite(match: re.Match[str]) -> str:
        place = _place(here, match[1])
        return f"]({posixpath.relpath(place, posixpath.dirname(here) or '.')}" if place else match[0]

    return _LINK.sub(rewrite, markdown)


def _place(page: str, link: str) -> str | None:
    """Where in the site that lies which a link of a page leads to in the repository; None if nothing is there."""
    source = page.removeprefix(_HERE) if page.startswith(_HERE) else f"docs/{page}"
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    if not (ROOT / target).is_file():
        return None
    return target.removeprefix("docs/") if target.startswith("docs/") else _HERE + target

"""The pages of the window: one model and one view each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from asyncluster.console.desk import Desk
from asyncluster.console.pages.nodes import NodesPage
from asyncluster.console.pages.page import Page
from asyncluster.console.pages.room import RoomPage


def build_pages(desk: Desk, socket: Path, config: Path | None) -> Sequence[Page]:
    """All pages in the order of the navigation."""
    return [RoomPage(desk), NodesPage(desk)]

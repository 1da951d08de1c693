"""The pages of the window: one model and one view each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from asyncluster.console.desk import Desk
from asyncluster.console.pages.events import EventsPage
from asyncluster.console.pages.jobs import JobsPage
from asyncluster.console.pages.nodes import NodesPage
from asyncluster.console.pages.openings import OpeningsPage
from asyncluster.console.pages.page import Page
from asyncluster.console.pages.people import PeoplePage
from asyncluster.console.pages.room import RoomPage
from asyncluster.console.pages.usage import UsagePage


def build_pages(desk: Desk, socket: Path, config: Path | None) -> Sequence[Page]:
    """All pages in the order of the navigation."""
    return [
        RoomPage(desk),
        NodesPage(desk),
        JobsPage(desk, socket, config),
        PeoplePage(desk),
        OpeningsPage(desk),
        UsagePage(desk),
        EventsPage(desk),
    ]

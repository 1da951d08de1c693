"""The sessions that people may choose on this node: the configured one first, then those of the desktop entries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from asyncluster.core.errors import AsynClusterError
from asyncluster.ndm.session.desktop_entries import SessionChoice, find_sessions

#: Id of the configured window manager where no desktop entry has the same command.
CONFIGURED = "configured"


class NoSession(AsynClusterError):
    """There is nothing that could be started."""


def choices(window_manager: Sequence[str], folders: Sequence[str | Path], language: str = "en") -> list[SessionChoice]:
    """What is offered, the node's own first."""
    found = find_sessions([Path(folder) for folder in folders], language)
    if not window_manager:
        return found
    own = next((choice for choice in found if _same_program(choice.argv, window_manager)), None)
    if own is None:
        own = SessionChoice(CONFIGURED, Path(window_manager[0]).name, tuple(window_manager))
    return [own, *(choice for choice in found if choice != own)]


def chosen(offered: Sequence[SessionChoice], identity: str) -> SessionChoice:
    """The choice of that id; the first one for "" and for what is not offered any more.

    Raises:
        NoSession: nothing is offered.
    """
    if not offered:
        raise NoSession("This computer offers no session. Set [display] window manager, or install a desktop.")
    return next((choice for choice in offered if choice.id == identity), offered[0])


def _same_program(left: Sequence[str], right: Sequence[str]) -> bool:
    return Path(left[0]).name == Path(right[0]).name and list(left[1:]) == list(right[1:])

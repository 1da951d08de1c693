"""Why sessions end. By itself, since root's half of a node knows these words and nothing else of people's hours."""

from __future__ import annotations

from enum import StrEnum


class End(StrEnum):
    """Why a session ended; stored with it."""

    LOGOUT = "logout"  # the person left
    TIME = "time"  # its deadline came
    ELSEWHERE = "elsewhere"  # the person logged in on another node
    REPLACED = "replaced"  # somebody logged in on its display, so it was over
    KICKED = "kicked"
    DISABLED = "disabled"
    DELETED = "deleted"
    OUT_OF_CONTACT = "out of contact"  # its node was away when the deadline came
    NODE_STOPPED = "node stopped"  # the node was switched off or crashed
    LOST = "lost"  # the node came back and knows nothing of it
    CRASHED = "crashed"  # the X server or the session itself failed

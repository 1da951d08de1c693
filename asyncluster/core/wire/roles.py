"""What a client of the control socket may do."""

from __future__ import annotations

from enum import IntEnum


class Role(IntEnum):
    """Roles, each with the rights of those before it."""

    ANYONE = 0
    SUBMITTER = 1  # runs jobs; sees and cancels its own
    OPERATOR = 2  # may do everything

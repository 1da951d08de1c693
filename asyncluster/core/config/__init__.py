"""The configuration: one INI file, declared in `keys`, read into the frozen records of `settings`.

    settings, warnings = load(options.config, Role.NODE)

Nothing here imports Twisted or SQLAlchemy, so that every command starts fast.
"""

from __future__ import annotations

from asyncluster.core.config.keys import Role
from asyncluster.core.config.loading import find, inspect, load, locate_socket, refusal
from asyncluster.core.config.problems import Problem
from asyncluster.core.config.quantities import WorkerMemory
from asyncluster.core.config.reading import Reading, read
from asyncluster.core.config.settings import (
    ClientSettings,
    CommonSettings,
    DisplaySettings,
    ServerSettings,
    Settings,
)
from asyncluster.core.config.surroundings import Surroundings
from asyncluster.core.config.values import Accounts, MasterKey, WhenInUse

__all__ = [
    "Accounts",
    "ClientSettings",
    "CommonSettings",
    "DisplaySettings",
    "MasterKey",
    "Problem",
    "Reading",
    "Role",
    "ServerSettings",
    "Settings",
    "Surroundings",
    "WhenInUse",
    "WorkerMemory",
    "find",
    "inspect",
    "load",
    "locate_socket",
    "read",
    "refusal",
]

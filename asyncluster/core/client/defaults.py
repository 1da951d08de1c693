"""What a client does unless it is told: the variables `ASYNCLUSTER_…` of its environment, one for each option.

    ASYNCLUSTER_SOCKET, ASYNCLUSTER_CONF    where the master is; see `asyncluster.core.config.loading`
    ASYNCLUSTER_PATIENCE                    seconds to wait for a master that has gone away
    ASYNCLUSTER_NICENESS                    of jobs, 0 to 19
    ASYNCLUSTER_TIMEOUT                     seconds that a call of a job may run
    ASYNCLUSTER_RETRIES                     how often a call may run again after a worker died of it

An empty variable is as good as none. They are read when a cluster, a job or an executor is made, so a program may set
them for what it makes afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from asyncluster.core.client.options import RETRIES, SAME, CallOptions, check_niceness
from asyncluster.core.errors import UsageError

_T = TypeVar("_T")
_LONGEST_ENVIRONMENT = 64  # a whole key


def patience_or_default(patience: float | None = SAME) -> float | None:
    """What was given, else the environment's, else None: for ever.

    Raises:
        UsageError: a variable's value is no number.
    """
    return _read("PATIENCE", float, None) if patience is SAME else patience


def niceness_or_default(niceness: int = SAME) -> int:
    """What was given, else the environment's, else 0.

    Raises:
        UsageError: it is not a whole number from 0 to 19.
    """
    return check_niceness(_read("NICENESS", int, 0) if niceness is SAME else niceness)


def environment_or_default(environment: str | None = SAME) -> str | None:
    """What was given, else the environment variable, else None: the cluster's current one.

    Raises:
        UsageError: it cannot be the name of one.
    """
    chosen = _read("ENVIRONMENT", str, None) if environment is SAME else environment
    if chosen is not None and (not isinstance(chosen, str) or len(chosen) > _LONGEST_ENVIRONMENT):
        raise UsageError(f"An environment is named by a text of up to {_LONGEST_ENVIRONMENT} characters, or None.")
    return chosen


def retries_or_default(retries: int = SAME) -> int:
    """What was given, else the environment's, else `RETRIES`; not checked, since `CallOptions` does."""
    return _read("RETRIES", int, RETRIES) if retries is SAME else retries


def default_options() -> CallOptions:
    """How the calls of a job are run unless `with_` says otherwise.

    Raises:
        UsageError: a variable's value is out of range.
    """
    return CallOptions(timeout=_read("TIMEOUT", float, None), retries=retries_or_default())


def _read(option: str, parse: Callable[[str], _T], default: _T) -> _T:
    name = f"ASYNCLUSTER_{option}"
    text = os.environ.get(name)
    if not text:
        return default
    try:
        return parse(text)
    except ValueError:
        raise UsageError(f"The environment variable {name} holds no number: {text!r}.") from None

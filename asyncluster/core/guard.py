"""A last fence around the daemons that must not unpickle: payloads are bytes to them, whoever sent these."""

from __future__ import annotations

import sys


class UnpicklingForbidden(BaseException):
    """Something in this process began to unpickle. Not an `Exception`: no handler may take it for a bad input."""


def forbid_unpickling() -> None:
    """From now on, an attempt of this process to look up anything for a pickle fails. It cannot be undone."""
    sys.addaudithook(_audit)


def _audit(event: str, _arguments: object) -> None:
    if event == "pickle.find_class":
        raise UnpicklingForbidden("This process must not unpickle anything.")

"""What a window's program does before it imports anything else, as somebody waits for the window."""

from __future__ import annotations

import gc
import sys


def hurry() -> None:
    """Leaves out what can be left out until the window is there; `DaemonProgram.run` collects garbage again."""
    gc.disable()  # what imports make lives on, and looking through it takes a tenth of the start
    # msgspec finds what it needs in `typing` as well; `typing_extensions` would import `inspect`, and that six others.
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]  # None: as if it were not there
    try:
        import msgspec  # noqa: F401
    finally:
        del sys.modules["typing_extensions"]

"""Fontconfig, which Qt has its fonts from."""

from __future__ import annotations

import _thread
import ctypes


def read_ahead() -> None:
    """Has fontconfig read its files in a thread, while Python imports: Qt would do so when it first needs a font.

    Fontconfig takes care of threads itself: who comes while it reads waits, who comes later finds it done.
    """
    try:
        library = ctypes.CDLL("libfontconfig.so.1")
    except OSError:  # Qt says what it lacks
        return
    _thread.start_new_thread(library.FcInit, ())

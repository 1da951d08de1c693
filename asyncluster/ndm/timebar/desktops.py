"""A window on every desktop of a session: asked of the window manager before the window is shown.

Qt has no word for it. Window managers take it from a property of the window (Extended Window Manager Hints), which any
connection to the X server can set. Some put docks on every desktop by themselves, openbox does not.
"""

from __future__ import annotations

import ctypes

from PyQt6.QtGui import QGuiApplication

_EVERY = 0xFFFFFFFF
_CARDINAL = 6  # XA_CARDINAL
_REPLACE = 0


def on_every_desktop(window: int) -> None:
    """Sets the property of a window; nothing happens where there is no X server.

    Args:
        window: its number, as `QWidget.winId` says it.
    """
    if QGuiApplication.platformName() != "xcb":
        return
    x = ctypes.CDLL("libX11.so.6")
    x.XOpenDisplay.restype = ctypes.c_void_p
    x.XInternAtom.restype = ctypes.c_ulong
    display = ctypes.c_void_p(x.XOpenDisplay(None))
    if not display:
        return
    QGuiApplication.sync()  # a window that the server has not heard of yet would be an error
    number = ctypes.c_ulong
    name = number(x.XInternAtom(display, b"_NET_WM_DESKTOP", 0))
    value = number(_EVERY)
    x.XChangeProperty(display, number(window), name, number(_CARDINAL), 32, _REPLACE, ctypes.byref(value), 1)
    x.XCloseDisplay(display)

"""Programs that a person starts in their session, the way a hostile one would."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from support.unix_people import named
from support.workplace import Site

#: Ignores every signal it can, has forked twice, and has left the session that it was in.
STUBBORN = """
import os, signal
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
for _ in range(2):
    if os.fork():
        os._exit(0)
    os.setsid()
while True:
    signal.pause()
"""

#: Forks as fast as it can, up to the limit of its own making.
BOMB = """
import os, resource, signal
resource.setrlimit(resource.RLIMIT_NPROC, (300, 300))
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    try:
        os.fork()
    except OSError:
        pass
"""

#: Covers the screen with a window that no window manager may touch, above all others, again and again, and writes down
#: the state of all keys of the X server whenever one is pressed.
SPY = """
import ctypes, os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
x = ctypes.CDLL("libX11.so.6")
pointer, number, whole = ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int

class Attributes(ctypes.Structure):
    _fields_ = [
        ("background_pixmap", number), ("background_pixel", number), ("border_pixmap", number),
        ("border_pixel", number), ("bit_gravity", whole), ("win_gravity", whole), ("backing_store", whole),
        ("backing_planes", number), ("backing_pixel", number), ("save_under", whole), ("event_mask", ctypes.c_long),
        ("do_not_propagate", ctypes.c_long), ("override_redirect", whole), ("colormap", number), ("cursor", number),
    ]

x.XOpenDisplay.restype = pointer
x.XDefaultRootWindow.restype = x.XCreateWindow.restype = number
display = pointer(x.XOpenDisplay(None))
root = number(x.XDefaultRootWindow(display))
attributes = Attributes(background_pixel=0x802020, override_redirect=1)
window = number(x.XCreateWindow(
    display, root, 0, 0, 1024, 768, 0, 0, 1, None, number(1 << 1 | 1 << 9), ctypes.byref(attributes)))
x.XStoreName(display, window, b"cover")
seen = open(os.path.expanduser("~/keys"), "wb", buffering=0)
keys = ctypes.create_string_buffer(32)
while True:
    x.XMapRaised(display, window)
    x.XQueryKeymap(display, keys)
    if any(keys.raw):
        seen.write(keys.raw)
    time.sleep(0.001)
"""

#: Nobody else's window hears or shows anything any more.
GRAB = """
import ctypes, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
x = ctypes.CDLL("libX11.so.6")
x.XOpenDisplay.restype = ctypes.c_void_p
x.XDefaultRootWindow.restype = ctypes.c_ulong
display = ctypes.c_void_p(x.XOpenDisplay(None))
x.XGrabServer(display)
x.XGrabKeyboard(display, ctypes.c_ulong(x.XDefaultRootWindow(display)), 0, 1, 1, 0)
x.XSync(display, 0)
signal.pause()
"""


def run_inside(site: Site, account: Any, source: str, screen: int = 0) -> None:
    """Somebody runs a Python program in their session, as from a terminal in it."""
    inside = named("openbox", account.pw_uid)
    assert inside in site.screens[screen].group("inside")
    group = site.screens[screen].group_of("inside")
    pid = os.fork()
    if pid == 0:
        try:
            group.join()
            os.setgroups([])
            os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
            os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
            entries = Path(f"/proc/{inside}/environ").read_bytes().decode().split("\0")
            os.execve(
                "/usr/bin/python3",
                ["python3", "-c", source],
                dict(entry.split("=", 1) for entry in entries if "=" in entry),
            )
        finally:
            os._exit(1)
    os.waitpid(pid, os.WNOHANG)

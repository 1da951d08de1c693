"""What the keyboard is about: Caps Lock, and the layout in use.

Qt does not say either, so a second connection to the X server asks its XKB extension, through libX11, which Qt's own
X plugin brings along. The server reports changes by itself: nothing polls. Where there is no X server (offscreen,
tests), `Keyboard` is silent and knows nothing; every caller works with that.
"""

from __future__ import annotations

import ctypes
import os

from PyQt6.QtCore import QObject, QProcess, QSocketNotifier, pyqtSignal
from PyQt6.QtGui import QGuiApplication

from asyncluster.ndm.greeter import layouts

_CORE_KEYBOARD = 0x100
_STATE_NOTIFY = 2
_LOCKS_AND_GROUP = 1 << 3 | 1 << 4
_CAPS_LOCK = 1 << 1
_RULES_LENGTH = 1024  # in words of 4 bytes; the property has five short names


class _State(ctypes.Structure):
    """XkbStateRec of X11/extensions/XKBstr.h."""

    _fields_ = [
        ("group", ctypes.c_ubyte),
        ("locked_group", ctypes.c_ubyte),
        ("base_group", ctypes.c_ushort),
        ("latched_group", ctypes.c_ushort),
        ("mods", ctypes.c_ubyte),
        ("base_mods", ctypes.c_ubyte),
        ("latched_mods", ctypes.c_ubyte),
        ("locked_mods", ctypes.c_ubyte),
        ("compat_state", ctypes.c_ubyte),
        ("grab_mods", ctypes.c_ubyte),
        ("compat_grab_mods", ctypes.c_ubyte),
        ("lookup_mods", ctypes.c_ubyte),
        ("compat_lookup_mods", ctypes.c_ubyte),
        ("ptr_buttons", ctypes.c_ushort),
    ]


class _Display:
    """A connection to the X server that follows the core keyboard.

    Raises:
        OSError: there is no libX11, no X server or no XKB.
    """

    def __init__(self) -> None:
        self._x = ctypes.CDLL("libX11.so.6")
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._x.XDefaultRootWindow.restype = ctypes.c_ulong
        self._x.XInternAtom.restype = ctypes.c_ulong
        self._display = ctypes.c_void_p(self._x.XOpenDisplay(None))
        if not self._display:
            raise OSError("the X server does not answer")
        ignored = [ctypes.byref(ctypes.c_int()) for _ in range(5)]
        if not self._x.XkbQueryExtension(self._display, *ignored):
            raise OSError("the X server has no XKB")
        self._x.XkbSelectEventDetails(
            self._display,
            _CORE_KEYBOARD,
            _STATE_NOTIFY,
            ctypes.c_ulong(_LOCKS_AND_GROUP),
            ctypes.c_ulong(_LOCKS_AND_GROUP),
        )
        self._x.XFlush(self._display)

    def descriptor(self) -> int:
        """What becomes readable when something changed."""
        return int(self._x.XConnectionNumber(self._display))

    def drain(self) -> None:
        """Takes the events that have arrived; `caps_lock` then asks for the state itself."""
        event = (ctypes.c_long * 24)()  # XEvent
        while self._x.XPending(self._display):
            self._x.XNextEvent(self._display, ctypes.byref(event))

    def caps_lock(self) -> bool:
        """Whether Caps Lock is on."""
        state = _State()
        self._x.XkbGetState(self._display, _CORE_KEYBOARD, ctypes.byref(state))
        return bool(state.locked_mods & _CAPS_LOCK)

    def layout(self) -> str:
        """Code of the first layout that the server was given, "" if it does not say."""
        rules, _model, layout, variant, *_ = [*self._rules_names(), "", "", "", ""]
        first, kind = layout.split(",")[0], variant.split(",")[0]
        if not rules:
            return ""
        return f"{first}({kind})" if kind else first

    def _rules_names(self) -> list[str]:
        """The root window's property in which setxkbmap and the server write what they loaded."""
        atom = self._x.XInternAtom(self._display, b"_XKB_RULES_NAMES", 0)
        kind, layout, count, rest = ctypes.c_ulong(), ctypes.c_int(), ctypes.c_ulong(), ctypes.c_ulong()
        data = ctypes.POINTER(ctypes.c_char)()
        self._x.XGetWindowProperty(
            self._display,
            ctypes.c_ulong(self._x.XDefaultRootWindow(self._display)),
            ctypes.c_ulong(atom),
            ctypes.c_long(0),
            ctypes.c_long(_RULES_LENGTH),
            0,
            ctypes.c_ulong(0),  # AnyPropertyType
            *(ctypes.byref(value) for value in (kind, layout, count, rest, data)),
        )
        if not data:
            return []
        try:
            names = ctypes.string_at(data, count.value) if layout.value == 8 else b""
        finally:
            self._x.XFree(data)
        return names.decode("latin-1").split("\0")


class Keyboard(QObject):
    """The keyboard of the X server that Qt is on.

    Attributes:
        caps_lock: whether Caps Lock is on.
        layout: code of the layout in use, "" if unknown.

    Signals:
        changed: one of the attributes did.
    """

    changed = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.caps_lock = False
        self.layout = ""
        self._display: _Display | None = None
        if QGuiApplication.platformName() != "xcb":
            return
        try:
            self._display = _Display()
        except OSError:
            return
        self._notifier = QSocketNotifier(self._display.descriptor(), QSocketNotifier.Type.Read, self)  # type: ignore[call-overload]
        self._notifier.activated.connect(self._look)
        self.caps_lock = self._display.caps_lock()
        self.layout = self._display.layout()

    def choose(self, code: str) -> None:
        """Puts another layout to use; what the form of a code does not allow is not done."""
        command = layouts.command(code)
        if command is None or self._display is None:
            return
        process = QProcess(self)
        process.setProcessChannelMode(QProcess.ProcessChannelMode.ForwardedChannels)
        process.finished.connect(self._look)
        process.finished.connect(process.deleteLater)
        process.errorOccurred.connect(process.deleteLater)
        environment = process.processEnvironment()
        for name in ("DISPLAY", "XAUTHORITY"):
            if name in os.environ:
                environment.insert(name, os.environ[name])
        process.setProcessEnvironment(environment)
        process.start(command[0], command[1:])

    def _look(self) -> None:
        assert self._display is not None
        self._display.drain()
        seen = self._display.caps_lock(), self._display.layout()
        if seen != (self.caps_lock, self.layout):
            self.caps_lock, self.layout = seen
            self.changed.emit()

"""Twisted inside Qt's event loop: qt5reactor, driven by PyQt6.

qt5reactor imports five names of PyQt5. For the moment of that import they are lent to it from PyQt6, through
module objects that are gone again afterwards: nobody else can mistake them for the real PyQt5.

The order matters and is the caller's: first the QApplication, then `install()`, then everything that imports
`twisted.internet.reactor`.

    app = QApplication(sys.argv)
    reactor = install()
    ...
    reactor.run()

`reactor.run()` returns after `reactor.stop()`, also while a modal dialog is open, and when Qt quits, as it does
when the last window is closed; shutdown triggers fire in either case.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from PyQt6 import QtCore

from asyncluster.core.errors import AsynClusterError

#: Two bindings in one process mean two copies of Qt, and crashes that nobody understands.
_OTHER_BINDINGS = ("PyQt4", "PyQt5", "PySide", "PySide2", "PySide6")


class QtReactorError(AsynClusterError):
    """Twisted cannot run inside this process' Qt; the message says what stands in the way."""


class _EventLoop(QtCore.QEventLoop):
    """QEventLoop with PyQt5's unscoped enumeration."""

    AllEvents = QtCore.QEventLoop.ProcessEventsFlag.AllEvents


class _SocketNotifier(QtCore.QSocketNotifier):
    """QSocketNotifier with PyQt5's unscoped enumeration."""

    Read = QtCore.QSocketNotifier.Type.Read
    Write = QtCore.QSocketNotifier.Type.Write


def install(*, tls: bool = True) -> Any:
    """Installs the reactor that runs in Qt's event loop, and returns it.

    Args:
        tls: False spares the import of OpenSSL (a third of Twisted's start), for programs without a network
            connection; TLS stays impossible in this process then.

    Raises:
        QtReactorError: there is no QApplication yet, another reactor is installed, or another Qt binding
            is loaded.
    """
    _refuse_surroundings()
    with _absent("OpenSSL", unless=tls):
        import twisted.internet.posixbase  # noqa: F401 - qt5reactor imports it; here it is under our condition
    with _lent_as_pyqt5():
        from qt5reactor.core import QtReactor
    from twisted.internet.main import installReactor

    class Reactor(QtReactor):  # type: ignore[misc]
        """qt5reactor, but running in the application's own exec().

        Its own loop is a bare QEventLoop, during which Qt ignores that the last window is closed.
        """

        def run(self, installSignalHandlers: bool = True) -> None:
            # Started from inside the loop, so that what runs at the start may stop it or open a dialog.
            QtCore.QTimer.singleShot(0, lambda: self.runReturn(installSignalHandlers))
            self.qApp.exec()
            if self.running:  # Qt was the one to end it
                self.stop()
                self.runUntilCurrent()

    reactor: Any = Reactor()
    installReactor(reactor)
    # exit(), unlike quit(), asks no window, and ends the loops of open modal dialogs as well.
    reactor.addSystemEventTrigger("after", "shutdown", QtCore.QCoreApplication.exit)
    return reactor


def _refuse_surroundings() -> None:
    loaded = [name for name in _OTHER_BINDINGS if name in sys.modules]
    if loaded:
        raise QtReactorError(f"{loaded[0]} is loaded in this process; AsynCluster's windows need PyQt6 alone.")
    if QtCore.QCoreApplication.instance() is None:
        raise QtReactorError("There is no QApplication yet; make it before the reactor is installed.")
    if "twisted.internet.reactor" in sys.modules:
        raise QtReactorError("Another Twisted reactor is installed already; install Qt's before importing it.")


@contextmanager
def _lent_as_pyqt5() -> Iterator[None]:
    core = ModuleType("PyQt5.QtCore")
    core.__dict__.update(
        QCoreApplication=QtCore.QCoreApplication,
        QEventLoop=_EventLoop,
        QObject=QtCore.QObject,
        QSocketNotifier=_SocketNotifier,
        QTimer=QtCore.QTimer,
    )
    package = ModuleType("PyQt5")
    package.__dict__.update(QtCore=core, __path__=[])
    lent = {"PyQt5": package, "PyQt5.QtCore": core}
    sys.modules.update(lent)
    try:
        yield
    finally:
        for name in lent:
            del sys.modules[name]


@contextmanager
def _absent(module: str, *, unless: bool) -> Iterator[None]:
    """Makes `import module` fail for a while; Twisted takes that for a machine without it."""
    if unless or module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]

"""The QApplication of all our windows, and what happens to errors in them.

PyQt ends a program whose slot raises. A greeter that does so locks people out for a typing mistake of ours, so
errors are written to standard error and the window goes on.
"""

from __future__ import annotations

import os
import sys
from types import TracebackType

from PyQt6.QtCore import QCoreApplication, Qt
from PyQt6.QtWidgets import QApplication


def make_application(name: str) -> QApplication:
    """Makes the one QApplication of a program.

    Args:
        name: what window managers call the program; its windows have titles of their own.
    """
    # Nothing is drawn by OpenGL, whose libraries and drivers Qt would load at the start.
    os.environ.setdefault("QT_XCB_GL_INTEGRATION", "none")
    # A session manager would restart the window by its command line, without its socket.
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_DisableSessionManager)
    # One native child, such as the greeter's login window, does not make its siblings native too.
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_DontCreateNativeWidgetSiblings)
    # Not setStyle(): what it returns brings thousands of names of styles into Python, which cost 5 ms of every start.
    app = QApplication([name, "-style", "Fusion"])
    app.setApplicationName(name)
    sys.excepthook = _report
    return app


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    import traceback  # here, as nobody should wait for it at the start

    traceback.print_exception(kind, error, trace)

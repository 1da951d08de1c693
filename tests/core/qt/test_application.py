from __future__ import annotations


def test_an_error_in_a_slot_is_reported_and_the_window_goes_on(program):
    result = program("""
        from asyncluster.core.qt.application import make_application
        app = make_application("trial")
        from PyQt6.QtCore import QTimer
        QTimer.singleShot(0, lambda: 1 / 0)
        QTimer.singleShot(20, lambda: (print("still here", app.applicationName()), app.quit()))
        app.exec()
    """)
    assert result.returncode == 0
    assert result.stdout.strip() == "still here trial"
    assert "ZeroDivisionError" in result.stderr

"""Every module in `tests/support` is a plugin: its fixtures are there for all tests."""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE))  # pytest's importlib mode puts nothing there

_PLUGINS = [f"support.{module.stem}" for module in sorted((_HERE / "support").glob("*.py"))]
pytest.register_assert_rewrite(*_PLUGINS)  # now, since one may import another before its own turn
pytest_plugins = _PLUGINS

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a shell's job in the background; some tests are about Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Whenever the tests run, theirs is a place where it is nine in the morning: a quota of two hours a day lasts two hours,
# and the next day's does not begin in the midst of a test.
_HOURS_EAST = (9 - datetime.now(UTC).hour + 12) % 24 - 12
os.environ["TZ"] = f"Etc/GMT{-_HOURS_EAST:+d}"  # these names count hours west
time.tzset()

# No test is about how long something takes: that is for benchmarks, which have the machine for themselves.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out, and says so, what only root can do: real users, PAM, programs as other accounts."""
    if os.geteuid() == 0:
        return
    left_out = [item for item in items if item.get_closest_marker("root")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("root")]
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(f"{len(left_out)} tests need root and are left out: run make test as root for them.")

"""Every module in `tests/support` is a plugin: its fixtures are there for all tests."""

from __future__ import annotations

import sys
from pathlib import Path

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE))  # pytest's importlib mode puts nothing there

pytest_plugins = [f"support.{module.stem}" for module in sorted((_HERE / "support").glob("*.py"))]

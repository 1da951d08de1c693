"""One version, written down where each of its readers finds it fast."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import asyncluster

PROJECT = Path(__file__).parent.parent / "pyproject.toml"
PROGRAM = """
import sys
from asyncluster.__main__ import main
try:
    main(["--version"])
finally:
    print(*{name.partition(".")[0] for name in sys.modules})
"""


def test_the_package_says_what_the_project_says() -> None:
    assert tomllib.loads(PROJECT.read_text())["project"]["version"] == asyncluster.__version__


def test_the_command_says_it_and_waits_for_nothing_else() -> None:
    result = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    said, modules = result.stdout.splitlines()
    assert said == f"asyncluster {asyncluster.__version__}"
    assert not {"email", "msgspec", "twisted", "sqlalchemy", "PyQt6", "rich", "asyncio"} & set(modules.split())

"""Makes `docs/pictures/demo.png`: the demo's workstation on a screen: `python docs/pictures_demo.py`."""

# ruff: noqa: E402 - the path to the tests' support comes before the imports from it

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
sys.path.insert(0, str(ROOT / "tests"))

from support.trial import ALONE, GREETER, Terminal
from support.xserver import on_display, until, x_server

_DRAWN = 2.0  # seconds after which everything that moves stands still


def main() -> int:
    """Makes the picture."""
    folder = Path(tempfile.mkdtemp(prefix="acd-"))
    folder.chmod(0o711)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    with x_server("1100x800") as display:
        manager = subprocess.Popen(["openbox"], env={**environment, "DISPLAY": display}, stderr=subprocess.DEVNULL)
        until(lambda: "window id" in on_display(display, "xprop", "-root", "_NET_SUPPORTING_WM_CHECK"))
        on_display(display, "xsetroot", "-solid", "#4a5560")
        terminal = Terminal(ALONE, display, folder)
        try:
            until(lambda: f"focus {GREETER}" in terminal.titles())
            time.sleep(_DRAWN)
            on_display(display, "import", "-window", "root", str(PICTURES / "demo.png"))
        finally:
            manager.terminate()
            manager.wait()
            terminal.close()
            shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())

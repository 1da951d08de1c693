"""Makes `docs/pictures/session*.png`: a real login at a real node, as root: `python docs/pictures_session.py`.

Master, node, X server, greeter, PAM, account and window manager are all real; the account is removed afterwards.
"""

# ruff: noqa: E402 - the path to the tests' support comes before the imports from it

from __future__ import annotations

import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
sys.path.insert(0, str(ROOT / "tests"))

from support.waiting import wait_for
from support.workplace import LOGIN_PASSWORD, Screen, Site, site

NAME = "lena"
_DRAWN = 2.0  # seconds after which everything that moves stands still


def main() -> int:
    """Makes all pictures."""
    PICTURES.mkdir(exist_ok=True)
    subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", NAME], check=True)
    try:
        with site("/usr/bin/icewm-session") as place:
            log_in(place, place.screens[0])
            picture(place.screens[0], "session")
            place.ask("user message", name=NAME, text="The projector test starts at 14:30. Please save your work.")
            picture(place.screens[0], "session-message")
            warn(place, place.screens[0])
            refuse(place, place.screens[0])
            place.ask("user delete", name=NAME)
    finally:
        subprocess.run(["userdel", "--remove", "--force", NAME], check=True, capture_output=True)
    return 0


def log_in(place: Site, screen: Screen) -> None:
    """Types name and password, and waits for the time bar."""
    place.ask("user add", name=NAME, password=LOGIN_PASSWORD, daily_hours=2.0, weekly_hours=8.0)
    screen.wait_for_greeter()
    picture(screen, "session-greeter")
    screen.type(NAME, LOGIN_PASSWORD)
    wait_for(lambda: screen.program("asyncluster.ndm.timebar"), "the time bar")
    wait_for(lambda: '"AsynCluster' in screen.x("xwininfo", "-root", "-tree").stdout, "its window")


def warn(place: Site, screen: Screen) -> None:
    """Shortens the day until the time bar warns."""
    used = place.show(NAME)["used_today_hours"]
    place.ask("user quota", name=NAME, daily_hours=used + 290 / 3600)
    picture(screen, "session-warning")


def refuse(place: Site, screen: Screen) -> None:
    """Closes the room, which ends the session, and lets the same person try again."""
    today = date.today()
    place.ask("opening except", date=str(today + timedelta(days=1)), spans=[["09:00", "18:00"]])
    place.ask("opening except", date=str(today), spans=[])
    wait_for(lambda: screen.program("asyncluster.ndm.greeter"), "the greeter")
    screen.wait_for_greeter()
    screen.type(NAME, LOGIN_PASSWORD)
    picture(screen, "session-refused")


def picture(screen: Screen, name: str) -> None:
    """Photographs a screen."""
    time.sleep(_DRAWN)
    screen.picture(PICTURES / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())

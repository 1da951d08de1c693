"""The login of a guest: a keeper without root's rights opens sessions for whoever runs it, and for nobody else.

It cannot do anything but that: there is no PAM, no other user and no privilege to give up. Whatever name the master
knows the guest by, the processes are those of the user who started the node, in a home of the session's own, so that
nothing of that user is touched.
"""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

from asyncluster.ndm.session import environment
from asyncluster.ndm.session.choices import choices, chosen
from asyncluster.ndm.session.launch import Who
from asyncluster.ndm.session.orders import Begin


class Guest:
    """A `Login` (see there) of whoever runs this.

    Args:
        order: the steward's.
    """

    def __init__(self, order: Begin) -> None:
        self._place = order.place
        self._choice = chosen(choices(order.window_manager, order.sessions), order.choice)
        self._home = order.place.directory / "guest"
        self.who = Who(os.getuid(), os.getgid(), tuple(os.getgroups()), str(self._home))
        self.environment: dict[str, str] = {}

    def admit(self) -> None:
        """There is nobody to be asked."""

    def ids(self) -> tuple[int, int]:
        """The user and group that run this."""
        return self.who.uid, self.who.gid

    def open(self, authority: Path) -> None:
        """Makes the home of the session.

        Raises:
            OSError: it cannot be made.
        """
        self._forget()
        runtime = self._home / ".runtime"
        runtime.mkdir(mode=0o700, parents=True)
        account = pwd.struct_passwd((_name(), "", self.who.uid, self.who.gid, "", str(self._home), "/bin/sh"))
        asked = environment.asked(account, environment.Surroundings(self._place.display, None, self._choice.id))
        self.environment = environment.final(asked, str(authority), str(runtime))

    def command(self) -> list[str]:
        """The window manager, without the scripts that prepare a real session."""
        return environment.session_command(self._choice.argv, environment.Helpers())

    def close(self) -> None:
        """Removes the home; all processes of the session have ended."""
        self._forget()

    def _forget(self) -> None:
        shutil.rmtree(self._home, ignore_errors=True)


def _name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())

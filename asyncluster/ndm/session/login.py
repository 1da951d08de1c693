"""One login: the account, PAM's transaction, and what a session needs of both, in the order that PAM wants.

`admit` may be asked while a greeter still stands on the display, so that its refusal can be read there; `open` comes
when the X server of the session is up; `close` undoes it all.
"""

from __future__ import annotations

import os
from pathlib import Path

from asyncluster.ndm.display.screen import Place
from asyncluster.ndm.display.xserver import terminal
from asyncluster.ndm.session import environment, pam
from asyncluster.ndm.session.accounts import person
from asyncluster.ndm.session.choices import choices, chosen
from asyncluster.ndm.session.launch import Who
from asyncluster.ndm.session.orders import Begin
from asyncluster.ndm.session.runtime import RuntimeDirectory

_XSESSIONS = (Path("/etc/X11/Xsession"), Path("/etc/X11/xdm/Xsession"), Path("/etc/X11/xinit/Xsession"))
_DBUS = Path("/usr/bin/dbus-run-session")
_DBUS_BY_XSESSION = Path("/etc/X11/Xsession.d/75dbus_dbus-launch")


class Login:
    """See the module.

    Attributes:
        who: the person, once the session is open.
        environment: of the session, ditto.

    Args:
        order: the steward's.
        told: hears what PAM's modules want the person to read.

    Raises:
        Unfit: nobody sits down with this account.
        PamRefused: PAM cannot be asked.
    """

    def __init__(self, order: Begin, told: pam.Told) -> None:
        self._order = order
        self._account = person(order.user)
        self._choice = chosen(choices(order.window_manager, order.sessions), order.choice)
        self._pam = pam.Pam(order.service, order.user, told, order.password)
        self._runtime: RuntimeDirectory | None = None
        self.environment: dict[str, str] = {}

    def admit(self) -> None:
        """Asks PAM whether the person may log in.

        Raises:
            PamRefused: no.
        """
        identify(self._pam, self._order.place)
        if self._order.password is not None:
            self._pam.authenticate()
        self._pam.check_account()
        if self._pam.user() != self._account.pw_name:
            raise pam.PamRefused("PAM took this account for another one. Ask the operator.")

    def ids(self) -> tuple[int, int]:
        """The person's user and group."""
        return self._account.pw_uid, self._account.pw_gid

    def open(self, authority: Path) -> None:
        """Opens PAM's session; `authority` is the file with the X cookie.

        Raises:
            PamRefused: PAM does not let it.
            AsynClusterError: the runtime directory cannot be made.
        """
        account, place = self._account, self._order.place
        os.initgroups(account.pw_name, account.pw_gid)  # before setcred, which may add to it
        surroundings = environment.Surroundings(
            place.display, terminal(place.program, place.display), self._choice.id, self._choice.desktops
        )
        self._pam.put_environment(environment.asked(account, surroundings))
        self._pam.open()
        self.who = Who(account.pw_uid, account.pw_gid, tuple(os.getgroups()), account.pw_dir)
        listed = self._pam.environment()
        runtime = RuntimeDirectory(self.who, place.directory.parent)
        if "XDG_RUNTIME_DIR" not in listed:
            runtime.make()
            self._runtime = runtime
        self.environment = environment.final(listed, str(authority), str(runtime.path))

    def command(self) -> list[str]:
        """The program that leads the session."""
        return environment.session_command(self._choice.argv, _helpers(self.environment["XDG_RUNTIME_DIR"]))

    def close(self) -> None:
        """Closes what is open; all processes of the session have ended."""
        if self._runtime is not None:
            self._runtime.remove()
        if self.environment:
            self._pam.close()
        self._pam.end()


def identify(transaction: pam.Pam, place: Place) -> tuple[int, int | None]:
    """Tells PAM's modules where the person sits; returns the numbers of display and virtual terminal."""
    number = terminal(place.program, place.display)
    transaction.set_item(pam.TTY, f":{place.display}" if number is None else f"tty{number}")
    transaction.set_item(pam.XDISPLAY, f":{place.display}")
    transaction.set_item(pam.RUSER, "root")
    return place.display, number


def _helpers(runtime: str) -> environment.Helpers:
    xsession = next((str(path) for path in _XSESSIONS if os.access(path, os.X_OK)), None)
    bus_comes = Path(runtime, "bus").exists() or (xsession is not None and _DBUS_BY_XSESSION.exists())
    dbus = str(_DBUS) if not bus_comes and os.access(_DBUS, os.X_OK) else None
    return environment.Helpers(xsession, dbus)

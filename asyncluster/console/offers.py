"""What can be done with what is selected, each with its label, icon and key: for buttons, menus, keys and the palette.

An offer with an `action` can be copied as a command; one that has to ask for more first ends in an ellipsis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QPoint
from PyQt6.QtGui import QGuiApplication, QKeySequence
from PyQt6.QtWidgets import QMenu, QWidget

from asyncluster.console.desk import Desk
from asyncluster.console.dialogs import forms
from asyncluster.console.state import actions, words
from asyncluster.console.state.actions import Action
from asyncluster.core.qt.icons import icon
from asyncluster.core.wire.feed import JobRow, NodeRow, PersonRow

GRANTS = (15, 30, 60)


@dataclass(frozen=True)
class Offer:
    """Something that can be done.

    Attributes:
        key: of the keyboard, "" for none.
        run: does it, or asks for what is missing.
        action: what it does, if nothing is missing.
        danger: it takes something away from somebody.
    """

    label: str
    icon: str
    key: str
    run: Callable[[], object]
    action: Action | None = None
    danger: bool = False


class Offers:
    """Makes offers.

    Args:
        desk: does what is chosen.
        parent: of the dialogs that ask for more.
    """

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        self._desk = desk
        self._parent = parent

    def for_nodes(self, nodes: Sequence[NodeRow]) -> list[Offer]:
        """What can be done with nodes and the people at them."""
        if not nodes:
            return []
        people = self.people_at(nodes)
        offers = self.for_sessions(people) if people else []
        draining = [node for node in nodes if node.state == "draining"]
        working = [node for node in nodes if node.state not in ("draining", "offline")]
        if working:
            offers.append(self._of("Drain", "drain", "d", actions.drain(working)))
        if draining:
            offers.append(self._of("Resume", "play", "r", actions.resume(draining)))
        return offers

    def for_sessions(self, people: Sequence[PersonRow]) -> list[Offer]:
        """What can be done with people who are logged in."""
        offers = [
            self._of(f"Give {_minutes(minutes)}", "clock", key, actions.grant(people, minutes))
            for minutes, key in zip(GRANTS, ("g", "", ""), strict=True)
        ]
        offers.append(Offer("Give time\u2026", "clock", "Shift+G", lambda: self._grant(people)))
        offers.append(Offer("Message\u2026", "message", "m", lambda: self._message(people)))
        offers.append(self._of("Log out\u2026", "logout", "x", actions.kick(people), danger=True))
        return offers

    def for_people(self, people: Sequence[PersonRow]) -> list[Offer]:
        """What can be done with accounts."""
        if not people:
            return []
        inside = [person for person in people if person.node]
        offers = self.for_sessions(inside) if inside else []
        if not inside:
            offers.append(self._of("Give 15 min", "clock", "g", actions.grant(people, GRANTS[0])))
            offers.append(Offer("Give time\u2026", "clock", "Shift+G", lambda: self._grant(people)))
        offers.append(Offer("Hours\u2026", "calendar", "q", lambda: self._quota(people)))
        if len(people) == 1:
            offers.append(Offer("Password\u2026", "key", "p", lambda: self._password(people[0])))
        for on, word in ((True, "Enable"), (False, "Disable")):
            some = [person for person in people if person.enabled is not on]
            if some:
                offers.append(self._of(word, "check" if on else "cross", "e" if on else "", actions.enable(some, on)))
        for on, word in ((True, "Restrict"), (False, "Do not restrict")):
            some = [person for person in people if person.restricted is not on]
            if some:
                offers.append(self._of(word, "clock", "", actions.restrict(some, on)))
        offers.append(self._of("Delete\u2026", "cross", "Del", actions.delete(people), danger=True))
        return offers

    def for_jobs(self, jobs: Sequence[JobRow]) -> list[Offer]:
        """What can be done with jobs that are not over."""
        running = [job for job in jobs if job.finished is None]
        if not running:
            return []
        nicest, least = max(job.niceness for job in running), min(job.niceness for job in running)
        offers = [Offer("Niceness\u2026", "down", "", lambda: self._niceness(running))]
        if nicest < 19:
            offers.append(self._of("Nicer", "down", "+", actions.renice(running, nicest + 1)))
        if least > 0:
            offers.append(self._of("Less nice", "up", "-", actions.renice(running, least - 1)))
        offers.append(self._of("Cancel job\u2026", "cross", "c", actions.cancel(running), danger=True))
        return offers

    def people_at(self, nodes: Sequence[NodeRow]) -> list[PersonRow]:
        """Who is logged in at nodes: the account if it is known, else what the node says."""
        known = self._desk.mirror.table("people").rows
        return [
            known.get(node.person)
            or PersonRow(node.person, True, True, self._desk.now(), node.full_name, node.name, until=node.until)
            for node in nodes
            if node.person
        ]

    # --- within ------------------------------------------------------------------------------------------

    def _of(self, label: str, glyph: str, key: str, action: Action, *, danger: bool = False) -> Offer:
        return Offer(label, glyph, key, lambda: self._desk.perform(action), action, danger)

    def _grant(self, people: Sequence[PersonRow]) -> None:
        who = words.names([actions.person_name(person) for person in people])
        forms.ask_number(
            self._parent,
            f"Give {who} more time today",
            "Minutes",
            (1, 24 * 60, 30),
            "Give",
            lambda minutes: self._desk.perform(actions.grant(people, minutes)),
        )

    def _message(self, people: Sequence[PersonRow]) -> None:
        who = words.names([actions.person_name(person) for person in people])
        forms.ask_text(
            self._parent,
            f"Message {who}",
            "Text",
            "Send",
            lambda text: self._desk.perform(actions.message(people, text)),
        )

    def _quota(self, people: Sequence[PersonRow]) -> None:
        who = words.names([actions.person_name(person) for person in people])
        first = people[0]
        forms.ask_hours(
            self._parent,
            f"Hours of {who}",
            (first.daily, first.weekly),
            lambda daily, weekly: self._desk.perform(actions.quota(people, daily, weekly)),
        )

    def _password(self, person: PersonRow) -> None:
        forms.ask_password(
            self._parent,
            f"New password for {actions.person_name(person)}",
            lambda new: self._desk.perform(actions.password(person, new)),
        )

    def _niceness(self, jobs: Sequence[JobRow]) -> None:
        which = words.names([actions.job_name(job) for job in jobs])
        forms.ask_number(
            self._parent,
            f"Niceness of {which}",
            "Niceness, 0 to 19; each step up takes a fifth off its share",
            (0, 19, jobs[0].niceness),
            "Set",
            lambda niceness: self._desk.perform(actions.renice(jobs, niceness)),
        )


def _minutes(count: int) -> str:
    return f"{count} min" if count % 60 else f"{count // 60} h"


def show_menu(offers: Sequence[Offer], point: QPoint, desk: Desk, parent: QWidget) -> None:
    """Shows offers as a menu, each that is an action also as a command to copy."""
    menu = QMenu(parent)
    theme = desk.look.theme
    for offer in offers:
        color = theme.color("error_text" if offer.danger else "text")
        entry = menu.addAction(icon(offer.icon, color), offer.label)
        assert entry is not None
        entry.setShortcut(QKeySequence(offer.key))
        entry.setShortcutVisibleInContextMenu(True)
        entry.triggered.connect(lambda _checked, offer=offer: offer.run())
    copies = [offer for offer in offers if offer.action is not None]
    if copies:
        menu.addSeparator()
        below = menu.addMenu("Copy as command")
        assert below is not None
        for offer in copies:
            entry = below.addAction(offer.label.rstrip("\u2026"))
            assert entry is not None
            entry.triggered.connect(lambda _checked, offer=offer: copy_command(offer))
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(point)


def copy_command(offer: Offer) -> None:
    """Puts the command line that does the same onto the clipboard."""
    clipboard = QGuiApplication.clipboard()
    if clipboard is not None and offer.action is not None:
        clipboard.setText(offer.action.command)

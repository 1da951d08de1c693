"""What an operator can do: verbs of the control socket with their targets, the words around them, and how to undo them.

An `Action` is a value: nothing happens before somebody performs it (`asyncluster.console.acting`). Functions here make
all actions that the window offers, so that a button, a menu, a shortcut and the palette mean the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from asyncluster.console.state.commandline import command_line
from asyncluster.console.state.words import counted, names
from asyncluster.core.wire.feed import JobRow, NodeRow, PersonRow


@dataclass(frozen=True)
class Request:
    """One question to the master; its arguments may hold a password, so it has no repr of them."""

    verb: str
    arguments: Mapping[str, Any] = field(repr=False)

    @property
    def command(self) -> str:
        """The command line that does the same."""
        return command_line(self.verb, self.arguments)


@dataclass(frozen=True)
class Question:
    """What is asked before something that cannot be undone.

    Attributes:
        title: the question, with names in it.
        text: what is lost, and who is told.
        button: the verb again, as in "Log Lena out".
    """

    title: str
    text: str
    button: str


@dataclass(frozen=True)
class Action:
    """Something to do to one or more targets.

    Attributes:
        label: what it is called before it is done, "Drain pc07".
        requests: asked one after the other; each may fail for itself.
        done: a sentence for afterwards.
        question: what to ask first; None: nothing.
        undo: the action that undoes it; None if there is none.
    """

    label: str
    requests: tuple[Request, ...]
    done: str
    question: Question | None = None
    undo: Action | None = None

    @property
    def command(self) -> str:
        """The same as command lines, one a line."""
        return "\n".join(request.command for request in self.requests)


# --- Nodes ----------------------------------------------------------------------------------------------------


def drain(nodes: Sequence[NodeRow]) -> Action:
    """Lets nodes finish what they run and gives them nothing new."""
    return _draining(nodes, on=True, undo=_draining(nodes, on=False, undo=None))


def resume(nodes: Sequence[NodeRow]) -> Action:
    """Lets drained nodes work again."""
    return _draining(nodes, on=False, undo=_draining(nodes, on=True, undo=None))


def _draining(nodes: Sequence[NodeRow], *, on: bool, undo: Action | None) -> Action:
    listed = [node.name for node in nodes]
    takes = "take" if len(listed) > 1 else "takes"
    return Action(
        label=f"{'Drain' if on else 'Resume'} {names(listed)}",
        requests=(Request("node drain" if on else "node resume", {"names": listed}),),
        done=f"{names(listed)} {takes} {'no new calls' if on else 'calls again'}.",
        undo=undo,
    )


# --- Jobs -------------------------------------------------------------------------------------------------------


def job_name(job: JobRow) -> str:
    """A job as sentences name it, "214 spectra-fit"."""
    return f"{job.number} {job.name}"


def cancel(jobs: Sequence[JobRow]) -> Action:
    """Ends jobs."""
    which = names([job_name(job) for job in jobs])
    waiting = sum(job.running + job.queued for job in jobs)
    title = f"Cancel job {which}?" if len(jobs) == 1 else f"Cancel {len(jobs)} jobs?"
    owners = names(sorted({job.owner for job in jobs}))
    text = f"{counted(waiting, 'call is', 'calls are')} given up; results so far are kept. {owners} sees that it ended."
    if len(jobs) > 1:
        text = f"{which}. {text}"
    return Action(
        label=f"Cancel {which}",
        requests=(Request("job cancel", {"numbers": [job.number for job in jobs]}),),
        done=f"{which} {'was' if len(jobs) == 1 else 'were'} cancelled.",
        question=Question(title, text, "Cancel job" if len(jobs) == 1 else f"Cancel {len(jobs)} jobs"),
    )


def renice(jobs: Sequence[JobRow], niceness: int) -> Action:
    """Changes the share that jobs have."""
    which = names([job_name(job) for job in jobs])
    before = {job.niceness for job in jobs}
    undo = Action(
        label=f"Set the niceness of {which} back",
        requests=tuple(_renicing([job for job in jobs if job.niceness == value], value) for value in sorted(before)),
        done=f"{which} has its niceness back.",
    )
    return Action(
        label=f"Niceness {niceness} for {which}",
        requests=(_renicing(jobs, niceness),),
        done=f"{which}: niceness {niceness}.",
        undo=undo,
    )


def _renicing(jobs: Sequence[JobRow], niceness: int) -> Request:
    return Request("job renice", {"numbers": [job.number for job in jobs], "niceness": niceness})


# --- People -----------------------------------------------------------------------------------------------------


def person_name(person: PersonRow) -> str:
    """A person as sentences name them: the full name if it is known."""
    return person.full_name or person.name


def _people(people: Iterable[PersonRow]) -> str:
    return names([person_name(person) for person in people])


def _each(verb: str, people: Iterable[PersonRow], **arguments: Any) -> tuple[Request, ...]:
    return tuple(Request(verb, {"name": person.name, **arguments}) for person in people)


def grant(people: Sequence[PersonRow], minutes: int) -> Action:
    """Gives people more time today."""
    amount = f"{minutes} min" if minutes % 60 else f"{minutes // 60} h"
    return Action(
        label=f"Give {_people(people)} {amount} today",
        requests=_each("user grant", people, duration=f"{minutes}min"),
        done=f"{_people(people)}: {amount} more today.",
    )


def message(people: Sequence[PersonRow], text: str) -> Action:
    """Shows people a text."""
    return Action(
        label=f"Message {_people(people)}",
        requests=_each("user message", people, text=text),
        done=f"{_people(people)} sees the message." if len(people) == 1 else f"{_people(people)} see the message.",
    )


def kick(people: Sequence[PersonRow]) -> Action:
    """Ends people's sessions."""
    who = _people(people)
    where = names([f"{person_name(person)} is on {person.node}" for person in people])
    text = f"{where}. Open programs are closed; work that is not saved is lost."
    return Action(
        label=f"Log {who} out",
        requests=_each("user kick", people),
        done=f"{who} is being logged out." if len(people) == 1 else f"{who} are being logged out.",
        question=Question(f"Log {who} out?", text, f"Log {who} out" if len(people) == 1 else f"Log {len(people)} out"),
    )


def enable(people: Sequence[PersonRow], on: bool) -> Action:
    """Lets people log in, or keeps them from it."""
    who = _people(people)
    inside = [person for person in people if person.node]
    question = None
    if not on and inside:
        text = f"{_people(inside)} is logged in; the session ends and work that is not saved is lost."
        question = Question(f"Disable {who}?", text, f"Disable {who}" if len(people) == 1 else "Disable")
    reverse = Action("", _each("user disable" if on else "user enable", people), f"{who}: as before.")
    return Action(
        label=f"{'Enable' if on else 'Disable'} {who}",
        requests=_each("user enable" if on else "user disable", people),
        done=f"{who} may {'' if on else 'not '}log in.",
        question=question,
        undo=None if question else reverse,
    )


def restrict(people: Sequence[PersonRow], on: bool) -> Action:
    """Lets quotas and opening hours hold for people, or not."""
    who = _people(people)
    reverse = Action("", _each("user unrestrict" if on else "user restrict", people), f"{who}: as before.")
    return Action(
        label=f"{'Restrict' if on else 'Do not restrict'} {who}",
        requests=_each("user restrict" if on else "user unrestrict", people),
        done=f"Hours {'hold' if on else 'do not hold'} for {who}.",
        undo=reverse,
    )


def quota(people: Sequence[PersonRow], daily: float | None, weekly: float | None) -> Action:
    """Sets the hours a day and a week; None: no limit."""
    who = _people(people)
    before = tuple(
        Request("user quota", {"name": person.name, **_hours_of(person.daily, person.weekly)}) for person in people
    )
    return Action(
        label=f"Hours of {who}",
        requests=_each("user quota", people, daily_hours=daily, weekly_hours=weekly),
        done=f"The hours of {who} were changed.",
        undo=Action("", before, f"{who} has the hours from before."),
    )


def _hours_of(daily: float | None, weekly: float | None) -> dict[str, float | None]:
    return {
        "daily_hours": None if daily is None else daily / 3600,
        "weekly_hours": None if weekly is None else weekly / 3600,
    }


def password(person: PersonRow, new: str) -> Action:
    """Sets a new password."""
    who = person_name(person)
    request = Request("user password", {"name": person.name, "password": new})
    return Action(f"New password for {who}", (request,), f"{who} has a new password.")


def add_person(name: str, new: str, daily: float | None, weekly: float | None, *, restricted: bool) -> Action:
    """A new account."""
    arguments = {
        "name": name,
        "password": new,
        "daily_hours": daily,
        "weekly_hours": weekly,
        "restricted": restricted,
    }
    return Action(f"Add {name}", (Request("user add", arguments),), f"{name} was added.")


def delete(people: Sequence[PersonRow]) -> Action:
    """Deletes accounts; the timesheet stays."""
    who = _people(people)
    text = f"{who} cannot log in any more, and a session that is open ends. The timesheet keeps what was."
    return Action(
        label=f"Delete {who}",
        requests=_each("user delete", people),
        done=f"{who} {'was' if len(people) == 1 else 'were'} deleted.",
        question=Question(f"Delete {who}?", text, f"Delete {who}" if len(people) == 1 else f"Delete {len(people)}"),
    )

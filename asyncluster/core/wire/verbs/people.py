"""Arguments of the control socket's verbs about people, as maps of exactly these fields.

Their forms are those of the command line (`core.people.names` reads them), so that whoever asks, a person or a
program, gets the same refusals.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

Name: TypeAlias = Annotated[str, Meta(max_length=100)]
Short: TypeAlias = Annotated[str, Meta(max_length=100)]
Password: TypeAlias = Annotated[str, Meta(max_length=4096)]

PAGE = 1000  # rows of a listing that are answered at once: an answer has to fit into a frame


class Args(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all arguments."""


class SecretArgs(Args, frozen=True, kw_only=True):
    """Arguments with a password, which no log shall show."""

    name: Name
    password: Password

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, ...)"


class NoArgs(Args, frozen=True, kw_only=True):
    """Nothing to say."""


class UserList(Args, frozen=True, kw_only=True):
    """Accounts by name; those after the first `skip`, at most `PAGE`."""

    skip: Annotated[int, Meta(ge=0, lt=2**31)] = 0


class UserNamed(Args, frozen=True, kw_only=True):
    """Whom it concerns."""

    name: Name


class UserAdd(SecretArgs, frozen=True, kw_only=True):
    """A new account; hours None: no limit."""

    daily_hours: float | None = None
    weekly_hours: float | None = None
    restricted: bool = True
    enabled: bool = True

    __repr__ = SecretArgs.__repr__


class UserPassword(SecretArgs, frozen=True, kw_only=True):
    """A new password."""

    __repr__ = SecretArgs.__repr__


class UserShow(UserNamed, frozen=True, kw_only=True):
    """`at`: the time to answer for, in the master's time zone; None: now."""

    at: Short | None = None


class UserQuota(UserNamed, frozen=True, kw_only=True):
    """What is not given stays; None: no limit."""

    daily_hours: float | UnsetType | None = UNSET
    weekly_hours: float | UnsetType | None = UNSET


class UserGrant(UserNamed, frozen=True, kw_only=True):
    """`duration`: like "15min"."""

    duration: Short


class UserMessage(UserNamed, frozen=True, kw_only=True):
    """`text`: what to show."""

    text: Annotated[str, Meta(min_length=1, max_length=1000)]


class OpeningSpan(Args, frozen=True, kw_only=True):
    """A weekly opening: `day` like "mon", times like "09:00"."""

    day: Short
    start: Short
    end: Short


class OpeningExcept(Args, frozen=True, kw_only=True):
    """`spans` of (start, end) that a date has instead of its weekday's; [] closed, None: like every other."""

    date: Short
    spans: Annotated[list[tuple[Short, Short]], Meta(max_length=100)] | None


class ComputeArgs(Args, frozen=True, kw_only=True):
    """From one date to another, both included; None: from the beginning, or until now. `by`: what is summed up."""

    by: Literal["owner", "hour"] = "owner"
    since: Short | None = None
    until: Short | None = None


class TimesheetArgs(Args, frozen=True, kw_only=True):
    """Sessions from one date to another, both included; rows after the first `skip`, at most `PAGE`."""

    name: Name | None = None
    since: Short | None = None
    until: Short | None = None
    skip: Annotated[int, Meta(ge=0, lt=2**31)] = 0


class ReportArgs(Args, frozen=True, kw_only=True):
    """Sums over the same sessions."""

    by: Literal["person", "node", "week"]
    name: Name | None = None
    since: Short | None = None
    until: Short | None = None


class AuditArgs(Args, frozen=True, kw_only=True):
    """The newest acts."""

    limit: Annotated[int, Meta(ge=1, le=PAGE)] = 100

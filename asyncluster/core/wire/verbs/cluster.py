"""Arguments of the verbs about nodes, jobs and the cluster as a whole."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

_Names = Annotated[list[Annotated[str, Meta(min_length=1, max_length=300)]], Meta(min_length=1, max_length=2000)]
_Number = Annotated[int, Meta(ge=1, lt=2**53)]


class Nothing(Struct, forbid_unknown_fields=True):
    """For verbs without arguments."""


class Nodes(Struct, forbid_unknown_fields=True):
    """Nodes by name."""

    names: _Names


class Jobs(Struct, forbid_unknown_fields=True):
    """Jobs by number."""

    numbers: Annotated[list[_Number], Meta(min_length=1, max_length=10_000)]


class JobList(Struct, forbid_unknown_fields=True):
    """Which jobs to list.

    Attributes:
        all: those that are over as well.
        over_hours: ... only those that ended in the last so many hours; 0: none of them.
        limit: the newest so many.
    """

    all: bool = False
    over_hours: Annotated[float, Meta(ge=0, le=10_000)] = 0
    limit: Annotated[int, Meta(ge=1, le=100_000)] = 200


class Job(Struct, forbid_unknown_fields=True):
    """One job by number."""

    number: _Number


class JobLogs(Struct, forbid_unknown_fields=True):
    """What a job printed, or one call of it."""

    number: _Number
    call: Annotated[int, Meta(ge=0, lt=2**53)] | None = None


class DaskClient(Struct, forbid_unknown_fields=True):
    """A wish to use Dask: the request for a certificate, in PEM."""

    csr: Annotated[bytes, Meta(min_length=1, max_length=4096)]


class JobRenice(Struct, forbid_unknown_fields=True):
    """A new niceness for jobs."""

    numbers: Annotated[list[_Number], Meta(min_length=1, max_length=10_000)]
    niceness: Annotated[int, Meta(ge=0, le=19)]

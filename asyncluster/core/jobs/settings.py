"""What an installation may change about dispatching, with the defaults that everybody else gets."""

from __future__ import annotations

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class DispatchSettings:
    """Times are seconds, sizes bytes.

    Attributes:
        jobs: calls that are kept ahead per worker slot; None: as `asyncluster.core.rhythm` says, measured.
        lease: how long the calls of a node that lost its connection wait for it.
        report: how long a node that is back may take to hand in what finished meanwhile.
        client_grace: how long the jobs of a client that lost its connection wait for it.
        found_grace: how long calls that nodes hold for unknown jobs wait for these to be opened again (the master
            was restarted), and then for the client to offer them.
        rest: how long a node that handed calls back unasked gets no new ones, unless it says sooner how it is.
        acknowledge: how long a node may wait to hear that what it reported has arrived.
        window: calls of one job that a client may have at the master at once.
        calls: calls of all jobs together that are kept; further ones fail as "too large" ...
        owner_calls: ... and those of one user, as soon as all together are so many.
        call_bytes: their payloads.
        kept_bytes: results that are kept for one job while its client is away.
        log_entries: length of one job's log ...
        log_bytes: ... and its payloads.
        open_jobs: jobs that are open at once, of everybody ...
        owner_jobs: ... and of one user.
        node_blob_bytes: large data of finished calls that a node keeps because the next call may name them.
    """

    jobs: int | None = None
    lease: float = 15.0
    report: float = 5.0
    client_grace: float = 30.0
    found_grace: float = 30.0
    rest: float = 5.0
    acknowledge: float = 0.1
    window: int = 1_000_000
    calls: int = 2_000_000
    owner_calls: int = 1_000_000
    call_bytes: int = 4096 * _MIB
    kept_bytes: int = 256 * _MIB
    log_entries: int = 100_000
    log_bytes: int = 1024 * _MIB
    open_jobs: int = 1000
    owner_jobs: int = 200
    node_blob_bytes: int = 1024 * _MIB

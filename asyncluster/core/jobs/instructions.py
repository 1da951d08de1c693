"""What the dispatcher tells its shell to do. The shell carries them out in order; none is ever answered."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from asyncluster.core.jobs.records import JobRecord, Owner
from asyncluster.core.wire.messages import Message


class _Instruction(msgspec.Struct, frozen=True, gc=False):
    """Base of all instructions."""


class ToNode(_Instruction, frozen=True, gc=False):
    """Send `message`. Blobs that it names and that the link does not have yet go first."""

    node: str
    message: Message


class ToClient(_Instruction, frozen=True, gc=False):
    """Send `message` to connection `client`. Blobs that it names and that the link does not have yet go first."""

    client: int
    message: Message


class JobStarted(_Instruction, frozen=True, gc=False):
    """Write the job down; its number in the history comes back by `Dispatcher.numbered`. No call runs before."""

    key: int
    name: str
    owner: Owner
    niceness: int


class JobClosed(_Instruction, frozen=True, gc=False):
    """The job is over; `record` is its last word. All its blobs at the master go."""

    key: int
    record: JobRecord


class ReleaseBlob(_Instruction, frozen=True, gc=False):
    """Nothing refers to this blob of the master's own shelf any more."""

    job: int
    blob: bytes


Instruction: TypeAlias = ToNode | ToClient | JobStarted | JobClosed | ReleaseBlob

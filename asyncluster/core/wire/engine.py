"""Messages about the second engine, Dask Distributed: between master and node, and between node and its Dask workers.

    M  EngineAt(run)                          a scheduler is there; again whenever it was started anew
    N  EngineRequest(csr)                     the node has made a key, which never leaves it
    M  EnginePass(port, ..., certificate)     N  (starts its workers)
    N  EngineDied(worker, mark, words)        a worker process died of its own accord
    N  EngineStopped(worker, mark)            a worker process is stopped before it could make way

    N  EngineSetup(...), EngineOrder("pause"), EngineOrder("resume"), EngineOrder("leave")
    W  (empty frame), EngineState("ready"), EngineState("quiet")

What the engine itself says travels on connections of its own, which Dask makes.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from asyncluster.core.wire.messages import Count, Key, LongText, Message, Text

#: A request for a certificate with a P-256 key, and a certificate, in PEM.
Pem: TypeAlias = Annotated[bytes, Meta(min_length=1, max_length=4096)]
Port: TypeAlias = Annotated[int, Meta(ge=1, le=65_535)]

#: pause: begin nothing new, hand back what has not begun, bring results away, keep what runs. resume: the contrary.
#: drain: as pause, and leave when nothing runs any more. leave: as pause, but leave without waiting for what runs.
Order: TypeAlias = Literal["pause", "resume", "drain", "leave"]


class EngineAt(Message, tag=100, frozen=True):
    """The master runs a scheduler. `run` is random, made when the scheduler was started."""

    run: Key


class EngineRequest(Message, tag=101, frozen=True):
    """A node wants a certificate for a key of its own."""

    csr: Pem


class EnginePass(Message, tag=102, frozen=True):
    """What a node needs for its workers.

    Attributes:
        port: of the scheduler, on the master.
        worker_ports: first and last port on which workers may listen; None: any.
        authority: certificate of the authority that all certificates of this engine come from.
        certificate: the node's.
        renew: seconds after which the node should ask for another one.
    """

    port: Port
    worker_ports: tuple[Port, Port] | None
    authority: Pem
    certificate: Pem
    renew: Count


class EngineDied(Message, tag=103, frozen=True):
    """A Dask worker died, and not because the node wanted it to.

    Attributes:
        worker: its name at the scheduler.
        mark: of the task that it was running (see `mark`); 0: none.
        words: how it died.
    """

    worker: Text
    mark: Count
    words: LongText


class EngineStopped(Message, tag=104, frozen=True):
    """A Dask worker is stopped for people, and had no chance to make way: what it runs does not let it.

    Attributes:
        worker: its name at the scheduler.
        mark: of the task that it was running; 0: none.
    """

    worker: Text
    mark: Count


class EngineSetup(Message, tag=110, frozen=True):
    """First message to a worker that is to be one of Dask's.

    Attributes:
        address: of the scheduler.
        name: the worker's at the scheduler.
        memory: bytes that it may use.
        key: the private key that belongs to the certificate.
    """

    address: Text
    name: Text
    memory: Count
    worker_ports: tuple[Port, Port] | None
    authority: Pem
    certificate: Pem
    key: Pem


class EngineOrder(Message, tag=111, frozen=True):
    """What a worker is to do."""

    order: Order


class EngineState(Message, tag=112, frozen=True):
    """How a worker is: the scheduler has it ("ready"), or, after "pause", nothing is on it any more that others could
    wait for but what it runs ("quiet").
    """

    state: Literal["ready", "quiet"]


FromNode: TypeAlias = EngineRequest | EngineDied | EngineStopped
ToNode: TypeAlias = EngineAt | EnginePass


def mark(key: object) -> int:
    """A number by which node and scheduler name a task, whose key may be anything; never 0."""
    digest = hashlib.blake2b(repr(key).encode(errors="replace"), digest_size=6).digest()
    return int.from_bytes(digest) | 1

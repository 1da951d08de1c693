"""Every message of the job links, in one place: small frozen structs, msgpack arrays on the wire.

Three links speak them, each in frames (`framing`):

    job client  <->  master       UNIX socket, identity from the kernel
    master      <->  node daemon  TLS, after the mutual login
    node daemon <->  worker       socketpair, inherited

A job client's life, C for client and M for master, then M and node N, then N and worker W:

    C  Hello, OpenJob(job), Code(job, 0), CallKind(job, 1), Submit(job, [calls]) ...
    M  Welcome, JobOpened(job, number), ... Results(job, node, [rows]) ...
    M  JobAt(job), Code(job, 0), CallKind(job, 1), Run(job, [rows])            N  Done(serial, job, [rows])
    N  WorkerSetup, Code(job, 0), CallKind(job, 1), Run(job, [rows])           W  Done(0, job, [rows])

**Identity.** `job` is a random 63-bit key and `call` a number counting up inside the job, both made by the client.
`attempt` counts how often the master has handed out the call; whatever comes back for an older attempt is void.

**A job is a log.** `Code`, `CallKind` and `Update` are its entries; `index` is their place, from 0 without gaps. The
sender of a call first sends the entries that its peer lacks, so order on the stream is the guarantee.

**Payloads** are opaque to master and node daemon: pickles that only client and worker open.

**Large data.** What is longer than `limits.INLINE` travels as a blob: named by the hash of its content within its job,
sent once a link, whole and before the first message that names it. Blobs live at the receiver until the *sender*
drops them (`DropBlob`, or the end of the job). `...Large` messages and log entries name the blobs that belong to their
payload; an empty payload means that the first blob is the payload. On a UNIX socket a blob may come as a descriptor
(`PassBlob`: a sealed memory file follows as SCM_RIGHTS), else in `BlobChunk`s.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

PROTOCOL_VERSION = 2

Key: TypeAlias = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Count: TypeAlias = Annotated[int, Meta(ge=0, lt=2**53)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=1e9)]
Niceness: TypeAlias = Annotated[int, Meta(ge=0, le=19)]
Text: TypeAlias = Annotated[str, Meta(max_length=300)]
NodeName: TypeAlias = Annotated[str, Meta(pattern=r"\A[\w][\w.-]*\Z", max_length=253)]
LongText: TypeAlias = Annotated[str, Meta(max_length=100_000)]
BlobName: TypeAlias = Annotated[bytes, Meta(min_length=16, max_length=16)]
#: Key of an environment (see `asyncluster.core.environments`); "": none, as the nodes are.
EnvironmentKey: TypeAlias = Annotated[str, Meta(pattern=r"\A([0-9a-f]{64})?\Z", max_length=64)]

#: call, kind, how many of the author's calls it holds (1, or the length of a chunk), payload
CallRow: TypeAlias = tuple[Count, Count, Count, bytes]
#: call, attempt, kind, payload
RunRow: TypeAlias = tuple[Count, Count, Count, bytes]
#: call, attempt, outcome (`RETURNED` or `RAISED`), microseconds it took, payload
DoneRow: TypeAlias = tuple[Count, Count, Count, Count, bytes]
#: call, attempt
CallRef: TypeAlias = tuple[Count, Count]
#: name, size in bytes
BlobRef: TypeAlias = tuple[BlobName, Count]

RETURNED = 0  # the payload is the pickled result; of a chunk, a pickled list of (outcome, value)
RAISED = 1  # the payload is the pickled exception with its traceback text


class Message(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Base of everything that travels on a job link."""


class Part(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Base of what travels inside messages."""


# --- The log of a job: client -> master -> node daemon -> worker --------------------------------------


class Code(Message, tag=1, frozen=True):
    """Entry: the job's namespace. The payload says how to make it (see `asyncluster.ndm.worker.namespace`)."""

    job: Key
    index: Count
    payload: bytes
    blobs: list[BlobRef] = []


class CallKind(Message, tag=2, frozen=True):
    """Entry: a function with its options, for calls to name by `kind`.

    Attributes:
        name: what people see.
        function: how the worker finds it, opaque.
        chunked: the payload of such a call is a list of argument lists, its result a list of outcomes.
        timeout: seconds after which the process that runs the call is ended; None: no limit.
        retries: how often a call may run again after its worker died; 0: at most once, whatever happens.
    """

    job: Key
    index: Count
    kind: Count
    name: Text
    function: bytes
    chunked: bool = False
    timeout: Seconds | None = None
    retries: Annotated[int, Meta(ge=0, le=1000)] = 2


class Update(Message, tag=3, frozen=True):
    """Entry: a function of the namespace and its arguments, to be called once in every process of the job."""

    job: Key
    index: Count
    payload: bytes
    blobs: list[BlobRef] = []


Entry: TypeAlias = Code | CallKind | Update

# --- Blobs, on every link ---------------------------------------------------------------------------------


class BlobChunk(Message, tag=10, frozen=True):
    """A piece of a blob; pieces come in order, each but the last `limits.CHUNK` long."""

    job: Key
    blob: BlobName
    size: Count
    offset: Count
    data: memoryview


class PassBlob(Message, tag=11, frozen=True):
    """A whole blob: its descriptor comes with this frame (UNIX sockets only)."""

    job: Key
    blob: BlobName
    size: Count


class BlobAt(Message, tag=12, frozen=True):
    """A whole blob on this very machine: descriptor `fd` of process `pid`, to be opened through /proc.

    The receiver answers `BlobSeen`; with `ok` false the sender sends chunks instead.
    """

    job: Key
    blob: BlobName
    size: Count
    pid: Count
    fd: Count


class BlobSeen(Message, tag=13, frozen=True):
    job: Key
    blob: BlobName
    ok: bool


class DropBlob(Message, tag=14, frozen=True):
    """The sender will not name this blob again."""

    job: Key
    blob: BlobName


# --- Client -> master ---------------------------------------------------------------------------------------


class Hello(Message, tag=20, frozen=True):
    version: Count
    program: Text


class OpenJob(Message, tag=21, frozen=True):
    """Opens a job, or takes it up again: after a broken connection, or at a restarted master.

    Answered by `JobOpened`. The client then sends the log entries from `JobOpened.entries` on and offers all
    calls that it still waits for; the master knows which of them it has already.

    Attributes:
        environment: its name, its key, or a beginning of that which no other key has; "": none; None: the current one.
            A job that is taken up again names the key that `JobOpened` told.
    """

    job: Key
    name: Text
    niceness: Niceness
    environment: Text | None = None


class Submit(Message, tag=22, frozen=True):
    job: Key
    calls: list[CallRow]


class SubmitLarge(Message, tag=23, frozen=True):
    job: Key
    call: CallRow
    blobs: list[BlobRef]


class Cancel(Message, tag=24, frozen=True):
    """Cancels calls, queued or running. Each is answered by its result, if that was faster, or by `Failed`."""

    job: Key
    calls: list[Count]


class CloseJob(Message, tag=25, frozen=True):
    """The client is done: what still runs is ended and the namespace goes."""

    job: Key


class Ask(Message, tag=26, frozen=True):
    """A verb of the control table with its arguments, a map; answered by `Answer` or `Refusal`."""

    id: Count
    verb: Text
    arguments: msgspec.Raw


# --- Master -> client -----------------------------------------------------------------------------------


class Welcome(Message, tag=30, frozen=True):
    """Answer to `Hello`.

    Attributes:
        window: how many calls of a job the client may have at the master at once.
    """

    version: Count
    server: Text
    epoch: Key
    role: Text
    window: Count


class JobOpened(Message, tag=31, frozen=True):
    """The job stands.

    Attributes:
        number: what people call it.
        entries: how many entries of its log the master has.
        environment: what its calls run in.
    """

    job: Key
    number: Count
    entries: Count
    environment: EnvironmentKey = ""


class Logged(Message, tag=32, frozen=True):
    """The log is `entries` long: calls submitted from now on see all of it."""

    job: Key
    entries: Count


class Results(Message, tag=33, frozen=True):
    job: Key
    node: Text
    rows: list[DoneRow]


class ResultLarge(Message, tag=34, frozen=True):
    job: Key
    node: Text
    row: DoneRow
    blobs: list[BlobRef]


FailureKind: TypeAlias = Literal["timeout", "crashed", "node lost", "cancelled", "broken", "split", "too large"]


class Failure(Part, frozen=True):
    """Why a call has no result.

    "split" is not a failure yet: a worker died of a chunk, and the client is to offer its calls one by one so that
    the right one gets the blame.
    """

    kind: FailureKind
    message: LongText
    node: Text = ""
    signal: Count | None = None
    exit_status: Count | None = None
    stderr: LongText = ""
    peak_memory: Count = 0


class Failed(Message, tag=36, frozen=True):
    job: Key
    calls: list[CallRef]
    failure: Failure


class JobEnded(Message, tag=37, frozen=True):
    """The master ended the job: cancelled by somebody, or its code works nowhere. All its calls are void."""

    job: Key
    failure: Failure


class Answer(Message, tag=38, frozen=True):
    id: Count
    value: msgspec.Raw


class Refusal(Message, tag=39, frozen=True):
    """`code` is an `ExitCode`; `message` one or two sentences for a person."""

    id: Count
    code: Count
    message: LongText


class Feed(Message, tag=51, frozen=True):
    """Rows of a topic that the client watches (see `feed`).

    Attributes:
        at: what the master's clock shows, in seconds since 1970.
        full: forget all rows of the topic first.
        rows: a list of the topic's rows, new ones and changed ones.
        gone: ids of rows that are there no more.
    """

    topic: Text
    at: float
    full: bool
    rows: msgspec.Raw
    gone: list[str | int] = []


# --- Node daemon -> master, and worker -> node daemon ---------------------------------------------------


class Holding(Part, frozen=True):
    """What a node still has of a job: calls, queued or running, and how many entries of its log.

    A node lists every job that it knows, also those of which it has no calls; the master tells it which are over.
    """

    job: Key
    calls: list[CallRef]
    entries: Count = 0


class Attach(Message, tag=41, frozen=True):
    """First message of a node.

    Attributes:
        instance: random, made when the daemon started: the same after a reconnect, another after a restart.
        holding: what it still has from before the connection broke.
        boot: boot id of its kernel and ...
        uid: ... its user: equal to the master's, blobs need not be copied.
        place: random, kept where the daemon keeps its things: the same after a restart as well; 0: it keeps nothing.
    """

    version: Count
    name: NodeName
    instance: Key
    release: Text
    python: Text
    cores: Annotated[int, Meta(ge=1, le=4096)]
    workers: Annotated[int, Meta(ge=0, le=512)]
    memory: Count
    displays: list[Text]
    boot: Text
    uid: Count
    holding: list[Holding] = []
    place: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0


class Done(Message, tag=42, frozen=True):
    """Finished calls. A node numbers these messages and keeps each until the master has acknowledged it."""

    serial: Count
    job: Key
    rows: list[DoneRow]


class DoneLarge(Message, tag=43, frozen=True):
    serial: Count
    job: Key
    row: DoneRow
    blobs: list[BlobRef]


class Broke(Message, tag=44, frozen=True):
    """A call ended without a result on this node: its worker died, or its time was over."""

    serial: Count
    job: Key
    call: CallRef
    failure: Failure


class Returned(Message, tag=45, frozen=True):
    """The node hands back calls that it has not begun (or that a suspended worker held)."""

    serial: Count
    job: Key
    calls: list[CallRef]


class Unfit(Message, tag=46, frozen=True):
    """Entry `index` of the job's log failed here; the node runs no call of the job, and has handed back all."""

    job: Key
    index: Count
    traceback: LongText


class Output(Message, tag=47, frozen=True):
    """What a call printed, or a process of the job outside any call (call 0). Bounded by the node."""

    job: Key
    call: Count
    stream: Literal["out", "err"]
    text: LongText


class Progress(Message, tag=48, frozen=True):
    job: Key
    call: Count
    fraction: Annotated[float, Meta(ge=0, le=1)]
    note: Text


class CoreUse(Part, frozen=True):
    """Shares of one core over the last interval, 0 to 1: ours (workers), and everything else."""

    ours: float
    others: float


class Telemetry(Message, tag=50, frozen=True):
    """How a node is, every few seconds.

    Attributes:
        state: what its workers may do: "run", "nice", "suspend" or "stop" (see `[client] when in use`).
        running: calls running now, by job.
        queued: calls waiting on the node, by job.
        trouble: a sentence if something needs a look, else "".
    """

    cores: list[CoreUse]
    load: float
    memory_used: Count
    state: Text
    running: dict[int, int]
    queued: dict[int, int]
    trouble: Text = ""


# --- Master -> node daemon, and node daemon -> worker --------------------------------------------------


class Attached(Message, tag=60, frozen=True):
    """The master's answer to `Attach`.

    Attributes:
        name: the node's name from now on; its own with a suffix if another node has that.
        epoch: random, made when the master started.
    """

    name: Text
    epoch: Key


class JobAt(Message, tag=61, frozen=True):
    """A job that the node will get calls of; its log entries follow. The node has its environment."""

    job: Key
    number: Count
    name: Text
    owner: Text
    niceness: Niceness
    environment: EnvironmentKey = ""


class Run(Message, tag=62, frozen=True):
    job: Key
    rows: list[RunRow]


class RunLarge(Message, tag=63, frozen=True):
    job: Key
    row: RunRow
    blobs: list[BlobRef]


class Recall(Message, tag=64, frozen=True):
    """Asks for up to `count` calls back that have not begun; answered by `Returned`."""

    job: Key
    count: Count


class Stop(Message, tag=65, frozen=True):
    """Ends these calls wherever they are; not answered, whatever still comes of them is void."""

    job: Key
    calls: list[CallRef]


class DropJob(Message, tag=66, frozen=True):
    """The job is over: its processes end, its data go."""

    job: Key


class Renice(Message, tag=67, frozen=True):
    job: Key
    niceness: Niceness


class Drain(Message, tag=68, frozen=True):
    """With `on`, the node hands back what has not begun, lets running calls finish and takes nothing new."""

    on: bool


class Acknowledge(Message, tag=69, frozen=True):
    """All numbered messages up to `serial` have arrived."""

    serial: Count


class WorkerSetup(Message, tag=70, frozen=True):
    """First message to a worker: whose process it is.

    With an environment, a descriptor of that one's directory comes with this frame, unless there is no such directory.
    """

    job: Key
    number: Count
    name: Text
    node: Text
    environment: EnvironmentKey = ""


class Skip(Message, tag=71, frozen=True):
    """Node daemon to worker: do not begin these calls, somebody else has them."""

    job: Key
    calls: list[CallRef]


_Blob: TypeAlias = BlobChunk | PassBlob | DropBlob
_BlobHere: TypeAlias = BlobAt | BlobSeen

FromClient: TypeAlias = Hello | OpenJob | Entry | Submit | SubmitLarge | Cancel | CloseJob | Ask | _Blob
ToClient: TypeAlias = (
    Welcome | JobOpened | Logged | Results | ResultLarge | Failed | JobEnded | Progress | Output
    | Answer | Refusal | Feed | _Blob
)  # fmt: skip
FromNode: TypeAlias = (
    Attach | Done | DoneLarge | Broke | Returned | Unfit | Output | Progress | Telemetry
    | _Blob | _BlobHere
)  # fmt: skip
ToNode: TypeAlias = (
    Attached | JobAt | Entry | Run | RunLarge | Recall | Stop | DropJob | Renice | Drain
    | Acknowledge | _Blob | _BlobHere
)  # fmt: skip
FromWorker: TypeAlias = Done | DoneLarge | Unfit | Output | Progress | PassBlob
ToWorker: TypeAlias = WorkerSetup | Entry | Run | RunLarge | Skip | PassBlob | DropBlob

_encoder = msgspec.msgpack.Encoder()
encode = _encoder.encode


def decoder(kinds: object) -> msgspec.msgpack.Decoder[Message]:
    """A decoder for one direction of one link, such as `FromNode`; it refuses every other message."""
    return msgspec.msgpack.Decoder(kinds)  # type: ignore[arg-type]

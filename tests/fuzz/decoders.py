"""What turns bytes of strangers into something: for any bytes it gives that, or refuses them in its own words."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from asyncluster.core.config.keys import Role
from asyncluster.core.config.reading import read
from asyncluster.core.config.surroundings import Surroundings
from asyncluster.core.errors import ProtocolError
from asyncluster.core.master.verbs.table import VERBS
from asyncluster.core.wire import engine as e
from asyncluster.core.wire import environments as v
from asyncluster.core.wire import greeter, timebar
from asyncluster.core.wire import messages as m
from asyncluster.core.wire import people as p
from asyncluster.core.wire.framing import FrameReader
from asyncluster.ndm.session import desktop_entries, record

#: What the handlers of all links take for "that is no message".
NO_MESSAGE = (msgspec.MsgspecError, ValueError, RecursionError)

_FROM_NODE, _TO_NODE = m.FromNode | p.FromNode | e.FromNode | v.FromNode, m.ToNode | p.ToNode | e.ToNode | v.ToNode
LINKS = (m.FromClient, m.ToClient, _FROM_NODE, _TO_NODE, m.FromWorker, m.ToWorker)
_DECODERS = [m.decoder(link) for link in LINKS]
_HERE = Surroundings(uid=1000, host="main", home=Path("/home/ed"), environ={})
_LARGEST = 4096


def messages(data: bytes) -> None:
    """Every link of jobs, people and Dask."""
    for decoder in _DECODERS:
        with suppress(*NO_MESSAGE):
            message = decoder.decode(data)
            assert decoder.decode(m.encode(message)) == message


def frames(data: bytes) -> None:
    """A stream, cut where its first byte says; whatever comes is within the limit, and nothing is kept beyond it."""
    reader = FrameReader(_LARGEST)
    step = 1 + data[0] if data else 1
    with suppress(ProtocolError):
        for start in range(1, len(data), step):
            assert all(len(body) <= _LARGEST for body in reader.receive(data[start : start + step]))
            assert reader.buffered <= _LARGEST + 4 + step


def questions(data: bytes) -> None:
    """Arguments of every verb of the control socket."""
    for verb in VERBS.values():
        with suppress(*NO_MESSAGE):
            msgspec.msgpack.decode(data, type=verb.args)


def windows(data: bytes) -> None:
    """What greeter and time bar say, who are strangers to the node daemon."""
    for decoder in (greeter.from_greeter, greeter.to_greeter, timebar.from_time_bar, timebar.to_time_bar):
        with suppress(*NO_MESSAGE):
            decoder.decode(data)


def configuration(data: bytes) -> None:
    """A configuration gives settings or problems, each of one line and without a password."""
    for role in Role:
        reading = read(data.decode(errors="replace"), role, _HERE)
        assert (reading.settings is None) == bool(reading.problems)
        assert all("\n" not in str(problem) for problem in reading.problems)


def desktop_entry(data: bytes) -> None:
    """A session file that anybody's package may have installed."""
    with suppress(desktop_entries.BadEntry):
        desktop_entries.parse_entry("any", data.decode(errors="replace"), "de_DE.UTF-8", lambda program: True)


def session_record(data: bytes) -> None:
    """A record of a session, half written or not."""
    with suppress(ValueError, RecursionError, record.BadRecord):
        record.from_fields(json.loads(data))


def samples() -> dict[str, list[bytes]]:
    spoken = [
        m.Hello(1, "x"), m.OpenJob(7, "x", 3), m.Code(7, 0, b"c", [(b"n" * 16, 9)]), m.CallKind(7, 1, 0, "f", b"f"),
        m.Submit(7, [(1, 0, 1, b"a"), (2, 0, 1, b"b")]), m.Cancel(7, [1]), m.Ask(1, "status", msgspec.Raw(b"\x80")),
        m.Done(1, 7, [(1, 1, 0, 5, b"r")]), m.Broke(2, 7, (1, 1), m.Failure("crashed", "!")),
        m.Run(7, [(1, 1, 0, b"a")]), m.Results(7, "pc1", [(1, 1, 0, 5, b"r")]), m.Welcome(1, "m", 5, "operator", 9),
        m.Attach(1, "pc1", 1, "1", "3.11", 1, 1, 1, [":0"], "boot", 1, [m.Holding(7, [(1, 1)], 2)]),
        v.EnvironmentsHeld(["0" * 64], [v.EnvironmentFailure("1" * 64, "No room.")]), v.WheelAsk("0" * 64, "a.whl", 5),
        v.EnvironmentsWanted(["0" * 64]), v.ManifestIs("0" * 64, b"{}"), v.WheelPiece("0" * 64, "a.whl", 5, b"PK"),
        p.BeginSession(1, "00000000-0000-0000-0000-000000000001", ":0", "ada", "x"),
    ]  # fmt: skip
    encoded = [m.encode(message) for message in spoken]
    return {
        "messages": encoded,
        "frames": [b"\x03" + b"".join(len(body).to_bytes(4, "big") + body for body in encoded)],
        "questions": [
            msgspec.msgpack.encode({"name": "ada", "daily_hours": 2.5}),
            msgspec.msgpack.encode({"node": "pc1", "topics": ["nodes"], "job": 7}),
        ],
        "windows": [
            greeter.framed(greeter.Login("ada", "x", ""))[4:],
            timebar.framed(timebar.Acknowledged(1))[4:],
        ],
        "configuration": [(Path(__file__).parents[2] / "resources" / "asyncluster.conf").read_bytes()],
        "desktop_entry": [b'[Desktop Entry]\nType=XSession\nName=Ice\nName[de]=Eis\nExec="/usr/bin/ice" %f \\\\s\n'],
        "session_record": [
            b'{"session":"00000000-0000-0000-0000-000000000001","user":"ada","display":":7","started":1,"boot":"b",'
            b'"began":1.5,"deadline":null,"elapsed":3,"reason":""}'
        ],
    }


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (messages, frames, questions, windows, configuration, desktop_entry, session_record)
}

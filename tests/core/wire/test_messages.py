from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.wire import engine as e
from asyncluster.core.wire import environments as v
from asyncluster.core.wire import messages as m
from asyncluster.core.wire import people as p

LINKS = [
    m.FromClient,
    m.ToClient,
    m.FromNode | p.FromNode | e.FromNode | v.FromNode,
    m.ToNode | p.ToNode | e.ToNode | v.ToNode,
    m.FromWorker | e.EngineState,
    m.ToWorker | e.EngineSetup | e.EngineOrder,
]


def test_every_message_has_a_tag_of_its_own() -> None:
    tags = [kind.__struct_config__.tag for kind in m.Message.__subclasses__()]
    assert len(tags) == len(set(tags))


@pytest.mark.parametrize("kind", m.Message.__subclasses__(), ids=lambda kind: kind.__name__)
def test_every_message_travels_on_some_link(kind: type[m.Message]) -> None:
    links = [set(link.__args__) for link in LINKS]
    assert any(kind in link for link in links)


def test_rows_come_back_as_they_went() -> None:
    submit = m.Submit(7, [(1, 2, 3, b"payload"), (2, 2, 1, b"")])
    assert m.decoder(m.FromClient).decode(m.encode(submit)) == submit


def test_a_message_of_another_link_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        m.decoder(m.FromClient).decode(m.encode(m.Acknowledge(3)))


@pytest.mark.parametrize(
    "message",
    [
        m.OpenJob(0, "x", 0),
        m.OpenJob(1, "x", 20),
        m.OpenJob(1, "x" * 301, 0),
        m.DropBlob(1, b"short"),
        m.Cancel(1, [-1]),
    ],
)
def test_values_out_of_range_are_refused(message: m.Message) -> None:
    with pytest.raises(msgspec.ValidationError):
        m.decoder(m.FromClient).decode(m.encode(message))


@given(st.binary(max_size=300))
def test_nonsense_is_refused_by_every_decoder(data: bytes) -> None:
    for link in LINKS:
        try:
            message = m.decoder(link).decode(data)
        except ValueError:  # msgspec raises its own kinds of it, and UnicodeDecodeError
            continue
        assert isinstance(message, m.Message)


@pytest.mark.parametrize(
    "name", ["", "pc1\nroot attached", "pc\x1b[2J", "../../etc", "a" * 254, "pc 1", ".pc", "pc1\n"]
)
def test_a_nodes_name_is_one_word(name: str) -> None:
    def attach(name: str) -> bytes:
        return m.encode(m.Attach(m.PROTOCOL_VERSION, name, 1, "1", "3.11", 1, 1, 1, [], "boot", 1))

    decode = m.decoder(m.FromNode).decode
    assert decode(attach("lab-2_pc01.example.org-2"))
    with pytest.raises(msgspec.ValidationError):
        decode(attach(name))

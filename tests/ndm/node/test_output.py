from __future__ import annotations

import os

from asyncluster.ndm.node.output import Meter, OutputPipe, Tail
from asyncluster.ndm.worker.capture import BUDGET, CUT


class Reactor:
    def __init__(self) -> None:
        self.readers: list[object] = []

    def addReader(self, reader: object) -> None:
        self.readers.append(reader)

    def removeReader(self, reader: object) -> None:
        if reader in self.readers:
            self.readers.remove(reader)


def test_the_tail_is_the_last_lines():
    tail = Tail()
    for number in range(1000):
        tail.add(f"line {number}\n")
    assert str(tail).splitlines() == [f"line {number}" for number in range(980, 1000)]
    tail.add("x" * 100_000)
    assert len(str(tail)) <= 4096


def test_each_call_has_a_budget():
    meter = Meter()
    assert meter.admit(1, "x" * (BUDGET - 1)) == "x" * (BUDGET - 1)
    assert meter.admit(1, "abc") == "a" + CUT
    assert meter.admit(1, "abc") == ""
    assert meter.admit(2, "x" * BUDGET) == "x" * BUDGET
    assert meter.admit(2, CUT) == CUT  # the worker's own mark is beyond it, too
    assert meter.admit(2, "abc") == ""
    assert meter.admit(3, "abc") == "abc"


def test_a_pipe_is_read_as_text_whatever_is_in_it():
    reactor, heard = Reactor(), []
    reading, writing = os.pipe()
    pipe = OutputPipe(reactor, reading, "err", lambda stream, text: heard.append((stream, text)))
    os.write(writing, "ä".encode()[:1])
    pipe.doRead()
    os.write(writing, "ä".encode()[1:] + b"\xff")
    pipe.doRead()
    assert "".join(text for _stream, text in heard) == "ä\ufffd"
    assert reactor.readers == [pipe]
    os.close(writing)
    pipe.doRead()
    assert reactor.readers == []
    pipe.connectionLost(None)
    pipe.drain()


def test_draining_does_not_follow_an_endless_writer():
    reactor, heard = Reactor(), []
    reading, writing = os.pipe()
    pipe = OutputPipe(reactor, reading, "out", lambda _stream, text: heard.append(text) or os.write(writing, b"more"))
    os.write(writing, b"first")
    pipe.drain()
    assert heard[0] == "first"
    assert len(heard) == 32
    pipe.close()
    os.close(writing)

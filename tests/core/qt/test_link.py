"""The link is tested in a process of its own, in which the reactor runs as it does in the real programs."""

from __future__ import annotations

import pytest

PROGRAM = """
import socket, sys
from PyQt6.QtWidgets import QApplication
app = QApplication([])
from asyncluster.core.qt.reactor import install
reactor = install(tls=False)
from asyncluster.core.qt.link import Link, attach
from asyncluster.core.wire import greeter as wire
from asyncluster.core.wire.framing import frame

ours, theirs = socket.socketpair()
descriptor = theirs.detach()

def lost(reason):
    ours.close()
    print("lost:", reason)
    if reactor.running:
        reactor.stop()

link = Link(wire.to_greeter, 100, lambda message: print(message), lost)
attach(reactor, descriptor, link)
"""


@pytest.fixture
def linked(program):
    def run(source: str) -> list[str]:
        result = program(PROGRAM + source + "\nreactor.run()\n")
        assert result.returncode == 0, result.stderr
        assert not result.stderr
        return result.stdout.splitlines()

    return run


def test_messages_arrive_in_order_however_they_are_cut(linked):
    assert linked("""
data = wire.framed(wire.MasterState(True)) + wire.framed(wire.Accepted())
for i in range(len(data)):
    reactor.callLater(i * 0.002, ours.sendall, data[i:i + 1])
reactor.callLater(0.3, ours.close)
""") == ["MasterState(reachable=True, since=None)", "Accepted()", "lost: The node daemon has closed its end."]


def test_what_is_sent_arrives(linked):
    assert linked("""
def read():
    print(ours.recv(100))
    ours.close()
link.send(wire.framed(wire.Ready()))
reactor.callLater(0.1, read)
reactor.callLater(0.3, lambda: link.send(b"nowhere"))
""") == [r"b'\x00\x00\x00\x02\x91\x14'", "lost: The node daemon has closed its end."]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("frame(bytes(101))", "over the limit"),
        ("b'\\xff' * 4", "over the limit"),
        ("frame(b'\\x91\\x63')", "cannot be understood"),
        ("frame(b'rubbish')", "cannot be understood"),
        ("wire.framed(wire.Ready())", "cannot be understood"),
    ],
)
def test_what_is_not_allowed_ends_the_link(linked, data, words):
    (line,) = linked(f"reactor.callLater(0, ours.sendall, {data})")
    assert line.startswith("lost: The node daemon sent what cannot be understood")
    assert words in line


def test_the_descriptor_is_not_for_children(linked):
    assert linked("""
import os
print([fd for fd in range(3, 30) if os.path.exists(f"/proc/self/fd/{fd}") and os.get_inheritable(fd)
       and os.readlink(f"/proc/self/fd/{fd}").startswith("socket")])
reactor.callLater(0, ours.close)
""") == ["[]", "lost: The node daemon has closed its end."]

"""Strangers without passwords at the port for nodes, through real sockets; honest nodes still log in."""

from __future__ import annotations

import resource
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from support.reactor import ReactorThread
from support.strangers import PlayedNode, introduction, log_in
from support.waiting import wait_for

from asyncluster.core.wire import limits

_MIB = 1024 * 1024
_A_CONNECTION = 64 * 1024  # bytes that one may cost


@contextmanager
def many_files(count: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, count), hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def secured(connection: socket.socket) -> ssl.SSLSocket:
    """As far as somebody comes who has no password."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(connection)


def logs_in(site: Any, thread: ReactorThread, name: str) -> bool:
    node = PlayedNode(introduction(name))
    leave = log_in(thread, site.real.config, node)
    leave()
    thread.wait_until(lambda: node.losses)
    return True


def silence(site: Any, thread: ReactorThread, count: int) -> None:
    """So many connections that say nothing; what they cost is given back, and nobody else is kept out."""
    memory, descriptors = site.memory(), site.descriptors()
    with many_files(count + 500), ExitStack() as strangers:
        for _ in range(count):
            strangers.enter_context(socket.create_connection(("127.0.0.1", site.port), 20))
        wait_for(lambda: site.descriptors() >= descriptors + min(count, limits.UNAUTHENTICATED) - 100, "all of them")
        assert logs_in(site, thread, "honest")
        assert site.works()
        assert site.memory() < memory + count * _A_CONNECTION + 20 * _MIB
        assert site.descriptors() <= descriptors + limits.UNAUTHENTICATED + 5
    wait_for(lambda: site.descriptors() <= descriptors + 5, "their descriptors")


def test_silent_connections_keep_nobody_out(site: Any, reactor_thread: ReactorThread) -> None:
    silence(site, reactor_thread, 400)


@pytest.mark.faults
def test_two_thousand_silent_connections_keep_nobody_out(site: Any, reactor_thread: ReactorThread) -> None:
    silence(site, reactor_thread, limits.UNAUTHENTICATED + 100)


@pytest.mark.parametrize("size", [limits.LOGIN_FRAME + 1, 2**31, 2**32 - 1])
def test_a_giant_frame_before_the_login_ends_it(site: Any, size: int) -> None:
    memory = site.memory()
    with secured(socket.create_connection(("127.0.0.1", site.port), 20)) as stranger:
        stranger.sendall(size.to_bytes(4, "big"))
        assert stranger.recv(1) == b""
    assert site.memory() < memory + 20 * _MIB


@pytest.mark.parametrize("words", [b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01" + bytes(200), b"\0" * 64 * 1024])
def test_what_is_no_tls_ends_it(site: Any, words: bytes) -> None:
    with socket.create_connection(("127.0.0.1", site.port), 20) as stranger:
        try:
            stranger.sendall(words)
            while stranger.recv(4096):
                pass
        except ConnectionError:
            pass


@pytest.mark.faults
def test_a_byte_a_second_is_silence(site: Any) -> None:
    with secured(socket.create_connection(("127.0.0.1", site.port), 20)) as stranger:
        stranger.settimeout(1.0)
        for byte in b"\0\0\0\x60" + bytes(96):
            try:
                stranger.sendall(bytes([byte]))
                if stranger.recv(1) == b"":
                    return
            except TimeoutError:
                continue
            except OSError:
                return
        pytest.fail("It may go on for ever.")

"""A display that was put up, and how its end looks from outside."""

from __future__ import annotations

import os
import signal
import socket

import pytest

from asyncluster.ndm.display.screen import Place, Screen


@pytest.fixture
def place(tmp_path, free_display):
    return Place(free_display(), ("Xvfb",), tmp_path, None)


@pytest.fixture
def screen(place):
    made = Screen(place)
    made.up()
    yield made
    made.down()


@pytest.fixture
def client(place, screen):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(f"/tmp/.X11-unix/X{place.display}")
        yield connection


def heard_the_end(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_server_serves_until_it_is_killed_and_not_when_its_clients_hear_of_that(screen, client):
    """A window manager that lost its server ends as after a logout, and earlier than the server can be waited for."""
    assert screen.serves()
    os.kill(screen.pid, signal.SIGKILL)
    assert heard_the_end(client)
    assert not screen.serves()


def test_nor_does_one_that_never_was(place):
    assert not Screen(place).serves()

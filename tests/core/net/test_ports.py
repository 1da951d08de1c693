from __future__ import annotations

import random
import socket

import pytest

from asyncluster.core.net import ports


@pytest.mark.parametrize(
    ("kernels", "chosen"),
    [
        ("32768\t60999\n", range(20_000, 32_768)),
        ("15000\t40000\n", range(40_001, 65_536)),
        ("1024\t65535\n", range(20_000, 65_536)),
        ("20500\t65000\n", range(20_000, 65_536)),
    ],
)
def test_a_port_is_none_that_the_kernel_gives_away_if_that_can_be(tmp_path, monkeypatch, kernels, chosen):
    file = tmp_path / "range"
    file.write_text(kernels)
    monkeypatch.setattr(ports, "_EPHEMERAL", file)
    for _ in range(20):
        port = ports.free_port()
        assert port in chosen
        with socket.socket() as listener:
            listener.bind(("", port))


def test_a_machine_that_does_not_say_has_ports_as_well(tmp_path, monkeypatch):
    monkeypatch.setattr(ports, "_EPHEMERAL", tmp_path / "missing")
    assert ports.free_port() >= 20_000


def test_a_port_that_somebody_has_is_passed_over(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("", 0))
        mine = taken.getsockname()[1]
        choices = iter([mine, mine, ports.free_port()])
        monkeypatch.setattr(ports._random, "choice", lambda _ports: next(choices))
        assert ports.free_port() != mine


def test_where_none_is_free_it_says_so(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("", 0))
        mine = taken.getsockname()[1]
        monkeypatch.setattr(ports._random, "choice", lambda _ports: mine)
        with pytest.raises(OSError, match="No TCP port is free"):
            ports.free_port()


def test_the_authors_random_numbers_stay_as_they_were():
    random.seed(1)
    before = random.getstate()
    ports.free_port()
    assert random.getstate() == before

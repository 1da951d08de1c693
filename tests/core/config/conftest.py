from __future__ import annotations

from pathlib import Path

import pytest

from asyncluster.core.config import Surroundings

# The file of the classic program, its placeholders replaced, as administrators have it on their disks.
CLASSIC = """\
# AsynCluster Client & Server Common Configuration File

#--- Server-specific config items -------------------------
[server]

# URL to Privilege & Usage Database
database = sqlite://:memory:

# Comma-separate list of accepted client address definition(s)
# Example: "subnets = 127.0.0.1, 192.168.1.0/24"
subnets = 127.0.0.1, 192.168.135.0/24

#--- Client-specific config items -------------------------
[client]

# Server host for node-master TCP connections
host = main

# User name for the client connection
user = test

# Password for the client connection
password = a,b#c%d"e f

#--- Common config items ----------------------------------
[common]

# Server port for node-master TCP connections
tcp port = 9080\x20\x20\x20\x20\x20\x20

# UNIX Socket for master control connections
socket = /tmp/.ndm

# Server password for reverse login to client
server password = correct horse battery

#--- Display manager items --------------------------------
[display]

# NDM Window size in pixels (fixed)
size = 300, 200

# The window manager to launch for a new user session
window manager = /usr/bin/startkde

# Niceness level at which to run the window manager and thus all programs
# launched by the user from there
niceness = 10
"""


@pytest.fixture
def classic() -> str:
    return CLASSIC


@pytest.fixture
def here(tmp_path: Path) -> Surroundings:
    """A user without root's rights on the machine `main`, with nothing in the environment."""
    return Surroundings(uid=1000, host="main", home=tmp_path / "home", environ={})


@pytest.fixture
def root() -> Surroundings:
    return Surroundings(uid=0, host="main", home=Path("/root"), environ={})

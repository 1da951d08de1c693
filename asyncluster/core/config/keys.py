"""Every key of the configuration, declared once.

The reader's checks, the file that `asyncluster config init` writes and the table in `docs/configuration.md` all
come from `SECTIONS`. A default is a text, parsed like one from a file; where it depends on the machine it is
computed from the `Surroundings`. Field names of `settings.py` follow from key names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from asyncluster.core.config import forms, quantities, values
from asyncluster.core.config.quantities import WorkerMemory
from asyncluster.core.config.surroundings import Surroundings
from asyncluster.core.config.values import EngineKind, MasterKey, WhenInUse


class Role(StrEnum):
    """Which process a configuration, a section or a key is for."""

    MASTER = "master"
    NODE = "node"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Key:
    """One key.

    Attributes:
        name: as written in the file, in lower case.
        parse: from text to value; raises `forms.Unfit`.
        description: whole sentences for the template and the documentation.
        default: the text that stands for a missing key; None if the key is required.
        derived: computes that text where it depends on the machine; then `default` describes it.
        example: a telling value, where the default is none.
        secret: taken literally and never shown.
        several: may go on over indented lines.
        shared: the other role needs it as well as the section's own.
    """

    name: str
    parse: Callable[[str], Any]
    description: str
    default: str | None = None
    derived: Callable[[Surroundings], str] | None = None
    example: str = ""
    secret: bool = False
    several: bool = False
    shared: bool = False

    @property
    def field(self) -> str:
        """Name of the field in the section's record."""
        return self.name.replace(" ", "_")

    def default_text(self, surroundings: Surroundings) -> str | None:
        """The text that stands for a missing key here, or None if the key is required."""
        return self.derived(surroundings) if self.derived else self.default


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its keys in the order of the template."""

    name: str
    used_by: Role
    description: str
    keys: tuple[Key, ...]

    def key(self, name: str) -> Key | None:
        """The key called `name`, if there is one."""
        return next((key for key in self.keys if key.name == name), None)

    def uses(self, key: Key, role: Role) -> bool:
        """Whether a process of that role reads the key."""
        return key.shared or Role.ALL in (role, self.used_by) or role is self.used_by


SERVER = Section(
    "server",
    Role.MASTER,
    "The master: the one machine that keeps accounts and hands out jobs.",
    (
        Key(
            "database",
            values.database_url,
            "SQLAlchemy URL of the privilege and usage database. sqlite://:memory: evaporates at power-down.",
            example="sqlite:////var/lib/asyncluster/asyncluster.db",
        ),
        Key(
            "subnets",
            forms.listed(values.network),
            "Addresses and networks (IPv4, IPv6) whose nodes may connect; others are closed at once.",
            "127.0.0.0/8, ::1",
            example="127.0.0.1, 192.168.135.0/24",
            several=True,
        ),
        Key(
            "listen",
            forms.or_word("all", (), forms.listed(values.address)),
            "Addresses of this machine on which to wait for nodes.",
            "all",
            several=True,
        ),
        Key(
            "jobs",
            forms.or_word("adaptive", None, forms.whole(1, 10_000)),
            "How many calls to queue ahead for each worker: a number, or as many as its speed asks for.",
            "adaptive",
        ),
        Key(
            "operators",
            values.accounts,
            "Users and @groups of the master's machine who may do everything. Root always may.",
            "@asyncluster-admin",
            several=True,
        ),
        Key(
            "job users",
            values.accounts,
            "Users and @groups of the master's machine who may run jobs, and see and cancel their own.",
            "@asyncluster",
            several=True,
        ),
        Key(
            "minimum password length",
            forms.whole(1, 128),
            "Shortest new password, in characters, for people who log in at the nodes.",
            "8",
        ),
        Key(
            "key",
            values.path,
            "The master's TLS key, made at the first start. A relative path lies in the state directory.",
            "master.pem",
        ),
        Key(
            "metrics",
            forms.or_word("off", None, values.local_door),
            "Where Prometheus reads figures: a TCP port of the loopback address, the path of a UNIX socket, or off.",
            "off",
            example="9081",
        ),
    ),
)

CLIENT = Section(
    "client",
    Role.NODE,
    "The nodes: how they connect to the master, and their workers.",
    (
        Key("host", values.host, "The master's host name or address.", "localhost", example="main"),
        Key(
            "user",
            values.login_name,
            "Name by which all nodes log in to the master; nobody's account.",
            example="test",
            shared=True,
        ),
        Key(
            "password",
            values.password,
            "Password of that login, the same on the master and on every node. Everything after the = counts.",
            secret=True,
            shared=True,
        ),
        Key(
            "node name",
            values.node_name,
            "What this node is called in lists.",
            "the machine's host name",
            derived=lambda here: here.node_name,
            example="pc-01",
        ),
        Key(
            "workers",
            forms.or_word("auto", None, forms.whole(0, 512)),
            "Number of workers: processes that run calls. auto is one per core.",
            "auto",
        ),
        Key(
            "worker user",
            forms.listed(values.account),
            "Account under which workers run when the node was started by root: the first of these that exists.",
            "asyncluster-job, nobody",
            several=True,
        ),
        Key("worker niceness", forms.whole(0, 19), "Niceness of workers.", "10"),
        Key(
            "worker memory",
            forms.or_word("auto", WorkerMemory(), quantities.worker_memory),
            "Most memory of one worker: a size, or a share of the machine's memory. auto is an equal part for each.",
            "auto",
            example="2 GB",
        ),
        Key(
            "when in use",
            forms.one_of(WhenInUse),
            "What workers do while somebody is logged in: run on, run niced (nice), be suspended (suspend), or "
            "give back their calls and end (stop).",
            "nice",
        ),
        Key(
            "master key",
            forms.one_of(MasterKey),
            "When the master shows another TLS key than last time: trust its password and warn, or refuse (strict).",
            "trust",
        ),
    ),
)

COMMON = Section(
    "common",
    Role.ALL,
    "What the master and the nodes must agree upon, and where this machine keeps things.",
    (
        Key("tcp port", forms.whole(1, 65_535), "TCP port of the master for its nodes.", "9080"),
        Key(
            "server password",
            values.password,
            "Password by which the master proves itself to the nodes (the reverse login), the same everywhere. "
            "It must differ from the one in [client].",
            secret=True,
        ),
        Key(
            "socket",
            values.socket_path,
            "UNIX socket of the master for job clients, the console and commands.",
            "/run/asyncluster/control.sock for root, $XDG_RUNTIME_DIR/asyncluster/control.sock for others",
            derived=lambda here: str(here.socket),
        ),
        Key(
            "state",
            values.absolute_path,
            "Directory for keys and databases.",
            "/var/lib/asyncluster for root, ~/.local/state/asyncluster for others",
            derived=lambda here: str(here.state),
        ),
    ),
)

DISPLAY = Section(
    "display",
    Role.NODE,
    "The Node Display Manager: people who log in at a node's screen.",
    (
        Key("size", quantities.pixels, "Size of the login window in pixels: width, height.", "300, 200"),
        Key(
            "window manager",
            forms.or_word("none", (), values.command),
            "Command of the session that is offered first. none offers only those found in sessions.",
            "none",
            example="/usr/bin/startkde",
        ),
        Key(
            "niceness",
            forms.whole(0, 19),
            "Niceness of the session and of all programs that are started in it.",
            "10",
        ),
        Key(
            "displays",
            forms.or_word("none", (), forms.listed(values.display)),
            "X displays on which people may log in. none is a headless node, which only works.",
            "none",
            example=":0, :1",
            several=True,
        ),
        Key(
            "x server",
            values.command,
            "Program, with arguments if any, that makes a display: Xorg, or Xvfb and Xephyr for trials.",
            "Xorg",
        ),
        Key(
            "sessions",
            forms.listed(values.absolute_path),
            "Directories with the .desktop files of the sessions on offer.",
            "/usr/local/share/xsessions, /usr/share/xsessions",
            several=True,
        ),
        Key(
            "pam password",
            forms.yes_or_no,
            "Whether PAM on the node checks the password as well, once the master has found it right. Without, PAM is "
            "asked about the account and opens the session.",
            "no",
        ),
        Key(
            "grace",
            quantities.duration(0, 600, "s"),
            "Time between the polite request to end a session and the end of all its processes.",
            "10 s",
        ),
        Key(
            "warn at",
            quantities.warning_times,
            "How long before the end people are warned; a bare number counts minutes.",
            "15, 5, 1",
            several=True,
        ),
        Key("power buttons", forms.yes_or_no, "Whether the login window can restart and switch off the node.", "yes"),
        Key("cluster name", values.one_line, "The name at the top of the login window.", "AsynCluster"),
    ),
)

ENGINE = Section(
    "engine",
    Role.MASTER,
    "A second engine beside the built-in dispatcher, for graphs, data frames and arrays larger than memory.",
    (
        Key(
            "kind",
            forms.one_of(EngineKind),
            "builtin: none. dask: the master runs a scheduler of Dask Distributed, and the nodes its workers.",
            "builtin",
        ),
        Key("port", forms.whole(1024, 65_535), "TCP port of the scheduler, for nodes and for clients.", "8786"),
        Key(
            "worker ports",
            forms.or_word("any", None, values.port_range),
            "Ports on which the nodes' Dask workers wait for each other, for firewalls: at least two for each worker.",
            "any",
            example="9200-9231",
        ),
        Key(
            "account",
            forms.listed(values.account),
            "Account under which the scheduler runs when the master was started by root: the first of these that "
            "exists. Whoever may use Dask can act as it on the master's machine.",
            "asyncluster-job, nobody",
            several=True,
        ),
        Key(
            "depot",
            forms.or_word("none", 0, quantities.size),
            "Most memory of the master's machine for results of nodes that somebody sits down at, while there is no "
            "other node to take them. none: they wait where they are.",
            "1 GB",
        ),
    ),
)

SECTIONS = (SERVER, CLIENT, COMMON, DISPLAY, ENGINE)


def section(name: str) -> Section | None:
    """The section called `name`, if there is one."""
    return next((known for known in SECTIONS if known.name == name), None)

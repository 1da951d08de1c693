"""A login's two machines, frame by frame, without a wire."""

from __future__ import annotations

from collections.abc import Callable

from asyncluster.core.wire.login import Event, Send
from asyncluster.core.wire.masterlogin import MasterLogin
from asyncluster.core.wire.nodelogin import NodeLogin
from asyncluster.core.wire.passwords import LoginKeys
from asyncluster.core.wire.tickets import TicketSeal

EXPORTER = b"E" * 32
MONDAY = 1e9  # seconds since 1970


def make_keys(client: str = "client password", server: str = "server password", user: str = "test") -> LoginKeys:
    return LoginKeys(user, client, server, scrypt_n=2)


KEYS = make_keys()


def master_of(
    keys: LoginKeys = KEYS, exporter: bytes = EXPORTER, key: bytes = b"K" * 32, now: float = MONDAY
) -> MasterLogin:
    """A master whose tickets are sealed with `key`."""
    return MasterLogin(keys, exporter, TicketSeal(key, keys, lambda: now))


class Run:
    """A login of two machines, frame by frame.

    Attributes:
        node_end, master_end: how it ended at each side; None if it did not.
        said: all frames, in order.
    """

    def __init__(
        self,
        node: NodeLogin,
        master: MasterLogin,
        carry: Callable[[int, bytes], bytes] = lambda number, body: body,
    ) -> None:
        self.node_end: Event | None = None
        self.master_end: Event | None = None
        self.said: list[bytes] = []
        bodies, to_master = [node.start().body], True
        while bodies:
            answers: list[bytes] = []
            for body in bodies:
                self.said.append(body)
                for event in (master if to_master else node).receive(carry(len(self.said), body)):
                    if isinstance(event, Send):
                        answers.append(event.body)
                    elif to_master:
                        self.master_end = event
                    else:
                        self.node_end = event
            bodies, to_master = answers, not to_master


def log_in(
    node_keys: LoginKeys = KEYS,
    master_keys: LoginKeys = KEYS,
    node_exporter: bytes = EXPORTER,
    master_exporter: bytes = EXPORTER,
    carry: Callable[[int, bytes], bytes] = lambda number, body: body,
) -> Run:
    """A login with passwords."""
    return Run(NodeLogin(node_keys, node_exporter), master_of(master_keys, master_exporter), carry)

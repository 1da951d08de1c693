"""The process that keeps one stay on a display, from its X server's start to its end: `python -m ...keeper --fd N`.

A fresh interpreter as root for every greeter and every login, started by the steward, with a channel to it:

    steward  Greet | Begin | Close                       (`orders`)
    keeper   admitted | refused(words)                   only for a login: the greeter is still up
    steward  open                                        the display is free now
    keeper   running, window(+ socket), told(words)
    steward  deadline(at), end(reason)
    keeper   ended(reason) | failed(words)               then it exits

For a login it owns the PAM transaction, the deadline and the session's record. When the steward is gone, a session's
keeper listens at `keeper.sock` in the display's directory for a new one to take it over.
"""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Sequence

from asyncluster.ndm.session.channel import Channel, ChannelClosed
from asyncluster.ndm.session.closing import close
from asyncluster.ndm.session.greeting import Greeting
from asyncluster.ndm.session.orders import Begin, Close, Greet, from_fields
from asyncluster.ndm.session.sitting import Sitting
from asyncluster.ndm.session.watch import Watch

_FIRST_ORDER = 10.0


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a keeper. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="asyncluster-keeper")
    parser.add_argument("--fd", type=int, required=True, help="descriptor of the socket to the steward")
    channel = Channel(socket.socket(fileno=parser.parse_args(argv).fd))
    watch = Watch()
    if not watch.wait([channel], _FIRST_ORDER):
        return 1
    try:
        received = channel.receive()
    except ChannelClosed:
        return 1
    if received is None:
        return 1
    order = from_fields(received[0])
    match order:
        case Greet():
            Greeting(order, channel, watch).run()
        case Begin():
            Sitting(order, channel, watch).run()
        case Close():
            close(order, channel)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Where the figures are to be had, if anywhere. The library that shows them comes with an extra, and is loaded late."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet.error import CannotListenError

from asyncluster import __version__
from asyncluster.core.database.database import Database
from asyncluster.core.database.sessions import open_sessions
from asyncluster.core.errors import ConfigError
from asyncluster.core.net import control

if TYPE_CHECKING:
    from asyncluster.core.master.metrics.families import Facts
    from asyncluster.core.master.switchboard import Switchboard


def open_door(reactor: Any, where: int | Path, switchboard: Switchboard, database: Database) -> Any:
    """Listens for readers of the figures, and returns the listening port.

    Args:
        where: a TCP port of the loopback address, or the path of a UNIX socket.

    Raises:
        ConfigError: it cannot be opened, or the library is missing.
    """
    if find_spec("prometheus_client") is None:
        raise ConfigError("[server] metrics needs a library. Install it: pip install 'asyncluster[metrics]'")
    from asyncluster.core.master.metrics.page import make_factory

    async def look() -> Facts:
        return await _facts(switchboard, database)

    factory = make_factory(look)
    if isinstance(where, Path):
        return control.listen(reactor, where, factory)
    try:
        return reactor.listenTCP(where, factory, interface="127.0.0.1")
    except CannotListenError as error:
        raise ConfigError(f"The master cannot show metrics on port {where}: {error.socketError}.") from error


async def _facts(switchboard: Switchboard, database: Database) -> Facts:
    from asyncluster.core.master.metrics.families import Facts

    tally = switchboard.tally
    return Facts(
        release=__version__,
        nodes=switchboard.dispatcher.nodes(),
        jobs=switchboard.dispatcher.jobs(),
        finished=tally.finished.total(),
        failed=tally.failed,
        sent_back=tally.sent_back,
        sessions=len(await database.run(open_sessions)),
        uptime=switchboard.uptime(),
    )

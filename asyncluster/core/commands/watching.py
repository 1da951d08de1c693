"""`--watch`: a listing that follows the master's feed until it is interrupted."""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click
import msgspec

from asyncluster.core.client.address import dial, locate
from asyncluster.core.client.failures import error_of_refusal
from asyncluster.core.client.link import Link
from asyncluster.core.commands.options import GlobalOptions
from asyncluster.core.errors import MasterUnreachable, UsageError
from asyncluster.core.wire import messages as m
from asyncluster.core.wire.feed import Options, Row, RowId, Watch, row_type

watch_option = click.option("--watch", is_flag=True, help="Go on showing it until Ctrl-C.")

Tables = dict[str, dict[RowId, Any]]


def follow(options: GlobalOptions, topics: list[str]) -> Iterator[Tables]:
    """The rows of these topics, by topic and id, after each change.

    Raises:
        MasterUnreachable: nobody is there, or the connection broke.
        NotAllowed: only operators may watch.
    """
    link = Link(dial(locate(None, options.config)))
    tables: Tables = {topic: {} for topic in topics}
    arguments = msgspec.msgpack.encode(Watch(dict.fromkeys(topics, Options())))
    try:
        link.send([m.Hello(m.PROTOCOL_VERSION, "watch"), m.Ask(1, "watch", msgspec.Raw(arguments))])
        while True:
            select.select([link], [link] if link.blocked else [], [])
            link.flush()
            received = link.receive()
            for message in received:
                if isinstance(message, m.Refusal):
                    raise error_of_refusal(message)
                if isinstance(message, m.Feed):
                    _apply(tables[message.topic], message)
            if any(isinstance(message, m.Feed) for message in received):
                yield tables
    except ConnectionError as error:
        raise MasterUnreachable(f"The connection to the master is lost: {error}.") from error
    finally:
        link.close()


def _apply(table: dict[RowId, Any], message: m.Feed) -> None:
    if message.full:
        table.clear()
    kind = row_type(message.topic)
    assert kind is not None
    rows: list[Row] = msgspec.msgpack.decode(message.rows, type=list[kind])  # type: ignore[valid-type]
    for row in rows:
        table[getattr(row, kind.__struct_fields__[0])] = row
    for row_id in message.gone:
        table.pop(row_id, None)


def show_live(
    options: GlobalOptions, topics: list[str], render: Callable[[Mapping[str, Any]], Any], *, as_json: bool
) -> None:
    """Shows what `render` makes of the tables, again after each change, until Ctrl-C.

    Raises:
        UsageError: it was to be JSON.
    """
    from rich.live import Live

    if as_json:
        raise UsageError("--watch and --json exclude each other.")

    with Live(auto_refresh=False) as live:
        try:
            for tables in follow(options, topics):
                live.update(render(tables), refresh=True)
        except KeyboardInterrupt:
            pass

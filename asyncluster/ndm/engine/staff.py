"""The Dask workers of a node as processes: as other workers, but what they say is the engine's."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from asyncluster.core.errors import ProtocolError
from asyncluster.core.wire import engine as e
from asyncluster.core.wire import messages as m
from asyncluster.ndm.node.staff import Member, Staff

_decoder = m.decoder(e.EngineState)


class EngineStaff(Staff):
    """A `Staff` whose workers send `EngineState` and nothing else."""

    def _said(self, member: Member, body: memoryview) -> None:
        try:
            message = _decoder.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ProtocolError("A Dask worker sent a message that is none.") from error
        self._events.said(member.number, cast(Any, message))

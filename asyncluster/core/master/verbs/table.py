"""The one table of what may be asked on the control socket: verb, role, arguments, handler."""

from __future__ import annotations

from asyncluster.core.master.verbs import (
    engine,
    environments,
    jobs,
    nodes,
    openings,
    status,
    timesheets,
    users,
    watching,
)
from asyncluster.core.master.verbs.verb import Verb

VERBS: dict[str, Verb] = {
    **nodes.VERBS,
    **jobs.VERBS,
    **engine.VERBS,
    **environments.VERBS,
    **status.VERBS,
    **users.VERBS,
    **openings.VERBS,
    **timesheets.VERBS,
    **watching.VERBS,
}

"""The verb by which a client gets into Dask."""

from __future__ import annotations

from typing import Any

from asyncluster.core.errors import UsageError
from asyncluster.core.master.verbs.desk import Question
from asyncluster.core.master.verbs.verb import Verb, act_of
from asyncluster.core.wire.roles import Role
from asyncluster.core.wire.verbs.cluster import DaskClient


async def dask_client(question: Question, args: DaskClient) -> dict[str, Any]:
    """Where the scheduler is, and a certificate for the client; the audit knows who has got one."""
    if question.engine is None:
        raise UsageError("This cluster has no Dask: its operator has not set [engine] kind = dask.")
    admission: dict[str, Any] = question.engine.admit(args.csr, question.identity.name)
    await question.people.note(act_of(question, "dask client", question.identity.name))
    return admission


VERBS = {"dask client": Verb(Role.SUBMITTER, DaskClient, dask_client)}

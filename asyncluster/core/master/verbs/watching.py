"""The verb by which a client watches the feed."""

from __future__ import annotations

from asyncluster.core.master.verbs.desk import Question
from asyncluster.core.master.verbs.verb import Verb
from asyncluster.core.wire.feed import Watch
from asyncluster.core.wire.roles import Role


async def watch(question: Question, args: Watch) -> None:
    """Sends the topics to this client from now on, and no others."""
    question.asker.watch(question.feed, args.topics)


VERBS = {"watch": Verb(Role.OPERATOR, Watch, watch)}

"""What an operator did, as the events say it."""

from __future__ import annotations

from asyncluster.core.database.audit import Act

_SENTENCES = {
    "user add": "Added {subject}.",
    "user delete": "Deleted {subject}.",
    "user password": "Gave {subject} a new password.",
    "user unlock": "Let {subject} try passwords again.",
    "user enable": "Enabled {subject}.",
    "user disable": "Disabled {subject}.",
    "user restrict": "Hours hold for {subject}.",
    "user unrestrict": "Hours do not hold for {subject}.",
    "user quota": "Changed the hours of {subject}: {details}.",
    "user grant": "Gave {subject} {details}.",
    "user message": "Wrote to {subject}: {details}",
    "user kick": "Logged {subject} out.",
    "message seen": "Has read the message {details}",
    "opening add": "Opened {subject}.",
    "opening remove": "Closed {subject}.",
    "opening except": "{subject}: {details}.",
    "node drain": "Drains {subject}.",
    "node resume": "Lets {subject} work again.",
    "env sync": "Brought the environment {subject}.",
    "env use": "Made the environment {subject} current.",
    "env remove": "Removed the environment {subject}.",
    "job cancel": "Cancelled job {subject}.",
    "job renice": "Gave job {subject} the niceness {details}.",
    "dask client": "Got a certificate for Dask.",
}
_KINDS = {"user": "user", "message": "user", "opening": "day", "node": "node", "job": "job"}


def sentence_of(act: Act) -> str:
    """What was done, without who did it."""
    sentence = _SENTENCES.get(act.verb)
    if sentence is None:
        return f"{act.verb}: {act.subject} {act.details}".strip()
    return sentence.format(subject=act.subject, details=act.details)


def subject_of(act: Act) -> str:
    """What it is about, as `EventRow.subject`."""
    kind = _KINDS.get(act.verb.split()[0])
    return f"{kind}:{act.subject}" if kind else ""

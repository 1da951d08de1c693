"""What the doctor has to say: findings, each with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is: all is well; it works, but should be better; it does not work, or is unsafe."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        topic: the group that it is shown in.
        message: one sentence: how it is.
        fix: a command or a sentence; "" where nothing is to be done.
    """

    topic: str
    severity: Severity
    message: str
    fix: str = ""


def ok(topic: str, message: str) -> Finding:
    """All is well."""
    return Finding(topic, Severity.OK, message)


def warning(topic: str, message: str, fix: str) -> Finding:
    """It works, but should be better."""
    return Finding(topic, Severity.WARNING, message, fix)


def problem(topic: str, message: str, fix: str) -> Finding:
    """It does not work, or is unsafe."""
    return Finding(topic, Severity.PROBLEM, message, fix)

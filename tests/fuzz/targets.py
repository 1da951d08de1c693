"""All that hears strangers, by name: a function of bytes that raises nothing, and samples of what is said to it."""

from __future__ import annotations

from fuzz import decoders, machines

TARGETS = {**decoders.TARGETS, **machines.TARGETS}
SAMPLES = {**decoders.samples(), **machines.samples()}

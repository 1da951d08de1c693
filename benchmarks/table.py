"""All that was measured in one run: observations by system, workload and figure, and their medians. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

Place: TypeAlias = tuple[str, str, str]


class Table:
    """Observations.

    Attributes:
        errors: last line of what kept a system from a workload, by (system, workload).
        notes: what to know about a system's figures, by (system, workload).
    """

    def __init__(self) -> None:
        self._seen: dict[Place, list[float]] = {}
        self.errors: dict[tuple[str, str], str] = {}
        self.notes: dict[tuple[str, str], str] = {}

    def add(self, system: str, workload: str, figures: Mapping[str, float]) -> None:
        """One more observation of each figure."""
        for figure, value in figures.items():
            self._seen.setdefault((system, workload, figure), []).append(value)

    def add_line(self, system: str, line: Mapping[str, Any]) -> None:
        """A line that a system's script wrote."""
        if "notes" in line:
            self.notes.update({(system, workload): note for workload, note in line["notes"].items()})
        elif "error" in line:
            self.errors[system, line["workload"]] = line["error"]
        else:
            self.add(system, line["workload"], line["figures"])
            if "others" in line:
                self.add(system, line["workload"], {"others": line["others"]})

    def all(self, system: str, workload: str, figure: str) -> list[float]:
        """The observations, in the order in which they came."""
        return list(self._seen.get((system, workload, figure), ()))

    def median(self, system: str, workload: str, figure: str) -> float | None:
        """The median, or None if nothing was seen."""
        values = self._seen.get((system, workload, figure))
        return statistics.median(values) if values else None

    def ratio(self, workload: str, figure: str, system: str, other: str) -> float | None:
        """A figure of one system in multiples of the other's."""
        first, second = self.median(system, workload, figure), self.median(other, workload, figure)
        return first / second if first is not None and second else None

    def figures(self, system: str, workload: str) -> list[str]:
        """Names of the figures that were seen."""
        return [figure for one, other, figure in self._seen if (one, other) == (system, workload)]

    def places(self) -> list[Place]:
        """Everything of which there are observations: system, workload, figure."""
        return list(self._seen)

    # --- To a file and back ---------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {
            "seen": [[*place, values] for place, values in self._seen.items()],
            "errors": [[*place, error] for place, error in self.errors.items()],
            "notes": [[*place, note] for place, note in self.notes.items()],
        }

    @classmethod
    def load(cls, dumped: Mapping[str, Iterable[Any]]) -> Table:
        """What `dump` gave."""
        table = cls()
        table._seen = {(system, workload, figure): values for system, workload, figure, values in dumped["seen"]}
        table.errors = {(system, workload): error for system, workload, error in dumped["errors"]}
        table.notes = {(system, workload): note for system, workload, note in dumped["notes"]}
        return table

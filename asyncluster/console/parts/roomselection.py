"""Which nodes of the room are selected, and where the keyboard is: as in a file manager. Without Qt."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from asyncluster.core.wire.feed import RowId


class Selection:
    """The selection.

    Attributes:
        names: what is selected.
        current: where the keyboard is; None: nowhere yet.
    """

    def __init__(self) -> None:
        self.names: set[RowId] = set()
        self.current: RowId | None = None
        self._anchor: RowId | None = None

    def pick(self, name: RowId) -> None:
        """This one alone."""
        self.current = self._anchor = name
        self.names = {name}

    def choose(self, names: Sequence[RowId], shown: Collection[RowId]) -> bool:
        """Those of `names` that are shown; says whether the first of them is, and so has the keyboard now."""
        self.names = set(names) & set(shown)
        if not names or names[0] not in self.names:
            return False
        self.current = self._anchor = names[0]
        return True

    def toggle(self, name: RowId) -> None:
        """In or out, beside the others."""
        self.current = self._anchor = name
        self.names ^= {name}

    def extend(self, name: RowId, order: Sequence[RowId]) -> None:
        """All from where the selection began to this one, in the order in which they stand."""
        self.current = name
        places = [order.index(end) for end in (self._anchor, name) if end in order]
        self.names = set(order[min(places) : max(places) + 1]) if places else set()

    def go(self, name: RowId, order: Sequence[RowId], *, extend: bool, keep: bool) -> None:
        """An arrow key leads there: selects it, all up to it, or nothing new."""
        if extend:
            self.extend(name, order)
        elif keep:
            self.current = name
        else:
            self.pick(name)

    def all(self, names: Collection[RowId]) -> None:
        """Everything."""
        self.names = set(names)

    def clear(self) -> None:
        """Nothing."""
        self.names = set()

    def lose(self, gone: Collection[RowId]) -> bool:
        """These are no longer there; says whether any was selected."""
        lost = self.names & set(gone)
        self.names -= lost
        return bool(lost)

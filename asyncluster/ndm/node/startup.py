"""Whether worker processes come up at all on this node, and when to try again if not."""

from __future__ import annotations

from asyncluster.ndm.node.failures import how
from asyncluster.ndm.node.instructions import Exit

_FIRST, _LONGEST = 1.0, 30.0
_BROKEN = 3


class Startup:
    """Counts processes that ended before they came up.

    Attributes:
        retry_at: no process is started before this time.
        trouble: a sentence about the last failure; "" while all is well.
    """

    def __init__(self) -> None:
        self._failures = 0
        self.retry_at = 0.0
        self.trouble = ""

    @property
    def broken(self) -> bool:
        """It failed so often in a row that calls are better off elsewhere."""
        return self._failures >= _BROKEN

    def succeeded(self) -> None:
        """A process has come up."""
        self._failures = 0
        self.retry_at = 0.0
        self.trouble = ""

    def failed(self, end: Exit, now: float) -> None:
        """A process has ended before it came up."""
        self._failures += 1
        self.retry_at = now + min(_FIRST * 2 ** (self._failures - 1), _LONGEST)
        last = end.stderr.strip().rpartition("\n")[2]
        self.trouble = f"Workers do not start here: the process {how(end)}. {last}".strip()

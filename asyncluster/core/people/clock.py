"""UTC that does not jump unnoticed: the wall clock, watched against a clock that only goes forward.

While the master runs, elapsed time is the monotonic clock's. When somebody sets the wall clock, `SteadyClock` follows
it at once, for openings are a matter of the wall, and tells by how much it was moved, so that what was remembered in
the old reckoning can be moved along and nobody gains or loses.
"""

from __future__ import annotations

from collections.abc import Callable

TOLERANCE = 2.0  # seconds; slewing by NTP stays far below


class SteadyClock:
    """Reads both clocks.

    Args:
        wall: seconds since 1970, as `time.time`.
        monotonic: seconds of any origin, as `time.monotonic`.
        stepped: told the whole seconds by which the wall clock was set forward (or back, negative).
    """

    def __init__(
        self,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
        stepped: Callable[[int], None],
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._stepped = stepped
        self._offset = wall() - monotonic()

    def now(self) -> int:
        """Whole seconds since 1970."""
        monotonic = self._monotonic()
        wall = self._wall()
        step = wall - monotonic - self._offset
        self._offset += step
        if abs(step) > TOLERANCE:
            self._stepped(round(step))
        return int(monotonic + self._offset)

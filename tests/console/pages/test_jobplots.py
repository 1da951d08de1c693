from __future__ import annotations

from datetime import UTC

import pytest

from asyncluster.console.pages.jobplots import throughput
from asyncluster.core.wire.feed import JobDetail

NOW = 1_795_443_480.0  # 14:18 in Greenwich


def test_the_last_minutes_are_shown_in_bars_of_five_seconds_with_what_failed_in_them():
    detail = JobDetail(7, throughput=[1] * 10, failing=[0] * 8 + [1, 1])
    bars, title = throughput(detail, NOW, UTC, whole=False)
    assert title == "Calls per minute, 5 s a bar"
    assert len(bars.values) == len(bars.failed) == 60
    assert (bars.values[-2:], bars.failed[-2:]) == ([60, 60], [0, 24])
    assert bars.explain(59) == "14:17: 60 calls per minute, 24 of them failed"
    assert bars.explain(58) == "14:17: 60 calls per minute"


@pytest.mark.parametrize(("failing", "failed"), [([], []), ([0] * 143 + [10], [0] * 71 + [5])])
def test_a_long_life_fits_into_a_few_bars(failing, failed):
    bars, title = throughput(JobDetail(7, minutes=[30] * 144, failing_minutes=failing), NOW, UTC, whole=True)
    assert title == "Calls per minute, 2 min a bar"
    assert bars.values == [30] * 72
    assert bars.failed == failed

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.net.throttle import FailureThrottle, LogLimit
from asyncluster.core.wire import limits


def test_five_failures_are_free_and_then_one_in_ten_seconds() -> None:
    throttle = FailureThrottle()
    now, times = 100.0, []
    for _ in range(8):
        now += throttle.delay("10.0.0.1", now)
        times.append(now - 100)
        throttle.failed("10.0.0.1", now)
    assert times == [0, 0, 0, 0, 0, 10, 20, 30]


def test_failures_are_forgiven_with_time() -> None:
    throttle = FailureThrottle()
    for _ in range(5):
        throttle.failed("10.0.0.1", 0.0)
    assert throttle.delay("10.0.0.1", 0.0) == 10
    assert throttle.delay("10.0.0.1", 9.0) == 1
    assert throttle.delay("10.0.0.1", 1000.0) == 0


def test_who_has_not_failed_never_waits() -> None:
    throttle = FailureThrottle()
    for _ in range(50):
        throttle.failed("10.0.0.1", 0.0)
    assert throttle.delay("10.0.0.2", 0.0) == 0


def test_one_ipv6_network_is_one_machine() -> None:
    throttle = FailureThrottle()
    for number in range(6):
        throttle.failed(f"2001:db8::{number}", 0.0)
    assert throttle.delay("2001:db8::ffff", 0.0) > 0
    assert throttle.delay("2001:db8:0:1::1", 0.0) == 0


def test_only_so_many_addresses_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOGIN_FAILURE_ADDRESSES", 2)
    throttle = FailureThrottle()
    for _ in range(5):
        throttle.failed("10.0.0.1", 0.0)
        throttle.failed("10.0.0.2", 0.0)
    throttle.failed("10.0.0.1", 0.0)
    throttle.failed("10.0.0.3", 0.0)
    assert throttle.delay("10.0.0.1", 0.0) > 0
    assert throttle.delay("10.0.0.2", 0.0) == 0


@given(st.lists(st.floats(0, 30), max_size=60))
def test_nobody_fails_more_often_than_promised(pauses: list[float]) -> None:
    throttle, now, failures = FailureThrottle(), 0.0, []
    for pause in pauses:
        now += pause
        now += throttle.delay("10.0.0.1", now)
        throttle.failed("10.0.0.1", now)
        failures.append(now)
    for start, begin in enumerate(failures):
        for count, end in enumerate(failures[start:], 1):
            allowed = limits.LOGIN_FAILURES + (end - begin) / limits.LOGIN_FAILURE_SECONDS
            assert count <= allowed + 1e-6


def test_one_line_a_minute_for_each_address() -> None:
    limit = LogLimit()
    assert limit.allows("10.0.0.1", 0.0)
    assert not limit.allows("10.0.0.1", 59.0)
    assert limit.allows("10.0.0.2", 59.0)
    assert limit.allows("10.0.0.1", 60.0)
    assert not limit.allows("10.0.0.1", 61.0)

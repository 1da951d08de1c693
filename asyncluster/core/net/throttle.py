"""How often an address may fail to log in. Pure: every call takes `now`, seconds that only go forward.

Each address may fail `LOGIN_FAILURES` times at once and then once every `LOGIN_FAILURE_SECONDS`. Who is over that is
not refused but kept waiting *before* the next guess is looked at: an answer that merely came late could be ignored
and the next guess sent on another connection. Logins that succeed cost nothing, however many they are. IPv6 addresses
count by their /64, which one machine usually has for itself.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

from asyncluster.core.wire import limits


class FailureThrottle:
    """Remembers failures by address, those of the last `LOGIN_FAILURE_ADDRESSES` addresses that failed."""

    def __init__(self) -> None:
        self._forgiven: OrderedDict[str, float] = OrderedDict()  # when the last failure of each will be

    def delay(self, address: str, now: float) -> float:
        """Seconds until a guess from `address` may be looked at; 0 if it may be now."""
        burst = (limits.LOGIN_FAILURES - 1) * limits.LOGIN_FAILURE_SECONDS
        return max(0.0, self._forgiven.get(_key(address), now) - burst - now)

    def failed(self, address: str, now: float) -> None:
        """Counts a failure."""
        key = _key(address)
        _keep(self._forgiven, key, max(self._forgiven.get(key, now), now) + limits.LOGIN_FAILURE_SECONDS)


class LogLimit:
    """Lets one line for each address into the log in `LOGIN_LOG_SECONDS`, so that nobody can fill it."""

    def __init__(self) -> None:
        self._logged: OrderedDict[str, float] = OrderedDict()

    def allows(self, address: str, now: float) -> bool:
        """Whether to log about `address` now; if so, the next line has to wait."""
        key = _key(address)
        if now - self._logged.get(key, float("-inf")) < limits.LOGIN_LOG_SECONDS:
            return False
        _keep(self._logged, key, now)
        return True


def _keep(table: OrderedDict[str, float], key: str, value: float) -> None:
    """Sets an entry and forgets the one that was set longest ago, if there are too many."""
    table[key] = value
    table.move_to_end(key)
    if len(table) > limits.LOGIN_FAILURE_ADDRESSES:
        table.popitem(last=False)


def _key(address: str) -> str:
    ip = ipaddress.ip_address(address)
    if ip.version == 4:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False))

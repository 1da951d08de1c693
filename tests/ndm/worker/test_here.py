from __future__ import annotations

import pytest

from asyncluster.core.errors import UsageError
from asyncluster.ndm.worker import here


@pytest.fixture
def told():
    told = []
    here.settle(here.Place("cauchy", "node1", lambda *what: told.append(what), call=3))
    yield told
    here.settle(None)


def test_outside_a_call_it_says_so():
    with pytest.raises(UsageError, match=r"here\.job has a meaning only inside a call"):
        here.job  # noqa: B018
    with pytest.raises(UsageError, match=r"here.progress\(\)"):
        here.progress(0.5)
    with pytest.raises(AttributeError):
        here.nothing  # noqa: B018


def test_inside_a_call(told):
    assert (here.job, here.node, here.call) == ("cauchy", "node1", 3)


def test_progress_in_quick_succession_is_thinned_out_but_the_end_is_told(told):
    for step in range(1, 101):
        here.progress(step / 100, "burn-in")
    assert told[0] == (3, 0.01, "burn-in")
    assert told[-1] == (3, 1.0, "burn-in")
    assert len(told) < 100


def test_progress_is_kept_in_its_range(told):
    here.progress(7, "x" * 1000)
    assert told == [(3, 1.0, "x" * 300)]

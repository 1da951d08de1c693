from __future__ import annotations

import gc

import pytest

from asyncluster.core.collecting import keeping_all


def test_nothing_is_collected_inside_even_if_it_fails() -> None:
    inside = []

    def fail() -> None:
        with keeping_all():
            inside.append(gc.isenabled())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert inside == [False]
    assert gc.isenabled()
    gc.unfreeze()


def test_what_was_made_inside_is_not_looked_through_again() -> None:
    gc.unfreeze()
    with keeping_all():
        pass
    assert gc.get_freeze_count() > 0
    gc.unfreeze()

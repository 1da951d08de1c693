from __future__ import annotations

import pytest

from asyncluster.core.client.mapping import CHUNK_SECONDS, LONGEST_CHUNK, SINGLES, ChunkSize


def after_singles():
    size = ChunkSize(None)
    assert [size.next() for _ in range(SINGLES)] == [1] * SINGLES
    return size


def test_a_fixed_size_is_kept():
    size = ChunkSize(7)
    size.ran(1, 100.0)
    assert [size.next() for _ in range(3)] == [7, 7, 7]
    with pytest.raises(ValueError, match="chunksize"):
        ChunkSize(0)


def test_until_a_call_has_come_back_they_go_alone():
    assert after_singles().next() == 1


def test_slow_calls_go_alone_for_ever():
    size = after_singles()
    size.ran(1, CHUNK_SECONDS / 5)
    assert size.next() == 1


def test_chunks_of_short_calls_grow_step_by_step_to_a_chunk_of_work():
    size = after_singles()
    lengths = []
    for _ in range(8):
        size.ran(max(lengths, default=1), max(lengths, default=1) * 50e-6)
        lengths.append(size.next())
    assert lengths[:3] == [4, 16, 64]
    assert lengths[-1] == pytest.approx(CHUNK_SECONDS / 50e-6, rel=0.01)


def test_chunks_after_many_single_calls_are_long_at_once():
    size = after_singles()
    for _ in range(SINGLES):
        size.ran(1, 1e-6)
    assert size.next() == SINGLES // 4


def test_chunks_have_a_longest_length():
    size = after_singles()
    for _ in range(20):
        size.ran(LONGEST_CHUNK, 0.0)
    assert size.next() == LONGEST_CHUNK


def test_a_job_that_gets_slower_gets_shorter_chunks():
    size = after_singles()
    for _ in range(5):
        size.ran(100, 100 * 20e-6)
    before = size.next()
    for _ in range(30):
        size.ran(10, 10 * 5e-3)
    assert before > 100
    assert size.next() == 1

from __future__ import annotations

from datetime import UTC

import pytest
from support.lab import NOW, Lab

from asyncluster.console.state import nodes
from asyncluster.core.qt.tokens import State
from asyncluster.core.wire.feed import CoresRow, NodeRow

LAB = Lab()


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("pc02", ["Nobody logged in"]),
        ("pc06", ["Ready since 14:02"]),
        ("pc12", ["Last seen 11:52", "Wake it, or look at it"]),
        ("pc16", ["5 calls to finish"]),
        ("pc22", ["Disk full: /scratch", "Since 13:26"]),
    ],
)
def test_a_tile_says_why_there_is_nobody(name, lines):
    assert nodes.lines(LAB.nodes[name], NOW, UTC) == lines


def test_time_left_counts_down_without_a_message():
    lena = LAB.nodes["pc07"]
    assert nodes.seconds_left(lena, NOW) == 750
    assert nodes.seconds_left(lena, NOW + 700) == 50
    assert nodes.seconds_left(lena, NOW + 10_000) == 0
    assert nodes.share_left(lena, NOW) == pytest.approx(750 / 14_400)
    assert nodes.seconds_left(LAB.nodes["pc02"], NOW) is None


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(None, State.IN_USE), (900, State.IN_USE), (899, State.DRAINING), (300, State.DRAINING), (299, State.ERROR)],
)
def test_a_bar_of_time_warns_at_fifteen_and_five_minutes(seconds, state):
    assert nodes.urgency(seconds) is state


def test_cores_are_told_by_who_has_most_of_them_the_persons_first():
    row = CoresRow("pc01", bytes([250, 0, 5, 100]), bytes([0, 200, 5, 120]))
    cores = nodes.cores_of(row, person=True)
    assert [core.owner for core in cores] == ["person", "person", "ours", "idle"]
    assert [core.owner for core in nodes.cores_of(row, person=False)] == ["other", "other", "ours", "idle"]
    assert cores[2].load == pytest.approx(250 / 255)


def test_a_screen_reader_hears_all_that_a_tile_shows():
    assert nodes.spoken(LAB.nodes["pc07"], NOW, UTC) == "pc07, in use. Lena Fischer, 0:12 left. runs 4 of job 215."
    assert nodes.spoken(LAB.nodes["pc22"], NOW, UTC) == "pc22, error. Disk full: /scratch. Since 13:26."
    free = NodeRow("pc99", "in_use", NOW, 4, "ann")
    assert nodes.spoken(free, NOW, UTC) == "pc99, in use. ann, no limit."

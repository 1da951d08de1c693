from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QColor, QImage, QPainter

from asyncluster.core.qt.bars import Progress, paint_bar, paint_segments, segment_widths
from asyncluster.core.qt.theme import Theme

counts = st.integers(0, 10**9)


@given(counts, counts, counts, counts, st.integers(60, 2000))
def test_segments_fill_the_width_and_show_what_is_rare(done, failed, running, queued, width):
    progress = Progress(done, failed, running, queued)
    widths = segment_widths(progress, width)
    assert list(widths) == ["done", "failed", "running", "queued"]
    assert sum(widths.values()) == width
    assert widths["failed"] >= (4 if failed else 0)
    assert widths["running"] >= (8 if running else 0)
    assert widths["queued"] >= (6 if queued or not progress.total else 0)
    assert failed or not widths["failed"]


def test_a_nearly_finished_job_still_shows_its_one_failure():
    assert segment_widths(Progress(999_990, 1, 5, 4), 200) == {
        "done": 182,
        "failed": 4,
        "running": 8,
        "queued": 6,
    }


def painted(width, height, paint):
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    paint(painter)
    painter.end()
    return image


def test_a_bar_is_filled_to_its_share(qapp):
    red, blue = QColor("red"), QColor("blue")
    image = painted(100, 4, lambda p: paint_bar(p, QRectF(0, 0, 100, 4), 0.25, red, blue))
    assert image.pixelColor(10, 2) == red
    assert image.pixelColor(60, 2) == blue
    image = painted(100, 4, lambda p: paint_bar(p, QRectF(0, 0, 100, 4), 7.0, red, blue))
    assert image.pixelColor(97, 2) == red


def test_a_mark_stands_out_above_and_below_its_bar(qapp):
    green = QColor("lime")
    image = painted(
        100,
        10,
        lambda p: paint_bar(p, QRectF(0, 3, 100, 4), 1, QColor("red"), QColor("blue"), mark=(0.5, green)),
    )
    assert [image.pixelColor(50, y) == green for y in range(1, 9)] == [True] * 8


def test_segments_are_told_apart_by_more_than_colour(qapp):
    theme = Theme()
    image = painted(200, 10, lambda p: paint_segments(p, QRectF(0, 0, 200, 10), Progress(50, 50, 50, 50), theme))
    row = [image.pixelColor(x, 5).name() for x in range(200)]
    assert len(set(row[1:49])) == 1  # done is plain
    assert row[50] == row[99] == "#ffffff"  # failed keeps a gap on either side
    assert len(set(row[100:150])) > 2  # running is hatched
    assert row[160] == "#ffffff"  # queued is empty

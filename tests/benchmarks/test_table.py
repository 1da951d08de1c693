from __future__ import annotations

import json

from benchmarks.table import Table


def test_medians_and_ratios():
    table = Table()
    for ours, theirs in ((30.0, 10.0), (50.0, 20.0), (1000.0, 5.0)):
        table.add("ours", "singles", {"calls_s": ours})
        table.add("theirs", "singles", {"calls_s": theirs})
    assert table.median("ours", "singles", "calls_s") == 50.0
    assert table.ratio("singles", "calls_s", "ours", "theirs") == 5.0
    assert table.all("ours", "singles", "calls_s") == [30.0, 50.0, 1000.0]


def test_nothing_is_made_of_nothing():
    table = Table()
    table.add("theirs", "singles", {"calls_s": 0.0})
    assert table.median("ours", "singles", "calls_s") is None
    assert table.ratio("singles", "calls_s", "ours", "theirs") is None
    assert table.ratio("singles", "calls_s", "theirs", "theirs") is None


def test_lines_of_a_script():
    table = Table()
    table.add_line("Ray", {"workload": "map", "error": "TimeoutError: too slow"})
    table.add_line("Ray", {"workload": "notes", "notes": {"memory": "in the client"}})
    table.add_line("Ray", {"workload": "singles", "figures": {"calls_s": 7.0}, "others": 0.5})
    assert table.errors == {("Ray", "map"): "TimeoutError: too slow"}
    assert table.notes == {("Ray", "memory"): "in the client"}
    assert table.figures("Ray", "singles") == ["calls_s", "others"]


def test_to_a_file_and_back():
    table = Table()
    table.add("Ray", "singles", {"calls_s": 7.0})
    table.add_line("Ray", {"workload": "map", "error": "no"})
    table.add_line("Ray", {"workload": "notes", "notes": {"memory": "in the client"}})
    again = Table.load(json.loads(json.dumps(table.dump())))
    assert again.dump() == table.dump()
    again.add("Ray", "singles", {"calls_s": 9.0})
    assert again.median("Ray", "singles", "calls_s") == 8.0

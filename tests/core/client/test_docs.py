"""The examples of docs/api.md, run in order as the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "api.md"

PRINTED = """\
2.30 from node
[0, 1, 4, 9, 16]
42
333283335000
0 1
49
('chain', 1)
division by zero - in line 1 of the job: True
1024
[0, 1, 4, 9, 16]
[0, 1, 4, 9, 16]
36
[0, 1, 4, 9]
[0, 1, 4]
"""


def test_the_examples_of_the_page_run_as_they_stand(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    program = tmp_path / "examples.py"
    program.write_text("\n".join(blocks))
    done = subprocess.run(
        [sys.executable, "-W", "error", program], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stderr == ""
    assert re.sub(r"from node-\d", "from node", done.stdout) == PRINTED


def test_the_table_of_contents_is_complete():
    text = PAGE.read_text()
    titles = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert re.findall(r"^- \[(.+)\]\(#", text, re.MULTILINE) == titles


def test_every_public_name_is_on_the_page():
    import asyncluster

    text = PAGE.read_text()
    assert [
        name for name in asyncluster.__all__ if name not in ("__version__", "CallFailed") and name not in text
    ] == []

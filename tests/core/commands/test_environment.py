"""The words of `asyncluster env`."""

from __future__ import annotations

import pytest

from asyncluster.core.client.environments import NodeProgress, Standing
from asyncluster.core.commands.environment import _Progress


@pytest.mark.parametrize("nodes", [(), (NodeProgress("pc01", "fetching", 0.5),)], ids=["sending", "on the nodes"])
def test_who_stops_it_hears_what_goes_on(nodes: tuple[NodeProgress, ...], capsys: pytest.CaptureFixture[str]) -> None:
    def stop_while_it_stands_so() -> None:
        with _Progress(quiet=False) as progress:
            progress.show(Standing(100, 100, nodes))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_while_it_stands_so()
    assert ("The nodes go on with it" in capsys.readouterr().err) is bool(nodes)

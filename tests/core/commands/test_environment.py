"""The words of `asyncluster env`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asyncluster.__main__ import main
from asyncluster.core.client import bundling, cluster
from asyncluster.core.client.environments import NodeProgress, Standing
from asyncluster.core.commands.environment import _Progress
from asyncluster.core.errors import ExitCode, NotAllowed


@pytest.mark.parametrize("nodes", [(), (NodeProgress("pc01", "fetching", 0.5),)], ids=["sending", "on the nodes"])
def test_who_stops_it_hears_what_goes_on(nodes: tuple[NodeProgress, ...], capsys: pytest.CaptureFixture[str]) -> None:
    def stop_while_it_stands_so() -> None:
        with _Progress(quiet=False) as progress:
            progress.show(Standing(100, 100, nodes))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_while_it_stands_so()
    assert ("The nodes go on with it" in capsys.readouterr().err) is bool(nodes)


class Forbidding:
    """A cluster whose master refuses everything."""

    def __init__(self, **_options: Any) -> None: ...

    def __enter__(self) -> Forbidding:
        return self

    def __exit__(self, *_exc: object) -> None: ...

    def ask(self, verb: str, **_arguments: Any) -> None:
        raise NotAllowed(f"{verb} is for operators.")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ([], ExitCode.REFUSED, "env ready is for operators."),
        (["--name", "none"], ExitCode.USAGE, "'none' cannot be the name of an environment"),
    ],
)
def test_who_may_not_bring_one_so_hears_it_before_pip_works(
    options: list[str],
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    bundled: list[object] = []
    monkeypatch.setattr(cluster, "Cluster", Forbidding)
    monkeypatch.setattr(bundling, "bundle", lambda *arguments: bundled.append(arguments))
    with pytest.raises(SystemExit) as ended:
        main(["env", "sync", str(tmp_path), *options])
    assert (ended.value.code, bundled) == (code, [])
    assert capsys.readouterr().err.startswith(words)

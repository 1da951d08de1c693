from __future__ import annotations

from pathlib import Path

import pytest
from support.wheels import list_wheels, make_wheel

from asyncluster.core.environments.manifest import FILE, Manifest, UnfitEnvironment, encode
from asyncluster.core.wire.environments import ManifestAsk, ManifestIs, WheelAsk, WheelPiece
from asyncluster.ndm.environments.fetching import Fetch


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    for project in ("one", "two"):
        make_wheel(folder, project, "1.0", {f"{project}.py": "x = 1\n"})
    return folder


@pytest.fixture
def manifest(wheels: Path) -> Manifest:
    return list_wheels(wheels)


@pytest.fixture
def fetch(manifest: Manifest, tmp_path: Path):
    fetch = Fetch(manifest.key, tmp_path / "incoming" / manifest.key)
    yield fetch
    fetch.close()


def answer(ask: WheelAsk, wheels: Path, step: int = 100) -> WheelPiece:
    data = (wheels / ask.filename).read_bytes()[ask.offset : ask.offset + step]
    return WheelPiece(ask.environment, ask.filename, ask.offset, data)


def test_all_wheels_come_piece_by_piece(fetch, wheels, manifest):
    assert fetch.ask() == ManifestAsk(manifest.key)
    assert fetch.received(ManifestIs(manifest.key, encode(manifest)))
    while (ask := fetch.ask()) is not None:
        piece = answer(ask, wheels)
        assert fetch.ask() == ask  # as often as anybody likes
        assert fetch.received(piece)
        assert not fetch.received(piece)  # the answer to the same question, asked twice
    assert not fetch.received(ManifestIs(manifest.key, encode(manifest)))
    for wheel in manifest.wheels:
        assert (fetch.folder / wheel.filename).read_bytes() == (wheels / wheel.filename).read_bytes()
    assert (fetch.folder / FILE).read_bytes() == encode(manifest)


def test_what_was_not_asked_for_is_ignored(fetch, manifest):
    assert not fetch.received(ManifestIs("0" * 64, encode(manifest)))
    assert not fetch.received(WheelPiece(manifest.key, manifest.wheels[0].filename, 0, b"x"))
    fetch.received(ManifestIs(manifest.key, encode(manifest)))
    assert not fetch.received(WheelPiece(manifest.key, "../../x.whl", 0, b"x"))
    assert sorted(path.name for path in fetch.folder.iterdir()) == [FILE]


@pytest.mark.parametrize("data", [b"", b"{}", b"no list"])
def test_a_master_without_it_is_told_apart(fetch, manifest, data):
    with pytest.raises(UnfitEnvironment):
        fetch.received(ManifestIs(manifest.key, data))


def test_the_list_of_another_one_is_refused(fetch, manifest):
    with pytest.raises(UnfitEnvironment, match="another environment"):
        fetch.received(ManifestIs(manifest.key, encode(Manifest("3.99", manifest.wheels))))


@pytest.mark.parametrize("data", [b"", b"x" * 5000])
def test_more_or_less_than_a_wheel_is_refused(fetch, manifest, data):
    fetch.received(ManifestIs(manifest.key, encode(manifest)))
    ask = fetch.ask()
    with pytest.raises(UnfitEnvironment, match="is not complete"):
        fetch.received(WheelPiece(manifest.key, ask.filename, 0, data))


def test_what_an_earlier_life_has_left_is_removed(manifest, tmp_path):
    folder = tmp_path / "incoming"
    folder.mkdir()
    (folder / "rest").touch()
    Fetch(manifest.key, folder)
    assert list(folder.iterdir()) == []

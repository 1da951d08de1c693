from __future__ import annotations

import stat
from pathlib import Path

import pytest
from support.wheels import list_wheels, make_wheel

from asyncluster.core.environments.manifest import FILE, UnfitEnvironment
from asyncluster.core.errors import UsageError
from asyncluster.core.master.environments.store import Store
from asyncluster.core.wire.limits import CHUNK


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    make_wheel(folder, "one", "1.0", {"one.py": "x = 1\n"})
    make_wheel(folder, "two", "2.0", {"two.py": "x = 2\n"})
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", ())


def send(upload, wheels: Path, step: int = 100) -> None:
    for wheel in upload.manifest.wheels:
        data = (wheels / wheel.filename).read_bytes()
        for offset in range(0, len(data), step):
            upload.write(wheel.filename, offset, data[offset : offset + step])


def test_what_was_sent_can_be_read_and_removed(store, wheels, tmp_path):
    manifest = list_wheels(wheels)
    upload = store.receive(manifest)
    assert not upload.complete
    send(upload, wheels)
    assert upload.complete
    upload.finish()
    assert store.manifest(manifest.key) == manifest
    name = manifest.wheels[0].filename
    assert store.read(manifest.key, name, 0) == (wheels / name).read_bytes()
    assert store.read(manifest.key, name, 10) == (wheels / name).read_bytes()[10:]
    assert store.read(manifest.key, name, CHUNK) == b""
    assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o700
    store.remove(manifest.key)
    assert list((tmp_path / "store").iterdir()) == []


@pytest.mark.parametrize("name", ["../../wheels/one-1.0-py3-none-any.whl", FILE, "/etc/passwd", "three.whl", ""])
def test_nobody_reads_what_is_no_wheel_of_the_environment(store, wheels, name):
    manifest = list_wheels(wheels)
    upload = store.receive(manifest)
    send(upload, wheels)
    upload.finish()
    with pytest.raises(UnfitEnvironment):
        store.read(manifest.key, name, 0)
    with pytest.raises(OSError, match="No such file"):
        store.read("0" * 64, name, 0)


def test_another_content_is_refused(store, wheels):
    manifest = list_wheels(wheels)
    first = manifest.wheels[0]
    upload = store.receive(manifest)
    with pytest.raises(UnfitEnvironment, match="its hash is another one"):
        upload.write(first.filename, 0, b"x" * first.size)


def test_pieces_come_in_turn(store, wheels):
    manifest = list_wheels(wheels)
    first, second = manifest.wheels
    upload = store.receive(manifest)
    upload.write(first.filename, 0, b"x")
    turns = [(first.filename, 0, b"x"), (first.filename, 2, b"x"), (first.filename, 1, b"x" * first.size)]
    for turn in [*turns, (second.filename, 0, b"x"), (first.filename, 1, b"")]:
        with pytest.raises(UsageError, match="out of turn"):
            upload.write(*turn)
    other = store.receive(manifest)
    with pytest.raises(UsageError, match="no such wheel"):
        other.write("../x.whl", 0, b"x")
    upload.remove()
    other.remove()


def test_a_wheel_that_is_here_is_not_taken_again(store, wheels):
    manifest = list_wheels(wheels)
    upload = store.receive(manifest)
    send(upload, wheels)
    with pytest.raises(UsageError, match="is here already"):
        upload.write(manifest.wheels[0].filename, 0, b"x")


def test_half_uploads_and_what_is_not_kept_are_gone_after_a_restart(store, wheels, tmp_path):
    manifest = list_wheels(wheels)
    upload = store.receive(manifest)
    upload.write(manifest.wheels[0].filename, 0, b"x")
    (tmp_path / "store" / ("1" * 64)).mkdir()
    (tmp_path / "store" / ("2" * 64)).mkdir()
    Store(tmp_path / "store", {"2" * 64})
    assert [entry.name for entry in (tmp_path / "store").iterdir()] == ["2" * 64]
    upload.remove()

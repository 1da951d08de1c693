"""Installing environments: what a node makes of wheels, good and bad."""

from __future__ import annotations

import os
import re
import stat
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.wheels import files_of, list_wheels, make_wheel

from asyncluster.core.environments.manifest import FILE, UnfitEnvironment
from asyncluster.ndm.environments import layout, program
from asyncluster.ndm.environments.installing import install

CODE = {"shapes/__init__.py": "AREA = 12\n", "shapes/data/table.txt": "1 2 3\n"}
NAME = "shapes-1.0-py3-none-any.whl"
_THIS = f"{sys.version_info.major}{sys.version_info.minor}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where wheels arrive."""
    path = tmp_path / "arrived"
    path.mkdir()
    return path


@pytest.fixture
def install_here(folder: Path, tmp_path: Path) -> Callable[[], Path]:
    """Installs what is in the folder, and checks that a failure leaves nothing."""

    def install_it() -> Path:
        environments = tmp_path / "environments"
        environments.mkdir(exist_ok=True)
        target = environments / list_wheels(folder).key
        try:
            install(folder, target)
        except BaseException:
            assert list(environments.iterdir()) == []
            raise
        assert list(environments.iterdir()) == [target]
        return target

    return install_it


def look(target: Path, code: str) -> str:
    """What a Python that has the environment in front prints."""
    setup = f"import site; site.addsitedir({layout.packages(target)!r});"
    return subprocess.run([sys.executable, "-I", "-c", setup + code], check=True, capture_output=True, text=True).stdout


def archive(path: Path, entries: list[tuple[zipfile.ZipInfo | str, bytes]]) -> None:
    """Writes a wheel with entries of any kind beside those of an honest one."""
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in files_of("shapes", "1.0", CODE).items():
            wheel.writestr(name, content)
        for entry, data in entries:
            wheel.writestr(entry, data)


def test_packages_can_be_imported_and_nobody_may_write(folder: Path, install_here: Callable[[], Path]) -> None:
    make_wheel(folder, "shapes", "1.0", CODE)
    make_wheel(folder, "colours", "2.1", {"colours.py": "from shapes import AREA as RED\n"})
    target = install_here()
    assert look(target, "import colours, shapes; print(colours.RED, shapes.__cached__)").startswith(f"12 {target}")
    for path in target.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o444), path


def test_versions_are_known(folder: Path, install_here: Callable[[], Path]) -> None:
    make_wheel(folder, "shapes", "1.0", CODE)
    assert look(install_here(), "import importlib.metadata as m; print(m.version('shapes'))") == "1.0\n"


def test_packages_are_compiled_for_good(folder: Path, install_here: Callable[[], Path]) -> None:
    make_wheel(folder, "shapes", "1.0", CODE)
    (compiled,) = (install_here() / "site").rglob("*.pyc")
    flags = struct.unpack("<I", compiled.read_bytes()[4:8])[0]
    assert flags == 0b01  # by hash, never compared with the source again


def test_what_cannot_be_compiled_is_there_all_the_same(folder: Path, install_here: Callable[[], Path]) -> None:
    make_wheel(folder, "shapes", "1.0", {**CODE, "shapes/template.py": "class {{ name }}:\n"})
    assert (install_here() / "site" / "shapes" / "template.py").exists()


def test_programs_run_with_the_nodes_python(folder: Path, install_here: Callable[[], Path]) -> None:
    entry = "[console_scripts]\narea = shapes.cli:main\n"
    about = "shapes-1.0.dist-info/entry_points.txt"
    make_wheel(folder, "shapes", "1.0", {**CODE, "shapes/cli.py": "def main():\n    print('area')\n", about: entry})
    target = install_here()
    environment = {"PYTHONPATH": layout.packages(target), "PATH": layout.programs(target)}
    assert subprocess.run(["area"], env=environment, check=True, capture_output=True).stdout == b"area\n"
    assert os.stat(f"{layout.programs(target)}/area").st_mode & 0o777 == 0o555


def test_nothing_of_a_wheel_runs(folder: Path, install_here: Callable[[], Path]) -> None:
    trap = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n"
    make_wheel(folder, "shapes", "1.0", {"shapes/__init__.py": trap, "shapes.pth": trap, "sitecustomize.py": trap})
    assert install_here().is_dir()


def test_the_second_time_is_nothing(folder: Path, install_here: Callable[[], Path]) -> None:
    make_wheel(folder, "shapes", "1.0", CODE)
    target = install_here()
    before = target.stat()
    next(folder.glob("*.whl")).unlink()
    install(folder, target)
    assert target.stat() == before


def test_of_two_wheels_with_one_file_the_last_one_wins(folder: Path, install_here: Callable[[], Path]) -> None:
    for name in ("zebra", "apple"):
        make_wheel(folder, name, "1", {"tests/__init__.py": f"WHOSE = {name!r}"})
    assert look(install_here(), "import tests; print(tests.WHOSE)") == "zebra\n"


def test_a_packed_cache_is_left_out(folder: Path, install_here: Callable[[], Path]) -> None:
    make_wheel(folder, "shapes", "1.0", {**CODE, f"shapes/__pycache__/__init__.cpython-{_THIS}.pyc": "lies"})
    assert look(install_here(), "import shapes; print(shapes.AREA)") == "12\n"


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ("cp299-cp299-linux_x86_64", r"for another Python than this node's 3\.\d+"),
        (f"cp{_THIS}-cp{_THIS}-win_amd64", "for another kind of machine than this node, linux"),
        ("py3-none-any.whatever", ""),
        ("py2-none-any", "for another Python"),
    ],
)
def test_tags(tags: str, words: str, folder: Path, install_here: Callable[[], Path]) -> None:
    make_wheel(folder, "shapes", "1.0", CODE, tags)
    if not words:
        install_here()
        return
    with pytest.raises(UnfitEnvironment, match=f"shapes-1.0-{tags}.whl is {words}"):
        install_here()


def test_an_environment_for_another_python(folder: Path, tmp_path: Path) -> None:
    make_wheel(folder, "shapes", "1.0", CODE)
    manifest = list_wheels(folder, python="3.99")
    with pytest.raises(UnfitEnvironment, match=r"is for Python 3\.99, and this node has 3"):
        install(folder, tmp_path / manifest.key)


def test_a_changed_wheel(folder: Path, tmp_path: Path) -> None:
    wheel = make_wheel(folder, "shapes", "1.0", CODE)
    target = tmp_path / list_wheels(folder).key
    data = bytearray(wheel.read_bytes())
    data[50] ^= 1
    for other in (bytes(data), bytes(data) + b"!"):
        wheel.write_bytes(other)
        with pytest.raises(UnfitEnvironment, match="is not the file that was meant"):
            install(folder, target)
    wheel.unlink()
    with pytest.raises(UnfitEnvironment, match=f"{NAME} is missing"):
        install(folder, target)


def test_the_key_is_the_wheels(folder: Path, tmp_path: Path) -> None:
    make_wheel(folder, "shapes", "1.0", CODE)
    list_wheels(folder)
    with pytest.raises(UnfitEnvironment, match="its key is another one"):
        install(folder, tmp_path / ("0" * 64))
    (folder / FILE).unlink()
    with pytest.raises(UnfitEnvironment, match="list of wheels is missing"):
        install(folder, tmp_path / ("0" * 64))


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def packed(name: str, method: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type = method
    return info


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("../escaped.py", "no name of a file within it"),
        ("shapes/../../escaped.py", "no name of a file within it"),
        ("/escaped.py", "no name of a file within it"),
        ("shapes//escaped.py", "no name of a file within it"),
        ("./escaped.py", "no name of a file within it"),
        (f"{'x' * 256}.py", "no name of a file within it"),
        ("..\\escaped.py", "no name of a file"),
        ("shapes/\x1b[2J.py", "no name of a file"),
        ("/".join("x" * 600), "no name of a file"),
        (link("shapes/secret"), "a link"),
        (link("shapes"), "a link"),
        (packed("shapes/more.py", zipfile.ZIP_BZIP2), "packed in a way"),
        (packed("shapes/more.py", zipfile.ZIP_LZMA), "packed in a way"),
    ],
)
def test_archives_that_lead_elsewhere(
    entry: str | zipfile.ZipInfo, words: str, folder: Path, install_here: Callable[[], Path]
) -> None:
    archive(folder / NAME, [(entry, b"/etc/passwd")])
    with pytest.raises(UnfitEnvironment, match=words) as refusal:
        install_here()
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("name", ["../../area", "/tmp/area", "/etc/profile.d/area"])
def test_programs_that_lead_elsewhere(name: str, folder: Path, install_here: Callable[[], Path]) -> None:
    entry = f"[console_scripts]\n{name} = shapes:main\n"
    make_wheel(folder, "shapes", "1.0", {**CODE, "shapes-1.0.dist-info/entry_points.txt": entry})
    with pytest.raises(UnfitEnvironment, match="outside of the target"):
        install_here()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name(folder: Path, install_here: Callable[[], Path]) -> None:
    archive(folder / NAME, [("shapes/__init__.py", b"AREA = 13\n")])
    with pytest.raises(UnfitEnvironment, match="two files of one name"):
        install_here()


@pytest.mark.parametrize(
    "files",
    [
        {"shapes-1.0.dist-info/entry_points.txt": "nonsense"},
        {"shapes-1.0.dist-info/entry_points.txt": "[console_scripts]\narea = \n"},
        {"other-1.0.dist-info/METADATA": ""},
        {"shapes-1.0.data/nowhere/x": ""},
        {"shapes-1.0.data/x": ""},
    ],
    ids=lambda files: next(iter(files)),
)
def test_wheels_that_are_none(files: Mapping[str, str], folder: Path, install_here: Callable[[], Path]) -> None:
    make_wheel(folder, "shapes", "1.0", {**CODE, **files})
    with pytest.raises(UnfitEnvironment, match="is broken") as refusal:
        install_here()
    assert str(refusal.value).isprintable()
    assert "object at" not in str(refusal.value)


def test_a_file_where_another_wheel_has_a_folder(folder: Path, install_here: Callable[[], Path]) -> None:
    make_wheel(folder, "shapes", "1.0", CODE)
    make_wheel(folder, "colours", "1.0", {"shapes": ""})
    with pytest.raises(UnfitEnvironment, match="has a file where another wheel has a folder"):
        install_here()


def test_more_than_is_allowed(folder: Path, install_here: Callable[[], Path]) -> None:
    """Four gigabytes of nothing, as they pack well: refused for what the archive announces, before it is unpacked."""
    path = folder / NAME
    archive(path, [("shapes/nothing.bin", b"")])
    data = path.read_bytes()
    at = data.rindex(b"PK\1\2", 0, data.rindex(b"shapes/nothing.bin"))
    path.write_bytes(data[: at + 24] + struct.pack("<I", 0xFFFFFFF0) + data[at + 28 :])
    make_wheel(folder, "colours", "1.0", {"colours.py": "x" * 1000})
    with pytest.raises(UnfitEnvironment, match=rf"With {NAME} the environment has more than .* 4,294,967,296 bytes"):
        install_here()


def test_a_file_that_is_longer_than_it_says(folder: Path, install_here: Callable[[], Path]) -> None:
    path = folder / NAME
    archive(path, [(packed("shapes/nothing.bin", zipfile.ZIP_DEFLATED), bytes(1 << 20))])
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 1 << 20), struct.pack("<I", 1 << 10)))
    with pytest.raises(UnfitEnvironment, match="is broken: Bad CRC"):
        install_here()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4))
def test_no_bytes_are_a_fault(folder: Path, tmp_path: Path, changes: list[tuple[float, int]]) -> None:
    wheel = make_wheel(folder, "shapes", "1.0", {"shapes.py": "", "shapes-1.0.data/scripts/area": "#!python\n"})
    data = bytearray(wheel.read_bytes())
    for where, byte in changes:
        data[int(where * len(data))] = byte
    wheel.write_bytes(data)
    target = tmp_path / list_wheels(folder).key
    try:
        install(folder, target)
    except UnfitEnvironment:
        assert not target.exists()


def run(folder: Path, target: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | variables
    return subprocess.run(program(folder, target), capture_output=True, text=True, env=environment, timeout=60)


def test_the_program(folder: Path, tmp_path: Path) -> None:
    make_wheel(folder, "shapes", "1.0", CODE)
    target = tmp_path / list_wheels(folder).key
    died = run(folder, target, ASYNCLUSTER_FAILPOINT="environment-unpacked:1:kill")
    assert died.returncode == -9
    assert not target.exists()
    assert target.with_name(f"{target.name}.partial").exists()
    done = run(folder, target)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert look(target, "import shapes; print(shapes.AREA)") == "12\n"
    assert not target.with_name(f"{target.name}.partial").exists()


def test_the_program_says_why_in_a_sentence(folder: Path, tmp_path: Path) -> None:
    make_wheel(folder, "shapes", "1.0", CODE, "cp299-cp299-linux_x86_64")
    refused = run(folder, tmp_path / list_wheels(folder).key)
    assert (refused.returncode, refused.stderr) == (1, "")
    assert re.fullmatch(r"shapes-1\.0-.*\.whl is for another Python than this node's 3\.\d+\.\n", refused.stdout)
    next(folder.glob("*.whl")).unlink()
    make_wheel(folder, "shapes", "1.0", CODE)
    nowhere = run(folder, tmp_path / "nowhere" / list_wheels(folder).key)
    assert (nowhere.returncode, nowhere.stdout) == (
        1,
        "The environment could not be written: No such file or directory.\n",
    )


@pytest.mark.root
def test_where_no_path_leads_to(folder: Path, tmp_path: Path) -> None:
    """A node's directory may lie below one that its account cannot enter: it works there all the same."""
    make_wheel(folder, "shapes", "1.0", CODE)
    key = list_wheels(folder).key
    closed = tmp_path / "closed"
    closed.mkdir(0o700)
    folder.rename(closed / "environments")
    os.chown(closed / "environments", 65534, 65534)
    command = program(Path("."), Path(key))
    done = subprocess.run(command, cwd=closed / "environments", user=65534, group=65534, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert look(closed / "environments" / key, "import shapes; print(shapes.AREA)") == "12\n"

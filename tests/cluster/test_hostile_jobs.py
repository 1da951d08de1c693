"""Calls that mean harm, on real processes: each costs its own job, and the node goes on with the others."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from support.processtable import lives
from support.waiting import wait_for

import asyncluster as ac

if TYPE_CHECKING:
    from conftest import HostileCluster

CODE = '''
import ctypes, os, signal, socket, subprocess, sys, tempfile, time
from pathlib import Path

def double(number):
    return number * 2

def pid():
    return os.getpid()

# --- Too much of everything ---------------------------------------------------------------------------

def bomb():
    while True:
        try:
            os.fork()
        except OSError:
            pass

def take_memory(size):
    return len(bytearray(size))

def take_memory_in_c(size):
    array = (ctypes.c_char * size)()
    return len(array)

def say(how, pieces):
    for _ in range(pieces):
        if how == "print":
            print("x" * 99_999)
        else:
            os.write(1, b"x" * 99_999 + b"\\n")
    return pieces

def fill(megabytes):
    with tempfile.NamedTemporaryFile(delete=False) as file:
        for _ in range(megabytes):
            file.write(bytes(1 << 20))
    return file.name

def plant(target):
    """Leaves something in the private directory that is not to be followed when that is removed."""
    os.symlink(target, "link")
    os.mkdir("closed")
    Path("closed/file").touch()
    os.chmod("closed", 0)
    return os.getcwd()

# --- Not to end ------------------------------------------------------------------------------------------

def leave_daemon(path):
    """Forks twice, leaves the session, ignores signals and forgets its environment."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            Path(path).write_text(str(os.getpid()))
            os.execve("/bin/sleep", ["sleep", "600"], {})
        os._exit(0)
    while not Path(path).exists() or not Path(path).read_text():
        time.sleep(0.01)
    return int(Path(path).read_text())

def ignore_everything(path):
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    Path(path).write_text(str(os.getpid()))
    while True:
        try:
            time.sleep(1)
        except BaseException:
            pass

def stop_itself(path):
    Path(path).write_text(str(os.getpid()))
    os.kill(os.getpid(), signal.SIGSTOP)

# --- Against others --------------------------------------------------------------------------------------

def signal_to(pids):
    """Tries to end each of these processes; returns what it may not."""
    refused = []
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except PermissionError:
            refused.append(pid)
    return refused

def kill_all():
    os.kill(-1, signal.SIGKILL)

def look_at(paths):
    """Tries to read and to change each of these; returns what it could."""
    done = []
    for path in map(Path, paths):
        try:
            done.append(("read", str(path), os.listdir(path) if path.is_dir() else path.read_bytes()[:20]))
        except OSError:
            pass
        try:
            (path / "mine" if path.is_dir() else path).open("r+b" if path.exists() else "xb").close()
            done.append(("wrote", str(path)))
        except OSError:
            pass
    return done

def connect(path):
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.connect(path)
        except OSError as error:
            return type(error).__name__
    return "connected"

def become_root():
    try:
        os.setuid(0)
    except PermissionError:
        pass
    done = subprocess.run(["/bin/su", "-c", "id -u"], stdin=subprocess.DEVNULL, capture_output=True)
    return os.getuid(), done.stdout

def status():
    return Path("/proc/self/status").read_text()

# --- Against its node --------------------------------------------------------------------------------------

def own_sockets():
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                found.append(int(name))
        except OSError:
            pass
    return found

def write_garbage(data):
    for fd in own_sockets():
        os.write(fd, data)
    while True:
        time.sleep(1)

def flood_with_descriptors():
    (fd,) = own_sockets()
    with socket.socket(fileno=os.dup(fd)) as sock:
        for _ in range(100):
            socket.send_fds(sock, [b"\\0\\0\\0\\0"], [0] * 10)
    while True:
        time.sleep(1)

def close_descriptors():
    os.closerange(0, 1024)

def spoil_page():
    """Overwrites what the node looks at to know which call runs."""
    import mmap
    for line in Path("/proc/self/maps").read_text().splitlines():
        if "memfd" in line and "rw-s" in line:
            low, high = (int(end, 16) for end in line.split()[0].split("-"))
            ctypes.memset(low, 0xFF, high - low)
    time.sleep(0.3)
    ctypes.string_at(0)

def crash():
    ctypes.string_at(0)

# --- Against who reads its result ----------------------------------------------------------------------------

class Trap:
    """Writes a file, named by the process, where it is unpickled."""
    def __init__(self, folder):
        self.folder = folder
    def __reduce__(self):
        return exec, (f"import os; open(os.path.join({self.folder!r}, str(os.getpid())), 'w').close()",)

class Mine:
    """Cannot be unpickled anywhere."""
    def __reduce__(self):
        return divmod, (1, 0)

def trap(folder):
    return Trap(folder)

def mine():
    return Mine()
'''


@pytest.fixture
def attacker(hostile: HostileCluster) -> Iterator[Any]:
    with hostile.real.client() as client, client.job(CODE, name="attacker") as job:
        yield job


@pytest.fixture
def bystander(hostile: HostileCluster) -> Iterator[Callable[[], None]]:
    """Somebody else's job, which must go on; the node must be the one that it was, too."""
    pid = only_node(hostile)
    with hostile.real.client() as client, client.job(CODE, name="bystander") as job:

        def check() -> None:
            assert [job.run("double", n).result(timeout=20) for n in range(5)] == [0, 2, 4, 6, 8]
            assert hostile.master.process.poll() is None
            assert only_node(hostile) == pid

        check()
        yield check
        check()


def only_node(cluster: HostileCluster) -> int:
    """The node daemon's process: the steward's child where there is one."""
    top = psutil.Process(cluster.node.process.pid)
    for child in top.children():
        try:
            if "asyncluster.ndm.node" in child.cmdline():
                return int(child.pid)
        except psutil.NoSuchProcess:  # a worker of the one before, which is just being buried
            continue
    return int(top.pid)


def number_in(path: Path) -> int:
    wait_for(lambda: path.exists() and path.read_text(), "the call runs")
    return int(path.read_text())


@pytest.fixture
def note(tmp_path: Path) -> Iterator[Path]:
    """A file that calls can write, whoever they run as."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o711)
    tmp_path.chmod(0o777)
    return tmp_path / "note"


@pytest.mark.usefixtures("bystander")
@pytest.mark.parametrize("way", ["take_memory", "take_memory_in_c"])
def test_three_gigabytes_are_an_error_of_that_call(attacker, way):
    greedy = attacker.run(way, 3 << 30)
    modest = attacker.run(way, 3 << 20)
    assert isinstance(greedy.exception(timeout=20), MemoryError)
    assert modest.result(timeout=20) == 3 << 20


@pytest.mark.usefixtures("bystander")
@pytest.mark.parametrize("how", ["print", "descriptor"])
def test_endless_output_is_cut_and_costs_nobody_memory(hostile, attacker, how):
    daemons = [psutil.Process(hostile.master.process.pid), psutil.Process(only_node(hostile))]
    before = [daemon.memory_info().rss for daemon in daemons]
    future = attacker.run("say", how, 1000)
    assert future.result(timeout=60) == 1000
    after = [daemon.memory_info().rss for daemon in daemons]
    assert max(new - old for new, old in zip(after, before, strict=True)) < 32 << 20
    wait_for(lambda: future.log().count("more was printed, but not kept") == 1, "the mark at the cut")
    assert len(future.log()) < 2 << 20


@pytest.mark.usefixtures("bystander")
def test_a_daemon_that_forked_twice_goes_with_its_job(hostile, note):
    with hostile.real.client() as client, client.job(CODE) as job:
        daemon = job.run("leave_daemon", str(note)).result(timeout=20)
        assert lives(daemon)
    wait_for(lambda: not lives(daemon), "the end of what the job left behind", seconds=10)


@pytest.mark.usefixtures("bystander")
@pytest.mark.parametrize("way", ["ignore_everything", "stop_itself"])
def test_a_call_that_ignores_signals_is_gone_after_its_timeout(attacker, note, way):
    future = attacker.with_(timeout=0.5).run(way, str(note))
    pid = number_in(note)
    assert isinstance(future.exception(timeout=10), ac.CallTimeout)
    wait_for(lambda: not lives(pid), "the end of the process", seconds=3)
    assert attacker.run("double", 4).result(timeout=20) == 8


@pytest.mark.usefixtures("bystander")
def test_a_call_that_crashes_every_time_is_given_up(attacker):
    bad, good = attacker.run("crash"), [attacker.run("double", n) for n in range(20)]
    error = bad.exception(timeout=30)
    assert isinstance(error, ac.WorkerCrashed)
    assert error.signal == signal.SIGSEGV
    assert bad.attempts == 3
    assert [future.result(timeout=20) for future in good] == [2 * n for n in range(20)]


@pytest.mark.usefixtures("bystander")
@pytest.mark.parametrize(
    "data",
    [b"\xff" * 5000, b"\0\0\0\4\xc1\xc1\xc1\xc1", b"\0\0\0\1\x80" * 100, b"GET / HTTP/1.0\r\n\r\n" * 100],
    ids=["giant frame", "no message", "empty maps", "another protocol"],
)
def test_garbage_to_its_node_ends_the_worker_and_is_blamed_on_the_call(attacker, data):
    error = attacker.run("write_garbage", data).exception(timeout=30)
    assert isinstance(error, ac.WorkerCrashed)
    assert attacker.run("double", 1).result(timeout=20) == 2


@pytest.mark.usefixtures("bystander")
def test_descriptors_that_nobody_asked_for_end_the_worker(hostile, attacker):
    before = psutil.Process(only_node(hostile)).num_fds()
    assert isinstance(attacker.run("flood_with_descriptors").exception(timeout=30), ac.WorkerCrashed)
    assert attacker.run("double", 1).result(timeout=20) == 2
    wait_for(lambda: psutil.Process(only_node(hostile)).num_fds() <= before + 8, "the node closes them")


@pytest.mark.usefixtures("bystander")
def test_a_call_that_closes_all_descriptors_takes_the_blame(attacker):
    assert isinstance(attacker.run("close_descriptors").exception(timeout=30), ac.WorkerCrashed)
    assert attacker.run("double", 1).result(timeout=20) == 2


@pytest.mark.usefixtures("bystander")
def test_a_job_that_covers_its_tracks_breaks_itself(attacker):
    assert isinstance(attacker.run("spoil_page").exception(timeout=30), ac.JobBroken)


@pytest.mark.usefixtures("bystander")
def test_a_result_that_runs_code_when_unpickled_runs_it_at_its_own_client_only(attacker, note):
    attacker.run("trap", str(note.parent)).result(timeout=20)
    assert [path.name for path in note.parent.iterdir()] == [str(os.getpid())]


@pytest.mark.usefixtures("bystander")
def test_a_result_that_cannot_be_unpickled_spoils_itself_only(attacker):
    spoilt, good = attacker.run("mine"), attacker.run("double", 1)
    assert isinstance(spoilt.exception(timeout=20), ZeroDivisionError)
    assert good.result(timeout=20) == 2


@pytest.mark.usefixtures("bystander")
def test_temporary_files_go_with_the_job(hostile):
    with hostile.real.client() as client, client.job(CODE) as job:
        path = Path(job.run("fill", 100).result(timeout=20))
        assert path.stat().st_size == 100 << 20
    wait_for(lambda: not path.exists(), "the end of the job's files", seconds=10)


@pytest.mark.usefixtures("bystander")
def test_cleaning_up_follows_no_link_of_a_job(hostile, tmp_path):
    treasure = tmp_path / "treasure"
    treasure.write_text("mine")
    with hostile.real.client() as client, client.job(CODE) as job:
        directory = Path(job.run("plant", str(tmp_path)).result(timeout=20))
    if os.geteuid() == 0:  # a user who is not root cannot remove what it has locked itself out of
        wait_for(lambda: not directory.exists(), "the end of the job's directory", seconds=10)
    assert treasure.read_text() == "mine"


# --- With an account of their own ----------------------------------------------------------------------------


@pytest.fixture
def prisoner(confined: HostileCluster) -> Iterator[Any]:
    with confined.real.client() as client, client.job(CODE, name="prisoner") as job:
        yield job


@pytest.mark.root
def test_a_job_cannot_end_its_node_its_steward_or_its_master(confined, prisoner):
    victims = [1, os.getpid(), confined.master.process.pid, confined.node.process.pid, only_node(confined)]
    assert prisoner.run("signal_to", victims).result(timeout=20) == victims


@pytest.mark.root
def test_a_job_that_ends_all_it_can_ends_no_daemon(confined, prisoner):
    node = only_node(confined)
    prisoner.run("kill_all").result(timeout=20)  # the kernel spares the one that asks
    assert [prisoner.run("double", n).result(timeout=20) for n in range(3)] == [0, 2, 4]
    assert confined.master.process.poll() is None
    assert only_node(confined) == node


@pytest.mark.root
def test_a_job_cannot_read_or_change_what_is_not_its_own(confined, prisoner):
    folder, node, steward = confined.real.folder, only_node(confined), confined.node.process.pid
    daemons = [confined.master.process.pid, node, steward]
    secrets = [folder / "asyncluster.conf", folder / "state/master.pem", folder / "state/spool", "/etc/shadow"]
    nodes_own = [folder / "state-node/node", folder / "state-node/node/own", folder / "state-node/node/marker"]
    memory = [f"/proc/{pid}/{name}" for pid in daemons for name in ("mem", "environ", "fd")]
    assert all(Path(path).exists() for path in [*secrets, *nodes_own, *memory])
    paths = [str(path) for path in [*secrets, *nodes_own, *memory]]
    assert prisoner.run("look_at", paths).result(timeout=20) == []


@pytest.mark.root
def test_a_job_is_no_client_of_the_master(confined, prisoner):
    assert prisoner.run("connect", str(confined.real.socket)).result(timeout=20) == "PermissionError"


@pytest.mark.root
def test_a_job_cannot_gain_rights(confined, prisoner):
    assert prisoner.run("become_root").result(timeout=20) == (confined.account.pw_uid, b"")
    status = dict(
        line.split(":\t", 1) for line in prisoner.run("status").result(timeout=20).splitlines() if ":\t" in line
    )
    assert status["NoNewPrivs"] == "1"
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert status["Groups"].strip() == ""


@pytest.mark.root
def test_a_fork_bomb_is_bounded_and_nothing_of_it_stays(confined, prisoner):
    node = only_node(confined)
    with confined.real.client() as client, client.job(CODE) as other:
        assert other.run("double", 1).result(timeout=20) == 2
        began = time.monotonic()
        bomb = prisoner.with_(timeout=1.0, retries=0).run("bomb")
        wait_for(lambda: len(confined.left()) > 50, "the bomb goes off")
        assert isinstance(bomb.exception(timeout=30), ac.CallTimeout)
        assert time.monotonic() - began < 10
        wait_for(lambda: len(confined.left()) <= 6, "the end of all that it started", seconds=10)
        assert other.run("double", 2).result(timeout=20) == 4
    assert only_node(confined) == node

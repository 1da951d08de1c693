"""Commands about nodes and jobs on a real cluster."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import RealCluster
from support.waiting import wait_for

CODE = """
import sys
from asyncluster import here

def add(a, b=1):
    print("adding", a, b)
    print("complaining", file=sys.stderr)
    return a + b

def fail(word):
    raise ValueError(word)

def place():
    here.progress(0.5, "half")
    return [here.job, here.node]

def wait(path):
    import os, time
    while not os.path.exists(path):
        time.sleep(0.01)
"""


@pytest.fixture
def code(tmp_path: Path) -> str:
    path = tmp_path / "code.py"
    path.write_text(CODE)
    return str(path)


def test_a_single_call_prints_its_result_and_its_output(shared_cluster: RealCluster, code: str) -> None:
    done = shared_cluster.run("job", "run", code, "add", "3", "4")
    assert (done.returncode, done.stdout) == (0, "7\n")
    assert "adding 3 4\n" in done.stderr
    assert "complaining\n" in done.stderr


def test_a_single_call_that_fails_shows_the_authors_traceback(shared_cluster: RealCluster, code: str) -> None:
    done = shared_cluster.run("job", "run", code, "fail", "why")
    assert (done.returncode, done.stdout) == (1, "")
    assert "line 11, in fail\n    raise ValueError(word)\nValueError: why" in done.stderr
    assert "asyncluster/" not in done.stderr  # only what concerns the author


def test_here_knows_where_a_call_runs(shared_cluster: RealCluster, code: str) -> None:
    done = shared_cluster.run("job", "run", code, "place")
    nodes = [node["name"] for node in shared_cluster.json("node", "list")]
    assert done.stdout in [f'["code.py", "{node}"]\n' for node in nodes], done.stderr


def test_a_job_is_listed_shown_explained_and_cancelled(shared_cluster: RealCluster, code: str, tmp_path: Path) -> None:
    cluster = shared_cluster
    with cluster.client() as client, client.job(Path(code), name="waiting", niceness=3) as job:
        futures = [job.run("wait", str(tmp_path / "never")) for _ in range(3)]
        wait_for(lambda: cluster.json("job", "show", str(job.number))["running"] == 2, "two calls run")
        (listed,) = [each for each in cluster.json("job", "list") if each["number"] == job.number]
        assert (listed["name"], listed["niceness"], listed["state"], listed["queued"]) == ("waiting", 3, "running", 1)
        assert "running" in cluster.run("job", "why", str(job.number)).stdout
        assert cluster.run("job", "cancel", str(job.number)).returncode == 0
        for future in futures:
            assert "cancelled" in str(future.exception(timeout=10))
    wait_for(lambda: cluster.json("job", "show", str(listed["number"]))["finished"], "its end is history")
    assert cluster.run("job", "cancel", str(listed["number"])).returncode == 2
    assert [cluster.json("job", "list", *more)[0]["state"] for more in ((), ("--all",))] == ["cancelled"] * 2


def test_what_a_job_printed_can_be_read_afterwards(shared_cluster: RealCluster, code: str) -> None:
    shared_cluster.run("job", "run", code, "add", "1")
    number = str(shared_cluster.json("job", "list", "--all")[0]["number"])
    assert shared_cluster.run("job", "logs", number).stdout == "adding 1 1\n"
    assert {line["text"] for line in shared_cluster.json("job", "logs", number)} == {"adding 1 1\n", "complaining\n"}


def test_a_drained_node_finishes_what_it_runs_and_gets_nothing_new(cluster: RealCluster, code: str) -> None:
    first, second = (node["name"] for node in cluster.json("node", "list"))
    gate = cluster.folder / "gate"
    with cluster.client() as client, client.job(Path(code)) as job:
        running = [job.run("wait", str(gate)) for _ in range(2)]
        wait_for(lambda: all(node["running"] for node in cluster.json("node", "list")), "both nodes work")
        assert cluster.run("node", "drain", first).returncode == 0
        assert cluster.json("node", "show", first)["state"] == "draining"
        gate.touch()
        for future in running:
            future.result(timeout=10)
        later = [job.run("add", number) for number in range(20)]
        assert [future.result(timeout=10) for future in later] == [number + 1 for number in range(20)]
        assert {future.where for future in later} == {second}
        assert cluster.run("node", "resume", first).returncode == 0
    assert cluster.json("node", "show", first)["state"] != "draining"


def test_status_goes_on_while_it_is_watched(shared_cluster: RealCluster) -> None:
    status = shared_cluster.json("status")
    assert (status["nodes"]["connected"], status["workers"]["all"]) == (2, 2)
    command = [sys.executable, "-m", "asyncluster", "--config", str(shared_cluster.config), "status", "--watch"]
    environment = {**os.environ, "FORCE_COLOR": "1"}  # lets rich take a pipe for a terminal, and show every state
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as watching:
        assert watching.stdout is not None
        shown = next(line for line in watching.stdout if "answer" in line)
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=10)
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == "Nodes   2 of 2 answer\n"
    assert watching.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("node", "show", "nowhere"), "There is no node nowhere"),
        (("job", "show", "999"), "There is no job 999"),
        (("status", "--watch", "--json"), "exclude each other"),
    ],
)
def test_what_is_not_there_is_told(shared_cluster: RealCluster, arguments: tuple[str, ...], words: str) -> None:
    done = shared_cluster.run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr


def test_without_a_master_the_exit_code_is_3(tmp_path: Path) -> None:
    done = RealCluster(tmp_path).run("status")
    assert (done.returncode, done.stdout) == (3, "")
    assert "asyncluster master run" in done.stderr


def test_a_refused_configuration_is_78(tmp_path: Path) -> None:
    cluster = RealCluster(tmp_path)
    cluster.config.write_text(cluster.config.read_text().replace("password = ", "password = YOU-MUST-CHANGE-THIS #"))
    done = cluster.run("master", "run")
    assert done.returncode == 78
    assert "Traceback" not in done.stderr

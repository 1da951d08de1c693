"""Packages on their way to real nodes, and real jobs that import them."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.processes import Daemon, RealCluster, running, wait_for
from support.wheels import list_wheels, make_wheel

import asyncluster as ac
from asyncluster.core.client.environments import Standing, SyncFailed, begin, sync
from asyncluster.core.environments.manifest import Manifest

CODE = """
import os, subprocess, sys

def account():
    return os.getuid()

def words():
    import greeting
    return greeting.WORDS

def words_of_a_child():
    return subprocess.run([sys.executable, "-c", "import greeting; print(greeting.WORDS)"],
                          capture_output=True, text=True, check=True).stdout.strip()

def words_of_a_program():
    return subprocess.run(["greet"], capture_output=True, text=True, check=True).stdout.strip()
"""


def greeting(folder: Path, words: str) -> tuple[Path, Manifest]:
    """A wheel with a module and a program that say these words."""
    place = folder / words
    place.mkdir()
    files = {
        "greeting/__init__.py": f"WORDS = {words!r}\ndef main():\n    print(WORDS)\n",
        "greeting-1.0.dist-info/entry_points.txt": "[console_scripts]\ngreet = greeting:main\n",
    }
    make_wheel(place, "greeting", "1.0", files)
    return place, list_wheels(place)


def environments(cluster: ac.Cluster) -> dict[str, str]:
    """Standing by key."""
    return {one["key"]: one["standing"] for one in cluster.ask("env list")}


def on(cluster: ac.Cluster, key: str) -> list[str]:
    """The nodes that have it."""
    nodes: list[str] = cluster.ask("env show", environment=key)["on"]
    return nodes


def installed(real: RealCluster) -> list[set[str]]:
    """What is on the disk of each node."""
    places = sorted((real.folder / "state").glob("node*/environments"))
    return [{entry.name for entry in place.iterdir() if len(entry.name) == 64} for place in places]


def test_a_package_is_on_all_nodes_and_each_job_keeps_the_one_that_it_began_with(
    real_cluster: RealCluster, tmp_path: Path
) -> None:
    real_cluster.start_master()
    real_cluster.start_nodes(2)
    real_cluster.wait_for_nodes(2)
    with real_cluster.client() as cluster:
        with cluster.job(CODE) as bare:
            assert isinstance(bare.run("words").exception(60), ModuleNotFoundError)
        one = sync(cluster, *greeting(tmp_path, "one"), "greeting")
        assert environments(cluster) == {one: "current"}
        first = cluster.job(CODE)
        assert first.run("words").result(60) == "one"
        assert first.run("words_of_a_child").result(60) == "one"
        assert first.run("words_of_a_program").result(60) == "one"
        two = sync(cluster, *greeting(tmp_path, "two"))
        assert environments(cluster) == {one: "previous", two: "current"}
        with cluster.job(CODE) as second, cluster.job(CODE, environment="greeting") as named:
            assert [job.run("words").result(60) for job in (first, second, named)] == ["one", "two", "one"]
        with cluster.job(CODE, environment="") as bare, cluster.job(CODE, environment="lost") as lost:
            assert isinstance(bare.run("words").exception(60), ModuleNotFoundError)
            with pytest.raises(ac.JobBroken, match="no environment 'lost'"):
                lost.run("words").result(60)
        real_cluster.start_node()
        wait_for(lambda: len(on(cluster, one)) == len(on(cluster, two)) == 3, "the third node has both")
        assert installed(real_cluster) == [{one, two}] * 3
        _unnamed_ones_go(real_cluster, cluster, first, tmp_path, one, two)
    assert [one["standing"] for one in real_cluster.json("env", "list")] == ["previous", "current"]


def _unnamed_ones_go(real: RealCluster, cluster: ac.Cluster, first: Any, folder: Path, one: str, two: str) -> None:
    three = sync(cluster, *greeting(folder, "three"))
    kept = cluster.job(CODE, environment=two[:12])
    assert kept.run("words").result(60) == "two"
    four = sync(cluster, *greeting(folder, "four"))
    assert environments(cluster) == {one: "", two: "", three: "previous", four: "current"}
    kept.close()
    wait_for(lambda: two not in environments(cluster) and [{one, three, four}] * 3 == installed(real), "it is gone")
    with pytest.raises(ac.UsageError, match="An open job needs it"):
        cluster.ask("env remove", environment="greeting")
    first.close()
    cluster.ask("env use", environment=three[:12])
    with pytest.raises(ac.UsageError, match="is the current one"):
        cluster.ask("env remove", environment=three)
    wait_for(lambda: not cluster.ask("env show", environment="greeting")["jobs"], "the job is over")
    assert real.run("env", "remove", "greeting").returncode == 0
    assert environments(cluster) == {three: "current", four: "previous"}
    wait_for(lambda: [{three, four}] * 3 == installed(real), "it is gone from the nodes")


def test_a_node_that_cannot_have_it_keeps_all_of_them_as_they_were(real_cluster: RealCluster, tmp_path: Path) -> None:
    real_cluster.start_master()
    real_cluster.start_nodes(2)
    (name, _other) = [node["name"] for node in real_cluster.wait_for_nodes(2)]
    with real_cluster.client() as cluster:
        one = sync(cluster, *greeting(tmp_path, "one"))
        stuck = real_cluster.folder / "state" / "node" / "environments" / "incoming"
        wait_for(lambda: not any(stuck.iterdir()), "what was fetched is removed")
        stuck.rmdir()
        stuck.touch()
        with pytest.raises(
            SyncFailed, match=rf"(?s){name}: The environment could not be written: .*Nothing has changed"
        ):
            sync(cluster, *greeting(tmp_path, "two"))
        assert environments(cluster) == {one: "current"}
        wait_for(lambda: installed(real_cluster) == [{one}] * 2, "nothing is left on the other node")
        assert [entry.name for entry in (real_cluster.folder / "state" / "environments").iterdir()] == [one]
        stuck.unlink()
        foreign = tmp_path / "foreign"
        foreign.mkdir()
        make_wheel(foreign, "greeting", "1.0", {"greeting.py": ""}, tags="cp27-cp27m-win32")
        with pytest.raises(SyncFailed, match="another Python than this node's"):
            sync(cluster, foreign, list_wheels(foreign))
        with cluster.job(CODE) as job:
            assert job.run("words").result(60) == "one"
        two = sync(cluster, *greeting(tmp_path, "three"))
        assert environments(cluster) == {one: "previous", two: "current"}


@pytest.mark.root
def test_workers_of_another_account_read_what_they_cannot_reach(tmp_path: Path) -> None:
    with running(RealCluster(tmp_path, worker_user="nobody")) as real:
        real.start_master()
        real.start_node()
        real.wait_for_nodes(1)
        with real.client() as cluster:
            sync(cluster, *greeting(tmp_path, "one"))
            with cluster.job(CODE) as job:
                calls = [job.run(name) for name in ("account", "words", "words_of_a_child", "words_of_a_program")]
                assert [call.result(60) for call in calls] == [65534, "one", "one", "one"]


def test_a_master_that_is_killed_in_the_midst_leaves_the_old_one_current(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    folder.mkdir()
    with running(RealCluster(folder, f"sqlite:///{folder}/people.db")) as real:
        master = real.start_master()
        nodes = real.start_nodes(2)
        real.wait_for_nodes(2)
        with real.client() as cluster:
            one = sync(cluster, *greeting(tmp_path, "one"))
        os.kill(nodes[1].process.pid, signal.SIGSTOP)
        try:
            two, manifest = greeting(tmp_path, "two")
            with real.client() as cluster, pytest.raises(KeyboardInterrupt):
                sync(cluster, two, manifest, tell=_stop_when_nodes_are_at_it)
            tell = partial(_kill_when_a_node_has_it, master)
            with ac.Cluster(real.socket, patience=0) as cluster:
                assert begin(cluster, manifest, None)["joined"]
                with pytest.raises(ac.MasterUnreachable):
                    sync(cluster, two, manifest, tell=tell)
            real.start_master()
        finally:
            os.kill(nodes[1].process.pid, signal.SIGCONT)
        real.wait_for_nodes(2)
        with real.client() as cluster:
            assert environments(cluster) == {one: "current"}
            wait_for(lambda: on(cluster, one) and installed(real) == [{one}] * 2, "nothing else is left")
            with cluster.job(CODE) as job:
                assert job.run("words").result(60) == "one"


def _stop_when_nodes_are_at_it(standing: Standing) -> None:
    if standing.nodes:
        raise KeyboardInterrupt


def _kill_when_a_node_has_it(master: Daemon, standing: Standing) -> None:
    if any(node.state == "done" for node in standing.nodes):
        master.kill()

"""Local accounts with few rights, and clients with bad manners, at the control socket of a real master."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.processes import RealCluster
from support.strangers import RawClient, acting_as
from support.waiting import wait_for

from asyncluster.core.errors import ConfigError, ExitCode
from asyncluster.core.master.verbs.table import VERBS
from asyncluster.core.wire import messages as m
from asyncluster.core.wire.limits import FRAME, UNREAD_OUTPUT
from asyncluster.core.wire.roles import Role

_NOBODY = 65534  # a job user of this site
_STRANGER = 65533
_MIB = 1024 * 1024


@pytest.fixture
def client(site: Any) -> Iterator[RawClient]:
    client = RawClient(site.control)
    yield client
    client.close()


def role_of(client: RawClient) -> Role:
    return Role[client.greet().role.upper()]


def answer_to(client: RawClient, verb: str) -> m.Refusal:
    """What comes of a verb with arguments that it does not have."""
    client.say(m.Ask(1, verb, msgspec.Raw(msgspec.msgpack.encode({"no_such_argument": 1}))))
    refusal: m.Refusal = client.hear((m.Refusal, m.Answer))
    return refusal


# --- Who may do what ---------------------------------------------------------------------------------------------


@pytest.mark.root
def test_every_verb_in_every_role(site: Any) -> None:
    with acting_as(_NOBODY, [site.control.stat().st_gid]):
        author = RawClient(site.control)
    operator = RawClient(site.control)
    for client, role in ((author, Role.SUBMITTER), (operator, Role.OPERATOR)):
        assert role_of(client) is role
        for name, verb in VERBS.items():
            expected = ExitCode.USAGE if role >= verb.role else ExitCode.REFUSED
            assert answer_to(client, name).code == expected, (role, name)
        assert answer_to(client, "no such verb").code == ExitCode.USAGE
        client.close()


@pytest.mark.root
def test_other_accounts_do_not_get_as_far_as_the_master(site: Any) -> None:
    with acting_as(_STRANGER), pytest.raises(PermissionError):
        RawClient(site.control)


@pytest.mark.root
def test_a_job_author_cannot_touch_the_job_of_another(site: Any, client: RawClient) -> None:
    client.greet()
    client.say(m.OpenJob(99, "ours", 0))
    client.hear(m.JobOpened)
    for theft in (m.OpenJob(99, "mine now", 0), m.CloseJob(99), m.Cancel(99, [1])):
        with acting_as(_NOBODY, [site.control.stat().st_gid]):
            author = RawClient(site.control)
        author.greet()
        author.say(theft)
        assert author.is_dropped()
        author.close()
    client.say(m.OpenJob(99, "ours", 0))
    client.hear(m.JobOpened)


# --- A place that somebody else has taken ------------------------------------------------------------------------


def test_a_master_leaves_a_squatted_socket_alone_and_says_so(tmp_path: Path) -> None:
    cluster = RealCluster(tmp_path)
    with socket.socket(socket.AF_UNIX) as squatter:
        squatter.bind(str(cluster.socket))
        squatter.listen()
        done = cluster.run("master", "run")
    assert done.returncode == ConfigError.exit_code
    assert "listens on" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.root
def test_a_client_does_not_talk_to_a_squatter(tmp_path: Path) -> None:
    cluster = RealCluster(tmp_path)
    squatter = os.fork()
    if squatter == 0:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(cluster.socket))
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
        listener.listen()
        connection, _address = listener.accept()
        os._exit(1 if connection.recv(1) else 0)
    wait_for(cluster.socket.exists, "the squatter's socket")
    done = cluster.run("status")
    _pid, status = os.waitpid(squatter, 0)
    assert os.waitstatus_to_exitcode(status) == 0, "the client said something to it"
    assert done.returncode == ExitCode.UNREACHABLE
    assert f"belongs to user {_NOBODY}" in done.stderr


# --- Bad manners -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [FRAME + 1, 2**31, 2**32 - 1])
def test_a_giant_frame_ends_the_connection_at_its_header(site: Any, client: RawClient, size: int) -> None:
    before = site.memory()
    client.greet()
    client.socket.sendall(size.to_bytes(4, "big"))
    assert client.is_dropped()
    assert site.memory() < before + 20 * _MIB


def test_a_client_that_does_not_greet_is_dropped(client: RawClient) -> None:
    client.say(m.OpenJob(7, "rude", 0))
    assert client.is_dropped()


def test_a_slow_client_holds_up_nobody(site: Any, client: RawClient) -> None:
    for byte in b"\0\0\0\x20\x93\x14":
        client.socket.sendall(bytes([byte]))
        assert site.works()
    client.socket.sendall(b"\xc1" * 30)
    assert client.is_dropped()


def test_more_questions_than_a_client_may_have_open_are_refused(client: RawClient) -> None:
    client.greet()
    client.say(*(m.Ask(number, "status", msgspec.Raw(b"\x80")) for number in range(500)))
    answers = [client.hear((m.Refusal, m.Answer)) for _ in range(500)]
    assert {answer.id for answer in answers} == set(range(500))
    refused = [answer for answer in answers if isinstance(answer, m.Refusal)]
    assert 0 < len(refused) < 500
    assert {answer.message for answer in refused} == {"Too many questions at once."}


def test_jobs_beyond_the_limit_of_an_author_are_refused(client: RawClient) -> None:
    client.greet()
    client.say(*(m.OpenJob(number, "one more", 0) for number in range(1, 300)))
    answers = [client.hear((m.JobOpened, m.JobEnded)) for _ in range(299)]
    refused = [answer for answer in answers if isinstance(answer, m.JobEnded)]
    assert len(refused) == 99
    assert "200 open jobs" in refused[0].failure.message
    client.say(*(m.CloseJob(number) for number in range(1, 201)))


def submit(client: RawClient, job: int, calls: int, code: bytes = b"", batch: int = 10_000) -> None:
    """Opens a job of calls that wait: its code is nothing that a worker could run."""
    client.say(m.OpenJob(job, "many", 0), m.Code(job, 0, code), m.CallKind(job, 1, 0, "f", b"f"))
    for first in range(1, calls + 1, batch):
        rows = [(call, 0, 1, b"x" * 20) for call in range(first, min(first + batch, calls + 1))]
        client.say(m.Submit(job, rows))


def test_ten_thousand_submissions_a_second_hold_up_nobody(site: Any, client: RawClient) -> None:
    before = site.memory()
    client.greet()
    submit(client, 4711, 50_000)
    assert site.works()
    assert site.memory() < before + 100 * _MIB
    client.say(m.CloseJob(4711))


@pytest.mark.faults
def test_a_million_calls_in_single_messages_hold_up_nobody(site: Any, client: RawClient) -> None:
    client.greet()
    submit(client, 4712, 300_000, batch=1)
    submit(client, 4713, 690_000)
    assert site.works()
    client.say(m.CloseJob(4712), m.CloseJob(4713))


def test_a_client_that_never_reads_is_not_waited_for_and_costs_little(site: Any) -> None:
    silent = RawClient(site.control)
    silent.greet()
    silent.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    before = site.memory()
    question = m.Ask(1, "no such verb" * 20, msgspec.Raw(b"\x80"))
    silent.socket.settimeout(1.0)
    try:
        while True:
            silent.say(*[question] * 100)
    except TimeoutError:
        pass  # the master reads no more from it, since it does not read
    assert site.memory() < before + 3 * UNREAD_OUTPUT
    assert site.works()
    silent.close()
    wait_for(lambda: site.memory() < before + 2 * UNREAD_OUTPUT, "the memory of a client that is gone")


#: Says when its first results are there, takes the others, and says how many were right.
GREEDY = """
import sys
import asyncluster as ac

CODE = "def large(n):\\n    return bytes([n % 256]) * 60_000"
with ac.Cluster(socket=sys.argv[1]) as cluster, cluster.job(CODE) as job:
    calls = [job.run("large", n) for n in range(5000)]
    calls[0].result()
    print("begun", flush=True)
    print(sum(call.result()[0] == n % 256 for n, call in enumerate(calls)))
"""


def test_results_for_a_client_that_stands_still_wait_elsewhere_and_none_is_lost(site: Any) -> None:
    before = site.memory()
    program = [sys.executable, "-c", GREEDY, str(site.control)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "begun\n"
        client.send_signal(signal.SIGSTOP)
        wait_for(lambda: site.real.json("job", "list")[0]["running"] == 0, "the workers to stop", 60)
        assert site.works()
        assert site.memory() < before + 8 * UNREAD_OUTPUT  # the results are 300 MB
        client.send_signal(signal.SIGCONT)
        assert client.stdout.readline() == "5000\n"

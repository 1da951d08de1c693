from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.config import Problem, Reading, Role, Settings, Surroundings, WhenInUse, WorkerMemory, read
from asyncluster.core.config.keys import SECTIONS
from asyncluster.core.config.values import Accounts, MasterKey

NODE = """\
[client]
user = test
password = twelve letters
[common]
server password = another twelve
"""
MASTER = NODE + "[server]\ndatabase = sqlite://\n"


def good(reading: Reading) -> Settings:
    assert reading.problems == ()
    assert reading.settings is not None
    return reading.settings


def found(reading: Reading) -> list[tuple[int | None, str, str]]:
    assert reading.settings is None
    return [(problem.line, problem.section, problem.key) for problem in reading.problems]


@pytest.fixture
def only(here: Surroundings):
    """The one problem of a text, for any role."""

    def only(text: str, role: Role | None = None) -> Problem:
        reading = read(text, role, here)
        assert reading.settings is None
        assert len(reading.problems) == 1, reading.problems
        return reading.problems[0]

    return only


@pytest.mark.parametrize("role", [None, *Role])
def test_the_classic_file_loads_exactly(classic: str, here: Surroundings, role: Role | None) -> None:
    config = good(read(classic, role, here))
    assert config.client.host == "main"
    assert config.client.user == "test"
    assert config.client.password == 'a,b#c%d"e f'
    assert config.common.tcp_port == 9080
    assert config.common.socket == Path("/tmp/.ndm")
    assert config.common.server_password == "correct horse battery"
    assert config.display.size == (300, 200)
    assert config.display.window_manager == ("/usr/bin/startkde",)
    assert config.display.niceness == 10
    if role is Role.NODE:
        assert config.server is None
    else:
        assert config.server is not None
        assert config.server.database == "sqlite://"
        assert config.server.subnets == (ip_network("127.0.0.1"), ip_network("192.168.135.0/24"))


def test_defaults_of_a_node(here: Surroundings) -> None:
    config = good(read(NODE, Role.NODE, here))
    assert config.client.host == "localhost"
    assert config.client.node_name == "main"
    assert config.client.workers is None
    assert config.client.worker_user == ("asyncluster-job", "nobody")
    assert config.client.worker_niceness == 10
    assert config.client.worker_memory == WorkerMemory()
    assert config.client.when_in_use is WhenInUse.NICE
    assert config.client.master_key is MasterKey.TRUST
    assert config.common.tcp_port == 9080
    assert config.common.socket == here.socket
    assert config.common.state == here.state
    assert config.display.displays == ()
    assert config.display.window_manager == ()
    assert config.display.x_server == ("Xorg",)
    assert config.display.grace == 10
    assert config.display.warn_at == (900, 300, 60)
    assert config.display.power_buttons is True
    assert config.display.cluster_name == "AsynCluster"


def test_defaults_of_a_master(root: Surroundings) -> None:
    server = good(read(MASTER, Role.MASTER, root)).server
    assert server is not None
    assert server.subnets == (ip_network("127.0.0.0/8"), ip_network("::1"))
    assert server.listen == ()
    assert server.jobs is None
    assert server.operators == Accounts(groups=("asyncluster-admin",))
    assert server.job_users == Accounts(groups=("asyncluster",))
    assert server.minimum_password_length == 8
    assert server.key == Path("/var/lib/asyncluster/master.pem")


def test_an_absolute_key_stays_where_it_is(root: Surroundings) -> None:
    server = good(read(MASTER + "key = /etc/keys/master.pem", Role.MASTER, root)).server
    assert server is not None
    assert server.key == Path("/etc/keys/master.pem")


def test_comments_and_quotes_fall_except_in_passwords(here: Surroundings) -> None:
    text = """\
[server]
database = "sqlite://"   # in memory
subnets = 10.0.0.1,  # the first
    # and more
    10.0.0.2 # the second
[client]
user = 'test'
password = "quoted # secret"
[common]
server password = 'tis not quoted
tcp port = 9081# no comment without a space before it? It is none, and refused below
"""
    assert found(read(text, Role.ALL, here)) == [(11, "common", "tcp port")]
    config = good(read(text.replace("9081#", "9081 #"), Role.ALL, here))
    assert config.server is not None
    assert config.server.database == "sqlite://"
    assert config.server.subnets == (ip_network("10.0.0.1"), ip_network("10.0.0.2"))
    assert config.client.user == "test"
    assert config.client.password == '"quoted # secret"'
    assert config.common.server_password == "'tis not quoted"


def test_a_hash_may_stand_in_quotes(here: Surroundings) -> None:
    config = good(read(NODE + '[display]\ncluster name = "Lab #3"  # ours', Role.NODE, here))
    assert config.display.cluster_name == "Lab #3"


def test_all_problems_at_once_in_the_order_of_the_file(here: Surroundings) -> None:
    text = """\
stray = 1
[server]
database = DEFINE_A_URL
subnet = 127.0.0.1
[client]
host = a b
host = main
password =
nonsense
[dispaly]
x = 1
[common]
tcp port = 99999
server password = YOU-MUST-CHANGE-THIS-TOO
user = test
"""
    reading = read(text, Role.ALL, here)
    assert found(reading) == [
        (1, "", "stray"),
        (3, "server", "database"),
        (4, "server", "subnet"),
        (5, "client", "user"),
        (6, "client", "host"),
        (7, "client", "host"),
        (8, "client", "password"),
        (9, "client", ""),
        (10, "dispaly", ""),
        (13, "common", "tcp port"),
        (14, "common", "server password"),
        (15, "common", "user"),
    ]
    messages = {problem.line: problem.message for problem in reading.problems}
    assert "'subnets'" in messages[4]
    assert "[display]" in messages[10]
    assert "belongs in [client]" in messages[15]


def test_missing_sections_say_what_they_must_hold(here: Surroundings) -> None:
    assert [str(problem) for problem in read("", None, here).problems] == [
        "[server] This section is missing. It must set 'database'.",
        "[client] This section is missing. It must set 'user' and 'password'.",
        "[common] This section is missing. It must set 'server password'.",
    ]
    assert found(read(NODE, Role.MASTER, here)) == [(None, "server", "")]


def test_without_a_role_the_sections_decide(here: Surroundings) -> None:
    assert good(read(NODE, None, here)).server is None
    assert good(read(MASTER, None, here)).server is not None


@pytest.mark.parametrize("role", [Role.MASTER, Role.NODE, Role.ALL])
@pytest.mark.parametrize(
    "password", ["YOU-MUST-CHANGE-THIS", "you-must-change-this-too", '"YOU-MUST-CHANGE-THIS"', "", "''"]
)
@pytest.mark.parametrize("given", ["twelve letters", "another twelve"])
def test_both_sides_refuse_both_passwords(role: Role, password: str, given: str, here: Surroundings) -> None:
    text = MASTER.replace(given, password)
    assert [where[2] for where in found(read(text, role, here))] in (["password"], ["server password"])


@pytest.mark.parametrize("role", [Role.MASTER, Role.NODE, Role.ALL])
@pytest.mark.parametrize(("one", "other"), [("same password", "same password"), ("\u00e9" * 12, "e\u0301" * 12)])
def test_equal_passwords_are_refused(role: Role, one: str, other: str, here: Surroundings) -> None:
    text = MASTER.replace("twelve letters", one).replace("another twelve", other)
    assert found(read(text, role, here)) == [(5, "common", "server password")]


def test_a_node_does_not_mind_the_masters_placeholders(here: Surroundings) -> None:
    text = NODE + "[server]\ndatabase = DEFINE_A_URL\n"
    assert good(read(text, Role.NODE, here)).server is None
    assert found(read(text, Role.MASTER, here)) == [(7, "server", "database")]


def test_what_is_written_must_be_right_for_everybody(only) -> None:
    assert only(NODE + "[server]\njobs = many", Role.NODE).key == "jobs"
    assert only(MASTER + "[display]\nniceness = 20", Role.MASTER).key == "niceness"


def test_short_and_quoted_passwords_are_warned_about(here: Surroundings) -> None:
    text = NODE.replace("twelve letters", "elevenchars").replace("another twelve", "'another twelve'")
    reading = read(text, Role.NODE, here)
    good(reading)
    assert [(warning.line, warning.key) for warning in reading.warnings] == [(3, "password"), (5, "server password")]
    assert "12 characters" in reading.warnings[0].message
    assert "literally" in reading.warnings[1].message
    assert read(NODE, Role.NODE, here).warnings == ()


def test_an_indented_next_line_is_not_swallowed(only) -> None:
    problem = only(MASTER + "subnets = 10.0.0.1\n  listen = hunter2")
    assert (problem.line, problem.key) == (8, "subnets")
    assert "indented" in problem.message
    assert "hunter2" not in problem.message
    assert only(NODE + "tcp port = 1\n  2").key == "tcp port"
    assert only(NODE.replace("letters", "letters\n  more")).key == "password"


def test_control_characters_are_refused(only) -> None:
    assert only(NODE.replace("twelve letters", "twelve\x00letters")).key == "password"
    assert only(NODE + "[display]\ncluster name = a\x1b[2Jb").key == "cluster name"


def test_an_empty_optional_key_is_refused(only) -> None:
    assert "no value" in only(MASTER + "operators = # nobody").message
    assert "no value" in only(MASTER + "operators =", Role.NODE).message


def test_messages_are_sentences_with_the_accepted_form(only) -> None:
    problem = only(NODE + "tcp port = 90x80")
    assert str(problem) == "line 6: [common] tcp port: Must be a whole number from 1 to 65535, not '90x80'."


@pytest.mark.parametrize("text", [MASTER, MASTER.replace("another twelve", "YOU-MUST"), MASTER + "x = 1\nhunter2"])
def test_secrets_are_in_no_repr_and_no_message(text: str, here: Surroundings) -> None:
    text = text.replace("twelve letters", "hunter2 hunter2").replace("sqlite://", "postgresql://u:hunter2@h/d")
    for role in Role:
        assert "hunter2" not in repr(read(text, role, here))


WORDS = [f"{key.name} =" for section in SECTIONS for key in section.keys] + [
    f"[{section.name}]" for section in SECTIONS
]
LINES = st.one_of(
    st.sampled_from([*WORDS, *MASTER.splitlines()]),
    st.builds(str.__add__, st.sampled_from(WORDS), st.text(max_size=20)),
    st.text(max_size=20),
)


@given(st.lists(LINES, max_size=30).map("\n".join), st.sampled_from([None, *Role]))
def test_any_text_is_either_accepted_or_refused_with_reasons(text: str, role: Role | None) -> None:
    reading = read(text, role, Surroundings(uid=1000, host="main", home=Path("/home/ed"), environ={}))
    assert (reading.settings is None) == bool(reading.problems)
    for problem in reading.problems:
        assert str(problem).isprintable()
        assert problem.message.endswith(".")

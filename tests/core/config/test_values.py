from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from asyncluster.core.config import values
from asyncluster.core.config.keys import SECTIONS
from asyncluster.core.config.values import Accounts, Unfit, WorkerMemory

GB = 10**9

GOOD = [
    (values.whole(0, 19), "19", 19),
    (values.or_word("adaptive", None, values.whole(1, 9)), "Adaptive", None),
    (values.size, "2 GB", 2 * GB),
    (values.size, "512MiB", 512 * 2**20),
    (values.size, "1.5 kB", 1500),
    (values.size, "42", 42),
    (values.worker_memory, "50%", WorkerMemory(share=0.5)),
    (values.worker_memory, "2 GB", WorkerMemory(bytes=2 * GB)),
    (values.duration(0, 3600, "s"), "30 s", 30),
    (values.duration(0, 3600, "s"), "30", 30),
    (values.duration(0, 3600, "min"), "15", 900),
    (values.duration(0, 3600, "s"), "0.5 h", 1800),
    (values.warning_times, "1, 15 min, 30 s, 1 min", (900, 60, 30)),
    (values.yes_or_no, "Yes", True),
    (values.yes_or_no, "off", False),
    (values.pixels, "300, 200", (300, 200)),
    (values.pixels, "1024x768", (1024, 768)),
    (values.listed(values.network), "127.0.0.1", (IPv4Network("127.0.0.1/32"),)),
    (values.listed(values.network), "::1,\n10.1.2.3/8,", (IPv6Network("::1/128"), IPv4Network("10.0.0.0/8"))),
    (values.listed(values.address), "10.0.0.1, 10.0.0.1", (IPv4Address("10.0.0.1"),)),
    (values.host, "main", "main"),
    (values.host, "pc-1.lab.example", "pc-1.lab.example"),
    (values.host, "fd00::1", "fd00::1"),
    (values.accounts, "ed, @staff,@wheel", Accounts(("ed",), ("staff", "wheel"))),
    (values.accounts, "none", Accounts()),
    (values.listed(values.display), ":0, :77", (":0", ":77")),
    (values.command, "Xephyr -screen '800 x 600'", ("Xephyr", "-screen", "800 x 600")),
    (values.path, "master.pem", Path("master.pem")),
    (values.password, "e\u0301" * 6, "\u00e9" * 6),
    (values.database_url, "sqlite://:memory:", "sqlite://"),
    (values.database_url, "sqlite:///:memory:", "sqlite://"),
    (values.database_url, "sqlite://", "sqlite://"),
    (values.database_url, "sqlite+pysqlite://:memory:", "sqlite+pysqlite://"),
    (values.database_url, "sqlite:////var/lib/a b.db", "sqlite:////var/lib/a b.db"),
    (values.database_url, "postgresql+psycopg://u:p%40@h:1/d", "postgresql+psycopg://u:p%40@h:1/d"),
    (values.database_url, "unheard-of://x".replace("-", ""), "unheardof://x"),
]

BAD = [
    (values.whole(0, 19), ["-1", "20", "1_0", "+1", "1.0", "\uff11", "1e3", ""]),
    (values.size, ["2 XB", "-1", "GB", "2 gb", "1e9"]),
    (values.worker_memory, ["0%", "101%", "1 MB", "9999999 TB", "half"]),
    (values.duration(0, 60, "s"), ["61", "2 min", "1 day", "-1", "1:30"]),
    (values.yes_or_no, ["1", "maybe"]),
    (values.pixels, ["300", "300, 200, 1", "0, 0", "99999, 200"]),
    (values.network, ["127.0.0.256", "10.0.0.0/33", "main", "10.0.0."]),
    (values.listed(values.network), ["", ",,", ",".join(f"10.0.{n // 256}.{n % 256}" for n in range(300))]),
    (values.host, ["a b", "-x", "http://main", "main:9080", "x" * 300, "[::1]", ""]),
    (values.accounts, ["a b", "@", "root;", "@@x", "../x"]),
    (values.login_name, ["a b", "x" * 65, "\u00e9"]),
    (values.node_name, ["-a", "a/b", "x" * 64]),
    (values.display, ["0", ":0.0", "host:0", ":99999", ":-1"]),
    (values.command, ["", "'open", "./here", "bin/x", "''"]),
    (values.absolute_path, ["here", "~/x", ""]),
    (values.socket_path, ["relative", "/" + "x" * 107]),
    (values.password, ["\u00e9" * 513]),
    (values.one_line, ["x" * 81]),
    (values.database_url, ["/var/lib/x.db", "sqlite:x", "sqlite:///x.db", "sqlite://x.db", "3x://", "://", "a b://c"]),
    (values.one_of(values.WhenInUse), ["", "run, nice", "kill"]),
]


@pytest.mark.parametrize(("parse", "text", "expected"), GOOD)
def test_accepted_forms(parse: Any, text: str, expected: object) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(("parse", "text"), [(parse, text) for parse, texts in BAD for text in texts])
def test_refused_forms(parse: Any, text: str) -> None:
    with pytest.raises(Unfit, match=r"^must be "):
        parse(text)


PARSERS = [key.parse for section in SECTIONS for key in section.keys]
TEXTS = st.one_of(st.text(), st.text("0123456789.:/,@% abhimnosx-'\"\n"), st.characters(codec=None))


@given(st.sampled_from(PARSERS), TEXTS)
def test_nothing_but_unfit_is_raised(parse: Any, text: str) -> None:
    try:
        parse(text)
    except Unfit as unfit:
        message = str(unfit)
    else:
        message = "must be"
    assert message.isprintable()
    assert len(message) < 300


def test_or_word_names_the_word() -> None:
    with pytest.raises(Unfit, match="must be 'auto' or a whole number from 0 to 512, not 'many'"):
        values.or_word("auto", None, values.whole(0, 512))("many")


def test_a_database_url_is_never_repeated() -> None:
    with pytest.raises(Unfit) as caught:
        values.database_url("postgresql:/user:hunter2@host/db")
    assert "hunter2" not in str(caught.value)


@given(st.from_regex(r"\A(sqlite|postgresql|mysql\+pymysql)://[a-z:/@?=.\[\]0-9]{0,20}\Z"))
def test_takes_every_url_that_sqlalchemy_takes(text: str) -> None:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        return
    database = url.database or ""
    in_file = url.drivername == "sqlite" and database != ":memory:"
    if in_file and (url.host or not database.startswith(("/", "file:"))) and text != "sqlite://":
        return  # relative files are refused on purpose, and SQLite knows no hosts
    values.database_url(text)


@pytest.mark.parametrize(
    ("seconds", "words"), [(90, "90 s"), (900, "15 min"), (7200, "2 h"), (0, "0 s"), (0.5, "0.5 s")]
)
def test_in_words(seconds: float, words: str) -> None:
    assert values.in_words(seconds) == words


def test_worker_memory_limits() -> None:
    assert WorkerMemory().limit(16 * GB, 4) == 4 * GB
    assert WorkerMemory().limit(16 * GB, 0) == 16 * GB
    assert WorkerMemory(share=0.25).limit(16 * GB, 1) == 4 * GB
    assert WorkerMemory(bytes=GB).limit(16 * GB, 4) == GB

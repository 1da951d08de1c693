from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from asyncluster.core.config import forms, values
from asyncluster.core.config.forms import Unfit
from asyncluster.core.config.keys import SECTIONS
from asyncluster.core.config.values import Accounts

GOOD = [
    (forms.listed(values.network), "127.0.0.1", (IPv4Network("127.0.0.1/32"),)),
    (forms.listed(values.network), "::1,\n10.1.2.3/8,", (IPv6Network("::1/128"), IPv4Network("10.0.0.0/8"))),
    (forms.listed(values.address), "10.0.0.1, 10.0.0.1", (IPv4Address("10.0.0.1"),)),
    (values.local_door, "9081", 9081),
    (values.local_door, "/run/asyncluster/metrics.sock", Path("/run/asyncluster/metrics.sock")),
    (values.host, "main", "main"),
    (values.host, "pc-1.lab.example", "pc-1.lab.example"),
    (values.host, "fd00::1", "fd00::1"),
    (values.accounts, "ed, @staff,@wheel", Accounts(("ed",), ("staff", "wheel"))),
    (values.accounts, "none", Accounts()),
    (forms.listed(values.display), ":0, :77", (":0", ":77")),
    (values.command, "Xephyr -screen '800 x 600'", ("Xephyr", "-screen", "800 x 600")),
    (values.path, "master.pem", Path("master.pem")),
    (values.password, "e\u0301" * 6, "\u00e9" * 6),
    (values.database_url, "sqlite://:memory:", "sqlite://"),
    (values.database_url, "sqlite:///:memory:", "sqlite://"),
    (values.database_url, "sqlite://", "sqlite://"),
    (values.database_url, "sqlite+pysqlite://:memory:", "sqlite+pysqlite://"),
    (values.database_url, "sqlite:////var/lib/a b.db", "sqlite:////var/lib/a b.db"),
    (values.database_url, "postgresql+psycopg://u:p%40@h:1/d", "postgresql+psycopg://u:p%40@h:1/d"),
    (values.database_url, "unheardof://x", "unheardof://x"),
]

BAD = [
    (values.local_door, ["0", "65536", "\u0663", "0.0.0.0:9081", "metrics.sock", "/" + "x" * 120]),
    (values.network, ["127.0.0.256", "10.0.0.0/33", "main", "10.0.0."]),
    (forms.listed(values.network), ["", ",,", ",".join(f"10.0.{n // 256}.{n % 256}" for n in range(300))]),
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

from __future__ import annotations

import asyncio
import inspect
from unittest.mock import MagicMock

import pytest
from support.pages import ROOT

from asyncluster.core.client import dask, defaults
from asyncluster.core.client.asyncio import AsyncCluster
from asyncluster.core.client.cluster import Cluster
from asyncluster.core.client.executor import Executor
from asyncluster.core.client.job import Job
from asyncluster.core.client.options import SAME, CallOptions
from asyncluster.core.errors import UsageError
from asyncluster.tx import connect

CODE = "def f():\n    return 1\n"


@pytest.fixture
def environment(monkeypatch):
    variables = {"PATIENCE": "2.5", "NICENESS": "7", "TIMEOUT": "30", "RETRIES": "0", "ENVIRONMENT": "images"}
    for name, value in variables.items():
        monkeypatch.setenv(f"ASYNCLUSTER_{name}", value)


def test_without_variables_the_documented_values_hold(monkeypatch):
    monkeypatch.setenv("ASYNCLUSTER_RETRIES", "")
    assert defaults.patience_or_default() is None
    assert defaults.niceness_or_default() == 0
    assert defaults.environment_or_default() is None
    assert defaults.default_options() == CallOptions(timeout=None, retries=2)


def test_what_is_said_goes_before_the_environment(environment):
    assert (defaults.patience_or_default(None), defaults.patience_or_default()) == (None, 2.5)
    assert (defaults.niceness_or_default(0), defaults.niceness_or_default()) == (0, 7)
    assert (defaults.environment_or_default(""), defaults.environment_or_default(None)) == ("", None)
    assert defaults.environment_or_default() == "images"
    assert (defaults.retries_or_default(3), defaults.retries_or_default()) == (3, 0)
    assert defaults.default_options() == CallOptions(timeout=30.0, retries=0)


@pytest.mark.parametrize(
    ("name", "value"), [("NICENESS", "low"), ("NICENESS", "20"), ("TIMEOUT", "-1"), ("RETRIES", "1.5")]
)
def test_nonsense_is_refused(monkeypatch, name, value):
    monkeypatch.setenv(f"ASYNCLUSTER_{name}", value)
    with pytest.raises(UsageError, match=r"no number|0 to 19|above 0"):
        (defaults.niceness_or_default if name == "NICENESS" else defaults.default_options)()


@pytest.mark.parametrize("environment", [7, "x" * 65])
def test_an_environment_is_a_short_text(environment):
    with pytest.raises(UsageError, match="up to 64 characters"):
        defaults.environment_or_default(environment)


def test_the_variable_is_named(monkeypatch):
    monkeypatch.setenv("ASYNCLUSTER_PATIENCE", "long")
    with pytest.raises(UsageError, match="ASYNCLUSTER_PATIENCE holds no number: 'long'"):
        defaults.patience_or_default()


def test_a_job_of_every_flavour_takes_them(master_model, environment):
    async def open_and_call():
        async with AsyncCluster(master_model.path) as cluster, cluster.job(CODE) as job:
            return await job.run("f"), job._options, job._niceness

    with Cluster(master_model.path) as cluster, cluster.job(CODE) as job:
        assert (job.run("f").result(10), job._options, job._niceness) == (1, CallOptions(30.0, 0), 7)
        (opened,) = master_model.model.jobs.values()
        assert (opened.opening.niceness, opened.opening.environment) == (7, "images")
    assert asyncio.run(open_and_call()) == (1, CallOptions(30.0, 0), 7)


def test_every_option_of_a_client_has_a_variable_on_the_page():
    makers = (Cluster, Cluster.job, Cluster.dask_job, Job.with_, Executor, connect)
    parameters = [parameter for maker in makers for parameter in inspect.signature(maker).parameters.values()]
    options = {parameter.name for parameter in parameters if parameter.default is SAME}
    text = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    assert {"patience", "niceness", "timeout", "retries"} <= options
    assert [option for option in options if f"`ASYNCLUSTER_{option.upper()}`" not in text] == []


def test_a_job_for_dask_takes_the_niceness(master_model, environment, monkeypatch):
    monkeypatch.setattr(dask, "dask_client", lambda _cluster, **_options: MagicMock())
    with Cluster(master_model.path) as cluster:
        assert cluster.dask_job(CODE)._niceness == 7
        with pytest.raises(UsageError, match="0 to 19"):
            cluster.dask_job(CODE, niceness=20)


def test_an_executor_takes_niceness_and_retries(master_model, environment):
    with Executor(socket=master_model.path) as executor:
        assert executor.submit(pow, 2, 3).result(10) == 8
        assert executor._caller.options == CallOptions(timeout=None, retries=0)

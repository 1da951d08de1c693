"""The figures: a function of what the master knows at one moment.

Labels only take values from fixed sets (states, kinds of failure), never names of nodes, jobs or people: the number of
time series is the same for a room and for a campus, and nobody learns from them who sits where.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric

from asyncluster.core.jobs.records import JobRecord, JobState, NodeRecord, NodeState
from asyncluster.core.wire.messages import FailureKind

_FAILURES = [kind for kind in get_args(FailureKind) if kind != "split"]  # that is no end of a call


@dataclass(frozen=True, slots=True)
class Facts:
    """What the figures are made of.

    Attributes:
        finished: rows with a result since the master started; a chunk of short calls is one.
        failed: calls without a result since then, by kind of failure.
        sent_back: calls that nodes have handed back unfinished since then.
        sessions: people who are logged in.
        uptime: seconds.
    """

    release: str
    nodes: Sequence[NodeRecord]
    jobs: Sequence[JobRecord]
    finished: int
    failed: Mapping[str, int]
    sent_back: int
    sessions: int
    uptime: float


def families(facts: Facts) -> Iterator[Metric]:
    """All figures, in the order in which they are shown."""
    yield InfoMetricFamily("asyncluster_build", "The version of the master.", value={"version": facts.release})
    yield _gauge("uptime_seconds", "Time since the master started.", facts.uptime)
    yield from _about_nodes(facts.nodes)
    yield from _about_jobs(facts.jobs)
    yield _counter("results", "Results that nodes have sent; a chunk of short calls is one.", facts.finished)
    yield _counter("calls_sent_back", "Calls that nodes have handed back unfinished; they run again.", facts.sent_back)
    failed = CounterMetricFamily("asyncluster_calls_failed", "Calls that ended without a result.", labels=["kind"])
    for kind in _FAILURES:
        failed.add_metric([kind], facts.failed.get(kind, 0))
    yield failed
    yield _gauge("sessions", "People who are logged in at nodes.", facts.sessions)


def _about_nodes(nodes: Sequence[NodeRecord]) -> Iterator[Metric]:
    present = [node for node in nodes if node.state != "lost"]
    yield _by_state("nodes", "Nodes by what their workers may do.", get_args(NodeState), [node.state for node in nodes])
    yield _gauge("workers", "Calls that the connected nodes can run at once.", sum(node.slots for node in present))
    busy = sum(min(node.slots, node.outstanding) for node in present)
    yield _gauge("workers_busy", "Workers that have a call.", busy)
    yield _gauge("nodes_in_trouble", "Nodes that say that something needs a look.", sum(bool(n.trouble) for n in nodes))


def _about_jobs(jobs: Sequence[JobRecord]) -> Iterator[Metric]:
    yield _by_state("jobs", "Open jobs by state.", get_args(JobState), [job.state for job in jobs])
    yield _gauge("calls_queued", "Rows of calls that wait at the master.", sum(job.queued for job in jobs))
    yield _gauge("calls_on_nodes", "Rows of calls that nodes have.", sum(job.running for job in jobs))


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"asyncluster_{name}", words, value=value)


def _counter(name: str, words: str, value: int) -> Metric:
    return CounterMetricFamily(f"asyncluster_{name}", words, value=value)


def _by_state(name: str, words: str, states: Sequence[str], found: Sequence[str]) -> Metric:
    """Every state has its series, also while nothing is in it."""
    counts = Counter(found)
    family = GaugeMetricFamily(f"asyncluster_{name}", words, labels=["state"])
    for state in states:
        family.add_metric([state], counts[state])
    return family

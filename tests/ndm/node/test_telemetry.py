from __future__ import annotations

import os
import time

from asyncluster.ndm.node import telemetry


def test_what_a_worker_computes_counts_as_ours():
    meter = telemetry.Meter()
    meter.cores([os.getpid()])
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        pass
    cores = meter.cores([os.getpid()])
    assert len(cores) == os.cpu_count()
    assert 0 < sum(core.ours for core in cores) <= len(cores)
    assert all(0 <= share <= 1 for core in cores for share in (core.ours, core.others))


def test_without_workers_nothing_is_ours():
    meter = telemetry.Meter()
    assert all(core.ours == 0 for core in meter.cores([]))
    assert all(core.ours == 0 for core in meter.cores([2**22 - 1]))


def test_it_costs_next_to_nothing():
    meter = telemetry.Meter()
    began = time.process_time()
    for _ in range(20):
        meter.cores([os.getpid()])
        telemetry.load()
        telemetry.memory_used()
    assert (time.process_time() - began) / 20 < 0.002 * telemetry.SECONDS


def test_the_rest_is_plausible():
    assert telemetry.load() >= 0
    assert telemetry.memory_used() > 0

"""Figures of AsynCluster beside those of other systems, all taken in one run on one machine.

    python -m benchmarks                everything: what `make bench` does; writes RESULTS.md and its plot
    python -m benchmarks --help         parts of it

`systems/` holds one small script per system, `workloads` what each of them does, `rounds` takes the systems in turn.
"""

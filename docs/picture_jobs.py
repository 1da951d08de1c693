"""One job of somebody's for the pictures of the console: `python docs/picture_jobs.py SOCKET NAME NICENESS CALLS`."""

from __future__ import annotations

import sys

import asyncluster as ac

CODE = """
def step(number):
    return number * number
"""


def main() -> None:
    """Keeps so many calls waiting until it is ended."""
    socket, name, niceness, calls = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    with ac.Cluster(socket=socket) as cluster, cluster.job(CODE, name=name, niceness=niceness) as job:
        for _result in job.map("step", range(calls)):
            pass
        print("done", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()

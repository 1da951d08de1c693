"""Twisted Perspective Broker, in the way that AsynCluster 0.3 used it: the yardstick of what was there before.

A client on a UNIX socket, a master with one queue, workers that have logged in to it by TCP; each call is a
`callRemote` on either leg, its arguments and result are pickles. Lower bound of the original, whose queue did more.

    client --- UNIX --- master --- TCP --- worker, worker
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.credentials import UsernamePassword
from twisted.cred.portal import IRealm, Portal
from twisted.internet import endpoints, reactor
from twisted.internet.defer import Deferred, DeferredList, inlineCallbacks
from twisted.internet.threads import blockingCallFromThread
from twisted.spread import pb
from zope.interface import implementer

from benchmarks import functions
from benchmarks.engine import WORKERS, Engine, Function
from benchmarks.script import main

DEPTH = 10  # calls in flight a worker
PART = 512 * 1024  # Banana refuses strings over 640 KiB


def pack(value: Any) -> list[bytes]:
    """A value in strings that Banana takes."""
    data = pickle.dumps(value, protocol=5)
    return [data[start : start + PART] for start in range(0, len(data), PART)]


def unpack(parts: list[bytes]) -> Any:
    return pickle.loads(b"".join(parts))


# --- The master ------------------------------------------------------------------------------------------------


class Master(pb.Root):  # type: ignore[misc]
    """One queue and the workers that are free."""

    def __init__(self) -> None:
        self._queue: deque[tuple[str, list[bytes], Deferred[Any]]] = deque()
        self._workers: list[_Worker] = []

    def attach(self, reference: Any) -> None:
        worker = _Worker(reference)
        self._workers.append(worker)
        reference.broker.notifyOnDisconnect(lambda: self._detach(worker))
        self._serve()

    def _detach(self, worker: _Worker) -> None:
        if worker in self._workers:
            self._workers.remove(worker)

    def remote_run(self, name: str, parts: list[bytes]) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self._queue.append((name, parts, done))
        self._serve()
        return done

    def remote_update(self, name: str, part: bytes) -> Deferred[Any]:
        return DeferredList([worker.reference.callRemote("update", name, part) for worker in self._workers])

    def remote_workers(self) -> int:
        return len(self._workers)

    def _serve(self) -> None:
        while self._queue and self._workers:
            worker = min(self._workers, key=lambda each: each.calls)
            if worker.calls >= DEPTH:
                return
            self._give(worker, *self._queue.popleft())

    def _give(self, worker: _Worker, name: str, parts: list[bytes], done: Deferred[Any]) -> None:
        def over(result: Any) -> None:
            worker.calls -= 1
            if isinstance(getattr(result, "value", None), pb.PBConnectionLost):
                self._detach(worker)  # PB tells who waits for a call before it tells who watches the connection
                self._queue.appendleft((name, parts, done))
            else:
                done.callback(result)
            self._serve()

        worker.calls += 1
        worker.reference.callRemote("run", name, parts).addBoth(over)


class _Worker:
    """A worker and how many calls it has. References of PB cannot be told apart by comparing them."""

    def __init__(self, reference: Any) -> None:
        self.reference = reference
        self.calls = 0


@implementer(IRealm)
class Realm:
    """Workers log in with a name and a password, as nodes did."""

    def __init__(self, master: Master) -> None:
        self._master = master

    def requestAvatar(self, _name: bytes, mind: Any, *_interfaces: Any) -> Any:
        self._master.attach(mind)
        return pb.IPerspective, pb.Avatar(), lambda: None


def run_master(folder: str) -> None:
    master = Master()
    checker = InMemoryUsernamePasswordDatabaseDontUse(worker=b"secret")
    reactor.listenUNIX(f"{folder}/socket", pb.PBServerFactory(master))
    port = reactor.listenTCP(0, pb.PBServerFactory(Portal(Realm(master), [checker])), interface="127.0.0.1")
    Path(folder, "port").write_text(str(port.getHost().port))
    print("ready", flush=True)
    reactor.run()


# --- A worker ----------------------------------------------------------------------------------------------------


class Worker(pb.Referenceable):  # type: ignore[misc]
    """Runs calls in the reactor's thread, as version 0.3 did."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def remote_update(self, name: str, part: bytes) -> None:
        self._parts.append(part)
        if name:
            setattr(functions, name, unpack(self._parts))
            self._parts = []

    def remote_run(self, name: str, parts: list[bytes]) -> list[bytes]:
        function = _edges if name == "_edges" else getattr(functions, name)
        return pack(function(*unpack(parts)))


def _edges() -> float:
    return functions.edges(functions.large)  # type: ignore[attr-defined]


def run_worker(folder: str) -> None:
    factory = pb.PBClientFactory()
    factory.login(UsernamePassword(b"worker", b"secret"), Worker())
    factory.clientConnectionLost = lambda *_: reactor.stop()
    reactor.connectTCP("127.0.0.1", int(Path(folder, "port").read_text()), factory)
    reactor.run()


# --- The client ---------------------------------------------------------------------------------------------------


class PerspectiveBroker(Engine):
    notes: ClassVar[dict[str, str]] = {
        "map": "none",
        "broadcast": "in strings of 512 KiB, as it takes no longer ones",
        "killed worker": "the call is queued again; no new worker is started",
    }

    def start(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="bench-pb-")
        self._processes = [self._spawn("master", stdout=subprocess.PIPE)]
        assert self._processes[0].stdout is not None
        self._processes[0].stdout.readline()
        self.master = self._processes[0].pid
        self._processes += [self._spawn("worker") for _ in range(WORKERS)]
        threading.Thread(target=reactor.run, args=(False,), daemon=True).start()
        self._root = blockingCallFromThread(reactor, self._connect)
        while blockingCallFromThread(reactor, self._root.callRemote, "workers") < WORKERS:
            pass

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def submit_all(self, function: Function, arguments: Sequence[tuple[Any, ...]]) -> Callable[[], list[Any]]:
        def submit() -> DeferredList:
            return DeferredList([self._call(function.__name__, each) for each in arguments], consumeErrors=True)

        gathered: list[Any] = []
        ready = threading.Event()
        deferreds = blockingCallFromThread(reactor, lambda: [submit()])
        deferreds[0].addCallback(gathered.extend).addCallback(lambda _: ready.set())

        def results() -> list[Any]:
            ready.wait()
            return [unpack(value) if well else value.value for well, value in gathered]

        return results

    def round_trips(self, function: Function, argument: Any, count: int) -> list[float]:
        @inlineCallbacks
        def loop() -> Any:
            seconds = []
            for _ in range(count):
                start = perf_counter()
                unpack((yield self._call(function.__name__, (argument,))))
                seconds.append(perf_counter() - start)
            return seconds

        result: list[float] = blockingCallFromThread(reactor, loop)
        return result

    def broadcast(self, array: Any, uses: int) -> list[Any]:
        parts = pack(array)
        for number, part in enumerate(parts, 1):
            name = "large" if number == len(parts) else ""
            blockingCallFromThread(reactor, self._root.callRemote, "update", name, part)
        return self.submit_all(_edges, [()] * uses)()

    def _call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        return self._root.callRemote("run", name, pack(arguments))

    def _connect(self) -> Any:
        factory = pb.PBClientFactory()
        endpoints.UNIXClientEndpoint(reactor, f"{self._folder}/socket").connect(factory)
        return factory.getRootObject()

    def _spawn(self, role: str, **options: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", __spec__.name, role, self._folder], **options)


if __name__ == "__main__":
    roles = {"master": run_master, "worker": run_worker}
    if sys.argv[1] in roles:
        roles[sys.argv[1]](sys.argv[2])
    else:
        main(PerspectiveBroker)

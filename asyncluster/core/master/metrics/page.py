"""The page that Prometheus reads: HTTP on a loopback port or a UNIX socket, GET only, a few readers at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.protocols.policies import WrappingFactory
from twisted.python.failure import Failure
from twisted.web.http import SERVICE_UNAVAILABLE
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from asyncluster.core.master.metrics.families import Facts, families

MOST_READERS = 8
IDLE_SECONDS = 30
_log = Logger()


class MetricsPage(Resource):
    """`GET /metrics`.

    Args:
        look: the facts now; they come from the database, too, so they must be awaited.
    """

    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, look: Callable[[], Awaitable[Facts]]) -> None:
        super().__init__()
        self._look = look
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)

    def render_GET(self, request: Request) -> bytes | int:
        """Prometheus' text format."""
        if request.path != b"/metrics":
            request.setResponseCode(404)
            return b"The figures are at /metrics.\n"
        gone = request.notifyFinish()
        answer = Deferred.fromCoroutine(self._text())
        gone.addErrback(lambda _failure: answer.cancel())
        answer.addCallbacks(lambda text: _reply(request, text), lambda failure: _apologise(request, failure))
        return NOT_DONE_YET

    async def _text(self) -> bytes:
        facts = Now(await self._look())
        registry = CollectorRegistry()
        registry.register(facts)
        return generate_latest(registry) + generate_latest(self._process)


class Now(Collector):
    """The figures of one moment, as the library wants them."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def collect(self) -> Iterator[Metric]:
        return families(self._facts)


class _BodilessRequest(Request):
    """Nobody has anything to tell us: who sends a body is not listened to any longer, however long it says to be."""

    def gotLength(self, length: int | None) -> None:
        super().gotLength(0)
        if length != 0:
            self.channel.forceAbortClient()


class _FewReaders(WrappingFactory):
    """Closes connections beyond `MOST_READERS` at once."""

    noisy = False

    def buildProtocol(self, addr: Any) -> Any:
        return super().buildProtocol(addr) if len(self.protocols) < MOST_READERS else None


class _QuietSite(Site):
    """Writes no log of requests: each scrape would be a line."""

    noisy = False

    def log(self, request: Any) -> None:
        """Nothing."""


def make_factory(look: Callable[[], Awaitable[Facts]]) -> WrappingFactory:
    """What is to listen for readers."""
    return _FewReaders(_QuietSite(MetricsPage(look), requestFactory=_BodilessRequest, timeout=IDLE_SECONDS))


def _reply(request: Request, text: bytes) -> None:
    request.setHeader(b"content-type", CONTENT_TYPE_LATEST.encode())
    request.write(text)
    request.finish()


def _apologise(request: Request, failure: Failure) -> None:
    if request._disconnected:
        return
    _log.warn("The metrics cannot be told: {error}", error=failure.value)
    request.setResponseCode(SERVICE_UNAVAILABLE)
    request.finish()

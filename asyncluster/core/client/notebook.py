"""How jobs, calls and clusters show themselves in a notebook: HTML made here, and a line that moves while a cell runs.

Names, notes and errors come from anybody, so they are always escaped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from contextvars import copy_context
from html import escape
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from asyncluster.core.client.progress import Standing

#: Seconds between two looks of a live display; a notebook gets each as a message.
EVERY = 0.2

_NODE_COLUMNS = ("name", "state", "workers", "running", "queued", "trouble")


class Handle(Protocol):
    """A call's handle that can be looked at at any time, as futures of `concurrent.futures` and asyncio can."""

    @property
    def where(self) -> str | None: ...
    @property
    def seconds(self) -> float | None: ...
    @property
    def progress(self) -> tuple[float, str] | None: ...

    def done(self) -> bool: ...
    def cancelled(self) -> bool: ...
    def exception(self) -> BaseException | None: ...


def job_html(name: str, standing: Standing) -> str:
    """A bar and two numbers."""
    total = f" of {standing.total:,}" if standing.total is not None else ""
    most = "" if standing.total is None else f' max="{max(1, standing.total)}" value="{standing.work:g}"'
    note = f" <i>{escape(standing.note)}</i>" if standing.note else ""
    return f"<div><b>{escape(name)}</b> <progress{most}></progress> {standing.done:,}{total} calls done{note}</div>"


def call_html(call: Handle) -> str:
    """What has become of a call, and where."""
    if not call.done():
        words = "pending" if call.progress is None else "pending {:.0%} {}".format(*call.progress)
    elif call.cancelled():
        words = "cancelled"
    else:
        error = call.exception()
        words = "done" if error is None else f"failed with {type(error).__name__}: {error}"
        if call.seconds is not None:
            words += f" on {call.where} in {call.seconds:.3g} s"
    return f"<div>Call {escape(words.rstrip())}</div>"


def cluster_html(title: str, nodes: Iterable[Mapping[str, Any]]) -> str:
    """A table of the nodes, as the master lists them."""
    head = "".join(f"<th>{name}</th>" for name in _NODE_COLUMNS)
    rows = ["".join(f"<td>{escape(str(node[name]))}</td>" for name in _NODE_COLUMNS) for node in nodes]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<div>{escape(title)}<table><tr>{head}</tr>{body}</table></div>"


class LiveLine(AbstractContextManager["LiveLine"]):
    """A line of the cell's output that is up to date for as long as a `with` block lasts, and stays at its last.

    Args:
        name: what stands before the bar.
        look: asked `EVERY` so often, in a thread.
        every: seconds.
    """

    def __init__(self, name: str, look: Callable[[], Standing], every: float = EVERY) -> None:
        self._name = name
        self._look = look
        self._every = every
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._handle: Any = None

    def __enter__(self) -> LiveLine:
        from IPython.display import display

        self._handle = display(self._picture(), raw=True, display_id=True)
        # The kernel keeps in a context variable which cell it is whose output comes.
        self._thread = threading.Thread(target=copy_context().run, args=(self._run,), name="progress", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._thread is not None
        self._over.set()
        self._thread.join()
        self._show()

    def _run(self) -> None:
        while not self._over.wait(self._every):
            self._show()

    def _show(self) -> None:
        self._handle.update(self._picture(), raw=True)

    def _picture(self) -> dict[str, str]:
        now = self._look()
        total = "" if now.total is None else f" of {now.total:,}"
        words = f"{self._name}: {now.done:,}{total} calls done {now.note}".rstrip()
        return {"text/plain": words, "text/html": job_html(self._name, now)}

"""How far a job or a map is: as numbers, and as a live line in terminals and notebooks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple


class Standing(NamedTuple):
    """How far something is.

    Attributes:
        done: calls that have their end.
        total: calls there are, or have been so far.
        work: `done` and the fractions of the calls under way that tell theirs.
        note: what a call told last.
    """

    done: int
    total: int | None
    work: float
    note: str = ""


def show(name: str, look: Callable[[], Standing], console: Any = None) -> AbstractContextManager[object]:
    """A live display for as long as a `with` block lasts; nothing where nobody can see it move.

    Args:
        name: what stands before the bar.
        look: asked ten times a second.
        console: a `rich.console.Console`; default: standard error, or the notebook.
    """
    # rich takes 50 ms to import, which only those pay who want to see something.
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    class Display(Progress):
        """Looks by itself whenever it is drawn, so that nobody has to tell it."""

        def get_renderable(self) -> Any:
            now = look()
            unknown = now.total is None
            count = f"{now.done:,}" if unknown else f"{now.done:,}/{now.total:,}"
            for line in self.task_ids:
                self.update(line, completed=now.work, total=now.total, count=count, note=escape(now.note))
            return super().get_renderable()

    console = console or Console(stderr=True)
    if console.is_jupyter:  # rich would need ipywidgets there
        from asyncluster.core.client.notebook import LiveLine

        return LiveLine(name, look)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[note]}"),
    )
    display = Display(*columns, console=console, disable=not console.is_terminal)
    display.add_task(escape(name), total=None, count="", note="")
    return display

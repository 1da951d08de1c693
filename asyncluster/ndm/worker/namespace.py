"""The namespace of a job in one worker process: what its code defined, changed by its updates.

Payloads are those of `asyncluster.core.wire.payloads`. Code that is text becomes a module of its own, present in
`sys.modules` under a name that is the same in all workers of the job, so that classes defined in it can be pickled;
its text is known to `linecache`, so that tracebacks show lines. Code that is a list of functions is a namespace of
these names.

The functions of a list share their globals if they come from one module, as they did at home; so an update by one of
them is seen by the others.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

# Both ends must agree which class is which. cloudpickle does it by an id that the process where a class was defined
# makes up; a job's classes are defined in every worker, so here the id follows from job and name. Its name has an
# underscore, but pickles refer to it, so it stays; a test watches over it.
from cloudpickle.cloudpickle import _lookup_class_or_track

from asyncluster.core.errors import UsageError
from asyncluster.core.wire import payloads
from asyncluster.core.wire.own_modules import own_modules


class Namespace:
    """The functions of one job.

    Args:
        job: the job's key; makes the module's name.
    """

    def __init__(self, job: int) -> None:
        self._job = job
        self._names: dict[str, Any] = {}

    def load(self, payload: bytes | memoryview, buffers: Sequence[memoryview]) -> None:
        """Runs a job's code. Raises whatever that raises."""
        kind, *content = payloads.decode(payload, buffers)
        if kind == "source":
            self._names = self._execute(*content)
        else:
            (functions,) = content
            self._names = {function.__name__: function for function in functions}

    def update(self, payload: bytes | memoryview, buffers: Sequence[memoryview]) -> None:
        """Calls a function with the arguments of an update. Raises whatever that raises."""
        function, args, kwargs = payloads.decode(payload, buffers)
        self._found(function)(*args, **kwargs)

    def function(self, payload: bytes | memoryview) -> Callable[..., Any]:
        """The function of a call kind.

        Raises:
            UsageError: the namespace has no function of that name.
            Exception: the function could not be unpickled.
        """
        return self._found(payloads.decode(payload))

    def _found(self, function: payloads.Function) -> Callable[..., Any]:
        if not isinstance(function, str):
            return function
        found = self._names.get(function)
        if not callable(found):
            known = sorted(name for name, value in self._names.items() if callable(value) and name[0] != "_")
            raise UsageError(f"The job has no function {function!r}. It has: {', '.join(known[:20]) or 'none'}.")
        return found  # type: ignore[no-any-return]

    def _execute(self, source: str, file_name: str) -> dict[str, Any]:
        module = ModuleType(f"asyncluster_job_{self._job:x}")
        module.__file__ = file_name
        sys.modules[module.__name__] = module
        own_modules.add(module)
        # No modification time: linecache then never looks for the file, which need not exist on this machine.
        linecache.cache[file_name] = (len(source), None, source.splitlines(keepends=True), file_name)
        exec(compile(source, file_name, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - our purpose
        for value in list(module.__dict__.values()):
            if isinstance(value, type) and value.__module__ == module.__name__:
                _lookup_class_or_track(f"{module.__name__}.{value.__qualname__}", value)
        return module.__dict__

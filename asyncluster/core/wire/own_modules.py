"""Which of the imported modules nodes cannot have: the author's own, whose functions and classes travel by value.

Those are `__main__`, notebooks and files outside the places where Python packages are installed.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
import threading
from types import ModuleType

import cloudpickle

#: Where modules lie that a node can be expected to have.
_INSTALLED = tuple(
    os.path.join(path, "")
    for path in {
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        *site.getsitepackages(),
        site.getusersitepackages(),
        os.path.join(sys.base_prefix, "lib"),
    }
)


class OwnModules:
    """The author's own modules among those that are imported here; cloudpickle is told to send them by value."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        self._names = {"__main__"}
        self._telling: tuple[bytes, ...] = (b"__main__",)  # names without which none of `_names` can be in a pickle
        self._count = 0

    def named_in(self, data: bytes) -> bool:
        """Whether a pickle may name one of them; rarely wrong, and then only slower."""
        self.refresh()
        # Not a regular expression: one of alternatives takes ten times as long for the same names.
        return any(name in data for name in self._telling)

    def refresh(self) -> None:
        """Looks at the modules that were imported since the last time."""
        if len(sys.modules) == self._count:
            return
        with self._lock:
            modules = dict(sys.modules)
            for name in modules.keys() - self._seen:
                self._seen.add(name)
                if _is_own(name, modules[name]):
                    self.add(modules[name])
            self._count = len(modules)

    def add(self, module: ModuleType) -> None:
        """Makes everything that is defined in `module` travel by value, wherever its file is."""
        cloudpickle.register_pickle_by_value(module)
        self._names.add(module.__name__)
        telling: list[str] = []
        for name in sorted(self._names):
            if not telling or not name.startswith(telling[-1]):
                telling.append(name)
        self._telling = tuple(name.encode() for name in telling)


def _is_own(name: str, module: object) -> bool:
    file = getattr(module, "__file__", None)
    return (
        isinstance(file, str)
        and getattr(module, "__name__", None) == name
        and file.endswith((".py", ".pyc"))
        and not file.startswith(_INSTALLED)
        and name.partition(".")[0] not in ("asyncluster", "__main__")
    )


own_modules = OwnModules()

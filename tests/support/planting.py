"""`pytest --plant BUG`: runs tests with a bug of `simulation.planted` in the code, to see that they find it."""

from __future__ import annotations

import pytest

_OPTION = "--plant"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(_OPTION, metavar="BUG", help="have a bug of simulation.planted in the code")


def pytest_configure(config: pytest.Config) -> None:
    name = config.getoption(_OPTION)
    if name:
        from simulation.planted import named, planted  # they import the whole program

        bug = planted(named(name))
        bug.__enter__()
        config.add_cleanup(lambda: bug.__exit__(None, None, None))

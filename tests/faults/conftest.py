"""One arena for the tests of a module, each of which leaves it well."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.arena import Arena
from support.arena import arena as an_arena


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A master and three nodes of two workers each."""
    with an_arena(tmp_path_factory.mktemp("arena")) as made:
        yield made

"""The attacker's fixtures: the world of the route matrix, with whose it is written into every word and count."""

from __future__ import annotations

import pytest

from tests.security.marked import mark
from tests.test_routes import World
from tests.test_routes import world as world  # noqa: PLC0414 - a fixture, which pytest looks for here


@pytest.fixture(scope="session")
def marked(world: World) -> World:
    """The same world, all marked; one for all tests of this folder."""
    mark(world)
    return world

"""The small city with figures in it."""

from __future__ import annotations

import pytest

from hub.access import Role
from hub.db import Database
from tests.hotspots.figures_given import Figures


@pytest.fixture
def live(database: Database, people: dict[Role, str]) -> Figures:
    """Puts figures into the small city."""
    return Figures(database)

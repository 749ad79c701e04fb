"""The small city's desk, for tests of agreements."""

from __future__ import annotations

import pytest

from hub.access import Role
from hub.db import Database
from tests.uploads.desk import Desk


@pytest.fixture
def desk(database: Database, people: dict[Role, str]) -> Desk:
    """The small city's desk; `people` have their addresses."""
    return Desk(database)

"""The small city's desk, for tests of the ledger."""

from __future__ import annotations

import pytest

from hub.access import Role
from hub.db import Database
from hub.uploads import confined
from tests.uploads.desk import Desk, check_here, look_here


@pytest.fixture
def desk(database: Database, people: dict[Role, str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The small city's desk, where files are read without a child process."""
    monkeypatch.setattr(confined, "look", look_here)
    monkeypatch.setattr(confined, "check", check_here)
    return Desk(database)

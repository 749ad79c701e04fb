"""A desk at the small city, and one at real London."""

from __future__ import annotations

import pytest

from hub.access import Role
from hub.db import Database
from hub.uploads import confined
from tests.uploads.desk import Desk, admit_here, check_here, look_here


@pytest.fixture
def desk(database: Database, people: dict[Role, str]) -> Desk:
    """The small city's desk; `people` have their addresses."""
    return Desk(database)


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read files without a child process, which takes most of a second to start."""
    monkeypatch.setattr(confined, "admit", admit_here)
    monkeypatch.setattr(confined, "look", look_here)
    monkeypatch.setattr(confined, "check", check_here)


# --- Real London -----------------------------------------------------------------------------------------------------


@pytest.fixture
def london(database: Database, londoners: None) -> Desk:
    """A desk at real London, with an administrator and an officer for each borough."""
    return Desk(database)

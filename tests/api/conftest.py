"""Files sent by scripts are read in the test's own process, which saves most of a second each."""

from __future__ import annotations

from tests.uploads.conftest import in_this_process

__all__ = ["in_this_process"]

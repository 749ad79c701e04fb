"""The small city's people and figures, as the tests of problems have them."""

from __future__ import annotations

from tests.problems.conftest import desk, live

__all__ = ["desk", "live"]

"""The fictional city, made once for all tests of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from hub.demo.city import City, build_city
from hub.demo.generate import DEFAULT_SEED, Written
from hub.demo.incidents import Record, record
from hub.demo.streets import build_streets


@pytest.fixture(scope="session")
def city() -> City:
    """The city that `hub demo` shows."""
    return build_city(DEFAULT_SEED)


@pytest.fixture(scope="session")
def streets(city: City) -> pd.DataFrame:
    """Its map points."""
    return build_streets(city)


@pytest.fixture(scope="session")
def happened(city: City, streets: pd.DataFrame) -> Record:
    """What happened in it."""
    return record(city, streets)


@pytest.fixture(scope="session")
def written(fictional_city: Written) -> Written:
    """Its files."""
    return fictional_city


@pytest.fixture(scope="session")
def folder(written: Written) -> Path:
    """Where its files are."""
    return written.folder

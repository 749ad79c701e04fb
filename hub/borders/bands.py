"""The three words that a borough may say of a place near its border. Pure."""

from __future__ import annotations

from enum import StrEnum


class Band(StrEnum):
    """How a place stands against what chance gives."""

    WELL_ABOVE = "well above"
    ABOVE = "above"
    NOT_ABOVE = "not above"

"""The datasets that the regulations prescribe: data with a source, shipped, and put right by administrators. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

CORRECTABLE = ("title", "fields", "counted_by", "to_verify", "is_prescribed")
"""What an administrator can put right."""


class Provider(StrEnum):
    """Who must disclose."""

    POLICE = "police"
    FIRE = "fire"
    COUNCIL = "council"
    ICB = "icb"

    @property
    def words(self) -> str:
        """As a page says it."""
        return _PROVIDERS[self]


_PROVIDERS = {
    Provider.POLICE: "Police",
    Provider.FIRE: "Fire and rescue",
    Provider.COUNCIL: "Council",
    Provider.ICB: "Health: integrated care board (ICB) and ambulance",
}


@dataclass(frozen=True)
class Item:
    """One prescribed dataset."""

    key: str
    provider: Provider
    title: str
    fields: str
    source: str
    counted_by: tuple[str, ...]
    """Keys of the dataset kinds whose loads count as having received it."""
    to_verify: str
    """What of this is not certain; empty where all of it is."""
    is_prescribed: bool = True
    """Whether it is due at all; an administrator may find that it no longer is."""
    is_corrected: bool = False

    def corrected(self, changes: Mapping[str, Any], source: str) -> Item:
        """The item as an administrator put it right, on the strength of a source."""
        known = {name: value for name, value in changes.items() if name in CORRECTABLE}
        counted_by = tuple(known.get("counted_by", self.counted_by))
        return replace(self, **{**known, "counted_by": counted_by, "source": source, "is_corrected": True})


@dataclass(frozen=True)
class Shipped:
    """The list that comes with the hub."""

    edition: str
    regulation: str
    act: str
    items: tuple[Item, ...]


@cache
def shipped() -> Shipped:
    """Read the list that comes with the hub."""
    said = tomllib.loads(files("hub.ledger").joinpath("prescribed.toml").read_text("utf-8"))
    names = {field.name for field in fields(Item)}
    items = []
    for table in said["datasets"]:
        if unknown := table.keys() - names:
            raise ValueError(f"prescribed.toml says of {table['key']} what the hub does not know: {sorted(unknown)}.")
        options = {**table, "provider": Provider(table["provider"]), "counted_by": tuple(table["counted_by"])}
        items.append(Item(**options))
    return Shipped(said["edition"], said["regulation"], said["act"], tuple(items))

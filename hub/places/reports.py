"""What a load of places did: each kind of place and what became of it, for a person, for a script, or as a refusal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from hub.errors import BadFile
from hub.places.findings import Finding, Severity
from hub.places.reading import Unused


class Outcome(StrEnum):
    """What a load did to one kind of place."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Loaded:
    """One kind of place in a load, and what became of it."""

    what: str
    outcome: Outcome
    detail: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many it holds now, for a script."""


@dataclass(frozen=True)
class PlacesReport:
    """What a load did and what it found."""

    city: str
    loaded: tuple[Loaded, ...]
    findings: tuple[Finding, ...]
    unused: tuple[Unused, ...]

    @property
    def is_unchanged(self) -> bool:
        """Whether the hub held all of it already."""
        return all(each.outcome is Outcome.UNCHANGED for each in self.loaded)

    def of(self, severity: Severity) -> list[Finding]:
        """The findings of one severity."""
        return [finding for finding in self.findings if finding.severity is severity]

    def lines(self) -> list[str]:
        """The report, for a person to read."""
        state = "nothing has changed" if self.is_unchanged else "places loaded"
        return [
            f"{self.city}: {state}.",
            *(f"  {each.what}: {each.outcome}{f' – {each.detail}' if each.detail else ''}" for each in self.loaded),
            *_listed("Look at these:", self.of(Severity.WARNING)),
            *_listed("Worth knowing:", self.of(Severity.NOTE)),
            *_listed("Left aside:", [f"{each.name} ({each.reason})" for each in self.unused]),
        ]

    def as_dict(self) -> dict[str, Any]:
        """The report, for a script."""
        return {
            "city": self.city,
            "state": "unchanged" if self.is_unchanged else "loaded",
            "places": [asdict(each) for each in self.loaded],
            "findings": [asdict(finding) for finding in self.findings],
            "not_used": [asdict(each) for each in self.unused],
        }


def _listed(heading: str, items: Iterable[object]) -> list[str]:
    lines = [f"  {item}" for item in items]
    return [heading, *lines] if lines else []


class PlacesRefused(BadFile):
    """Nothing was loaded, for the reasons in `findings`."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        fatal = [finding for finding in self.findings if finding.severity is Severity.FATAL]
        if len(fatal) == 1:
            super().__init__(f"{fatal[0].where}: {fatal[0].sentence}", remedy=fatal[0].remedy)
        else:
            reasons = "".join(f"\n- {finding}" for finding in fatal)
            super().__init__(
                f"No places were loaded, for {len(fatal)} reasons:{reasons}", remedy="Put these right, then load again."
            )


def outcome_of(changed: int, *, is_new: bool) -> Outcome:
    """What became of a kind of place of which so many were changed."""
    if not changed:
        return Outcome.UNCHANGED
    return Outcome.NEW if is_new else Outcome.CHANGED

"""A measure beside what its borough chose to compare it with: named, with the people that the rate is set against.

Of other boroughs only rates of several together leave here, the same for whoever asks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from geo.alike import families, features, most_alike
from geo.change import compare_counts
from geo.dispersion import Dispersion
from geo.rates import byar_interval, rate_per
from hub.access import Policy, Viewer
from hub.measures.comparisons import Against, Comparison
from hub.measures.definitions import Measure
from hub.places import service as places
from hub.summaries.changes import Figure
from hub.summaries.lines import Measured
from hub.summaries.police_area import FEWEST_OTHERS, PoliceArea, added_up, bcu_of, tells_of_few
from hub.uploads.kinds import DatasetKind
from hub.words import month_name, months_before, number

CONFIDENCE = 0.99
"""Of "higher" and "lower": a page compares five measures, so that one in a hundred of each is five in a hundred."""
NOT_LOADED = "Not every borough of the police area has figures for these months, or you read all of them but a few."
NOTHING_LEFT = "You read so many of these boroughs that you could work out the few others."
TOO_FEW_BOROUGHS = "There are too few boroughs to find some like this one that nobody could work out."
NOT_ALL_LOADED = "Not all of the boroughs like this one have figures for these months."
TOO_FEW = "Too few offences to show, to protect people."
NO_SUCH_YEAR = "There are no figures of that year for this borough that can be shown."


@dataclass(frozen=True)
class Like:
    """One borough and what makes it like another."""

    name: str
    residents: int
    residents_per_km2: float
    km_from_middle: float

    @property
    def words(self) -> str:
        """`Ash: 210,000 residents, 9,700 to a square kilometre, 4.1 km from the middle of the city`."""
        return (
            f"{self.name}: {number(self.residents)} residents, {number(self.residents_per_km2)} to a square kilometre, "
            f"{number(self.km_from_middle, 1)} km from the middle of the city"
        )


@dataclass(frozen=True)
class Beside:
    """What one measure is compared with, and how the borough stands to it."""

    comparison: Comparison
    name: str
    """Of what it is compared with: a place, boroughs or a year."""
    rate: float | None = None
    """Per 1,000 residents there, or then."""
    count: Figure | None = None
    """Of a year of the borough itself."""
    denominator: str = ""
    """The people that the rate is set against."""
    stands: str = ""
    """`higher` or `lower` here by more than chance; empty where chance may explain it, or it is judged elsewhere."""
    why_not: str = ""
    """Why there is no figure; empty where there is one."""
    alike: tuple[Like, ...] = ()
    """The borough itself, then those like it."""

    @property
    def words(self) -> str:
        """How the borough stands to it, in a few words."""
        return f"{self.stands} here" if self.stands else "no clear difference"

    @property
    def is_judged(self) -> bool:
        """Whether it is said how the borough stands to it: the year before has a verdict of its own."""
        return self.rate is not None and self.comparison.against is not Against.BEFORE


Year = Callable[[dt.date], Mapping[str, Measured]]
"""Gives the measures of the year to a month as this reader is given them: none where there is no such year."""


@dataclass(frozen=True)
class Comparer:
    """Who compares which borough's year; each thing to compare with is worked out once."""

    viewer: Viewer
    borough_code: str
    kind: DatasetKind
    policy: Policy
    last_month: dt.date
    area: PoliceArea | None
    year: Year
    counted: tuple[Measure, ...]
    """Every measure of which a rate may be asked."""
    _alike: list[tuple[tuple[Like, ...], PoliceArea | None, str]] = field(default_factory=list)
    _years: dict[dt.date, Mapping[str, Measured]] = field(default_factory=dict)

    def beside(self, one: Measured, comparison: Comparison) -> Beside:
        """Set a measure beside what it is compared with."""
        match comparison.against:
            case Against.BEFORE:
                denominator = one.denominator.words if one.denominator else ""
                return Beside(comparison, "12 months before", one.rate_before, one.change.before, denominator)
            case Against.BASELINE:
                return self._baseline(one, comparison)
            case Against.ALIKE:
                return self._of_alike(one, comparison)
            case Against.AREA:
                return self._of_area(
                    one, comparison, self.area, self.area.name if self.area else "Police area", NOT_LOADED
                )
            case Against.PUBLISHED:
                stands = _stands(one, comparison.rate)
                return Beside(
                    comparison, comparison.place, comparison.rate, denominator=comparison.denominator, stands=stands
                )

    def _of_area(
        self, one: Measured, comparison: Comparison, area: PoliceArea | None, name: str, why_not: str
    ) -> Beside:
        if area is None:
            return Beside(comparison, name, why_not=why_not)
        rate = area.rates.get(one.measure.code)
        denominator = f"{number(area.residents)} residents of {area.boroughs} boroughs ({area.source})"
        return Beside(
            comparison,
            name,
            rate,
            denominator=denominator,
            stands=_stands(one, rate),
            why_not="" if rate is not None else TOO_FEW,
        )

    def _of_alike(self, one: Measured, comparison: Comparison) -> Beside:
        if not self._alike:
            self._alike.append(self._find_alike())
        alike, area, why_not = self._alike[0]
        name = f"{len(alike) - 1} boroughs like it" if alike else "Boroughs like it"
        found = self._of_area(one, comparison, area, name, why_not)
        return Beside(**{**vars(found), "alike": alike})

    def _find_alike(self) -> tuple[tuple[Like, ...], PoliceArea | None, str]:
        session, bcus = self.viewer.session, bcu_of(self.viewer)
        people = places.borough_residents(session, list(bcus))
        outlines = places.borough_outlines(session, list(bcus))
        of_all = features(outlines.assign(residents=pd.Series({code: one.residents for code, one in people.items()})))
        # One more than must be unknown: the borough itself is left out of what it is compared with.
        found = families(of_all, bcus, fewest=FEWEST_OTHERS + 1)
        family = next((one for one in found if self.borough_code in one), [])
        codes = most_alike(of_all, self.borough_code, family, most=len(family))
        if not codes:
            return (), None, TOO_FEW_BOROUGHS
        if tells_of_few(self.viewer, frozenset(codes)):
            return (), None, NOTHING_LEFT
        names = outlines["borough_name"]
        alike = tuple(
            Like(str(names[code]), int(residents), float(density), float(away))
            for code, (residents, density, away) in zip(
                [self.borough_code, *codes], of_all.loc[[self.borough_code, *codes]].to_numpy(), strict=True
            )
        )
        months = [months_before(self.last_month, back) for back in reversed(range(12))]
        area = added_up(self.viewer, "", frozenset(codes), self.kind, months, self.policy, self.counted)
        return alike, area, NOT_ALL_LOADED

    def _baseline(self, one: Measured, comparison: Comparison) -> Beside:
        last = comparison.last_month
        name = f"Year to {month_name(last)}" if last else comparison.title
        if last is None or last > months_before(self.last_month, 12):
            return Beside(comparison, name, why_not="That year is not over before the latest one begins.")
        if last not in self._years:
            self._years[last] = self.year(last)
        then = self._years[last].get(one.measure.code)
        if then is None or not then.is_shown or then.change.latest.count is None:
            return Beside(comparison, name, why_not=NO_SUCH_YEAR)
        denominator = then.denominator.words if then.denominator else ""
        stands = _beyond(one, then.change.latest.count)
        return Beside(comparison, name, then.rate, then.change.latest, denominator, stands)


def _stands(one: Measured, rate: float | None) -> str:
    """How a measure's rate stands to another that rests on so many people that chance hardly moves it."""
    count = one.change.latest.count
    if rate is None or count is None or one.denominator is None:
        return ""
    low, high = (
        float(rate_per(end * one.change.spread, [one.denominator.residents])[0])
        for end in byar_interval([count / one.change.spread], confidence=CONFIDENCE)
    )
    return "higher" if low > rate else "lower" if high < rate else ""


def _beyond(one: Measured, before: int) -> str:
    """How a count stands to that of an earlier year of the same length."""
    count = one.change.latest.count
    if count is None:
        return ""
    spread = Dispersion(np.array([one.change.spread]), np.array([np.inf]))
    found = compare_counts([before], [count], confidence=CONFIDENCE, dispersion=spread)
    return ("higher" if count > before else "lower") if found.is_beyond_chance[0] else ""

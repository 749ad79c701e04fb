"""How often a summary claims that crime rose or fell where nothing changed, and whether it names what did change.

Counts are drawn by a stated law and put through the very functions that a summary's page is made with. No database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd

from geo.evaluation import hit_rate_interval
from geo.frames import FloatArray, IntArray
from hub.access import Grant, Role, Viewer
from hub.db import HubSession
from hub.demo.city import LATER, build_city
from hub.demo.generate import DEFAULT_SEED
from hub.demo.incidents import record
from hub.demo.planted import MONTHS
from hub.demo.streets import build_streets
from hub.disclosure.service import SHIPPED
from hub.measures.definitions import Kind, shipped
from hub.summaries.changes import (
    CLAIMED_BY_CHANCE,
    LARGEST_Q,
    LARGEST_Q_OF_SURVEYS,
    Verdict,
    first_words,
    group_sentence,
    headline,
    together,
    ward_sentence,
)
from hub.summaries.perception import opinions, public_attitudes
from hub.summaries.releases import MONTHS_IN_A_YEAR, Counts, Period
from hub.summaries.spreads import spread_of
from hub.words import month_name

PAGE, TOTAL, GROUPS, WARDS, SURVEY = "page", "total", "groups", "wards", "survey"
STATED = {PAGE: CLAIMED_BY_CHANCE} | dict.fromkeys((TOTAL, GROUPS, WARDS), LARGEST_Q) | {SURVEY: LARGEST_Q_OF_SURVEYS}
"""All that is counted is judged together, so that no part may claim more than the whole; surveys by themselves."""

FEWEST_OFFENCES, MOST_OFFENCES = 2_000, 45_000
"""Of a borough in a year, from the least to the most in London."""
WARDS_OF_A_BOROUGH, GROUPS_OF_A_BOROUGH = (10, 26), (9, 13)
DISPERSION = 2.0
"""How many times the variance of a ward's month of a group is its mean, where months vary by more than chance."""
MOST_UNEVEN = 0.15
"""By how much of its mean (one standard deviation) a group's months go up and down together at most, in every ward."""

PLANTED_SHARE = 0.3
FEWEST_PLANTED = 400
"""Offences of a group in a year, of which a change of 30% is sure to be seen; of fewer, chance may hide it."""

ASKED = tuple(one for one in shipped().measures if one.kind is Kind.PERCEPTION and one.questions)
MEASURES_OF_A_BOROUGH = 5

CODE, DATASET = "F09000001", "met_ward_counts"
PERIOD = Period(dt.date(2026, 3, 1))
BOROUGHS_BETWEEN_REPORTS = 200

Say = Callable[[str], None]
Answers = Mapping[str, Mapping[dt.date, float]]
"""Of each survey question the share by month."""

READERS: Mapping[str, Role] = {"exact": Role.CSP_OFFICER, "rounded": Role.COUNCIL_LEADER}
POISSON, VARIED, UNEVEN = "poisson", "twice varied", "uneven"
LAWS = {
    POISSON: "each ward's months of a group, of both years, are Poisson of one mean",
    VARIED: f"as above, but with a variance of {DISPERSION:g} times the mean",
    UNEVEN: "Poisson of a mean that goes up and down from month to month in every ward alike, for each group by its "
    f"own share of it: 0 to {MOST_UNEVEN:.0%}",
}


@dataclass(frozen=True)
class Rate:
    """On how many pages, of boroughs where nothing changed, something was claimed."""

    law: str
    reader: str
    family: str
    boroughs: int
    claiming: int
    lower: float
    upper: float

    @property
    def stated(self) -> float:
        """What the page states, whatever the law."""
        return STATED[self.family]

    @property
    def is_held(self) -> bool:
        """Whether the stated rate could be the true one, or the true one is below it."""
        return self.lower <= self.stated


@dataclass(frozen=True)
class PlantedChange:
    """A change of 30% in one offence group of one borough, and whether headline and sentences say so."""

    borough: str
    group: str
    way: Verdict
    before: int
    is_named: bool

    @property
    def is_sure(self) -> bool:
        """Whether there is enough of it for chance not to hide it."""
        return self.before >= FEWEST_PLANTED


@dataclass(frozen=True)
class ChangeClaims:
    """What pages claimed where nothing changed, and what they named of what was planted."""

    boroughs: int
    seed: int
    rates: tuple[Rate, ...]
    planted: tuple[PlantedChange, ...]

    @property
    def is_held(self) -> bool:
        """Whether every stated rate holds, and every planted change that cannot be hidden is named."""
        return all(rate.is_held for rate in self.rates) and all(one.is_named for one in self.planted if one.is_sure)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "boroughs": self.boroughs,
            "seed": self.seed,
            "rates": [
                asdict(rate) | {"share": rate.claiming / rate.boroughs, "stated": rate.stated, "holds": rate.is_held}
                for rate in self.rates
            ],
            "planted": [asdict(one) | {"is_sure": one.is_sure} for one in self.planted],
            "holds": self.is_held,
        }

    def lines(self) -> list[str]:
        """For a person."""
        lines = [
            f"{self.boroughs:,} boroughs where nothing changed, seed {self.seed}. Pages that claim, by 95% interval:"
        ]
        lines += [
            f"  {rate.law:<14}{rate.reader:<9}{rate.family:<10}{rate.claiming / rate.boroughs:6.1%}  "
            f"({rate.lower:.1%} to {rate.upper:.1%})  stated {rate.stated:.2%} at most  "
            f"{'holds' if rate.is_held else 'IS HIGHER'}"
            for rate in self.rates
        ]
        sure = [one for one in self.planted if one.is_sure]
        small = [one for one in self.planted if not one.is_sure]
        named = (
            f"{sum(one.is_named for one in sure)} of {len(sure)} changes of {PLANTED_SHARE:.0%} planted in the "
            f"fictional city are named in the headline, in groups of {FEWEST_PLANTED} offences a year and more; "
            f"of fewer, {sum(one.is_named for one in small)} of {len(small)}."
        )
        return [*lines, *(f"  {law}: {words}" for law, words in LAWS.items()), named]


def measure(boroughs: int, seed: int, say: Say) -> ChangeClaims:
    """Draw so many boroughs by each law, and plant changes in the fictional city; read each page as each reader would.

    Parameters
    ----------
    boroughs, seed
        How many; the same seed gives the same boroughs.
    say
        Told how far it is.
    """
    rates: list[Rate] = []
    for number, law in enumerate(LAWS):
        claimed: dict[str, list[Claims]] = {reader: [] for reader in READERS}
        for borough in range(boroughs):
            random = np.random.default_rng([seed, number, borough])
            drawn, answers = nothing_changed(law, random), nobody_thinks_otherwise(random)
            for reader, role in READERS.items():
                claimed[reader].append(claims(read_as(role), drawn, answers))
            if (borough + 1) % BOROUGHS_BETWEEN_REPORTS == 0:
                say(f"{law}: {borough + 1:,} of {boroughs:,} boroughs")
        for reader, pages in claimed.items():
            rates += _rates(law, reader, pages)
    say("Planting changes in the fictional city …")
    return ChangeClaims(boroughs, seed, tuple(rates), tuple(planted_changes(city_counts(), seed)))


def _rates(law: str, reader: str, pages: list[Claims]) -> Iterator[Rate]:
    for family in STATED:
        claiming = sum(family in page.families for page in pages)
        lower, upper = (float(end) for end in hit_rate_interval(claiming, len(pages)))
        yield Rate(law, reader, family, len(pages), claiming, lower, upper)


# --- One page --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claims:
    """What a page claims: in which of its families of comparisons, and what its headline and its sentences say."""

    families: frozenset[str]
    headline: str
    words: str

    def name(self, group: str, way: Verdict) -> bool:
        """Whether both the headline and the sentences say of a group that it rose or fell."""
        said = f"{group} {way}".casefold()
        return said in self.headline.casefold() and said in self.words.casefold()


def read_as(role: Role) -> Viewer:
    """Somebody of a role in the borough; they read no table."""
    return Viewer(UUID(int=1), "reader@example.org", "Reader", (Grant(role, frozenset({CODE})),), HubSession())


def claims(viewer: Viewer, rows: pd.DataFrame, answers: Answers | None = None, measures: Sequence[str] = ()) -> Claims:
    """Read what the page of a borough with these counts claims.

    Parameters
    ----------
    viewer
        Who reads.
    rows
        Counts by `month`, `ward_code` and `offence_group`.
    answers
        What people said in surveys; every such measure is among the page's, which claims most.
    measures
        The groups that the borough puts first; the first five unless given.
    """
    counts = Counts(viewer, CODE, DATASET, SHIPPED, PERIOD, frozenset(), rows.assign(borough_code=CODE))
    groups, wards = (list(dict.fromkeys(rows[by])) for by in ("offence_group", "ward_code"))
    asked = {TOTAL: ("borough_code", [CODE]), GROUPS: ("offence_group", groups), WARDS: ("ward_code", wards)}
    parts = [counts.years(by, keys) for by, keys in asked.values()]
    spreads = [spread_of(counts.by_month(by, keys))[0] for by, keys in asked.values()]
    read = dict(zip(asked, together([(years.latest, years.before) for years in parts], spreads), strict=True))
    by_group = dict(zip(groups, read[GROUPS], strict=True))
    first = [(group, by_group[group]) for group in measures or groups[:MEASURES_OF_A_BOROUGH]]
    sentences = (
        headline("the borough", PERIOD.words, read[TOTAL][0], "offences", SHIPPED.threshold),
        group_sentence(list(zip(groups, read[GROUPS], strict=True))),
        ward_sentence(list(zip(wards, read[WARDS], strict=True))),
    )
    verdicts = {family: {change.verdict for change in lines} for family, lines in read.items()}
    verdicts[SURVEY] = {one.verdict for one in opinions(ASKED, answers or {}, public_attitudes()).values()}
    claiming = {family for family, found in verdicts.items() if found & {Verdict.FELL, Verdict.ROSE}}
    return Claims(
        frozenset(claiming | {PAGE} if claiming else ()),
        first_words("the borough", month_name(PERIOD.last_month), first),
        " ".join(sentences),
    )


# --- Where nothing changed -------------------------------------------------------------------------------------------


def nothing_changed(law: str, random: np.random.Generator) -> pd.DataFrame:
    """Draw two years of a borough by one law and one mean: as large, and with as many lines, as London's are."""
    wards, groups = (int(random.integers(low, high + 1)) for low, high in (WARDS_OF_A_BOROUGH, GROUPS_OF_A_BOROUGH))
    offences = np.exp(random.uniform(np.log(FEWEST_OFFENCES), np.log(MOST_OFFENCES)))
    means = offences * np.outer(random.dirichlet(np.full(wards, 8.0)), random.dirichlet(np.full(groups, 0.7)))
    names = [[f"{what} {number}" for number in range(count)] for what, count in (("Ward", wards), ("Group", groups))]
    return _two_years(names[0], names[1], _drawn(law, means / MONTHS_IN_A_YEAR, random))


def nobody_thinks_otherwise(random: np.random.Generator) -> Answers:
    """Draw two years' answers to every question of the survey, each by one share and of as many people as tell us."""
    size = round(public_attitudes().size)
    return {
        one.questions[0]: {
            month: random.binomial(size, share) / size for month in (PERIOD.before[-1], PERIOD.latest[-1])
        }
        for one, share in zip(ASKED, random.uniform(0.2, 0.8, len(ASKED)), strict=True)
    }


def _drawn(law: str, means: FloatArray, random: np.random.Generator) -> FloatArray:
    """Counts by month, ward and group; `means` are of one month by ward and group."""
    size = (len(PERIOD.months), *means.shape)
    if law == VARIED:
        successes = np.maximum(means, 1e-9) / (DISPERSION - 1)
        return random.negative_binomial(successes, 1 / DISPERSION, size).astype(np.float64)
    shares = random.uniform(0, MOST_UNEVEN, means.shape[1]) if law == UNEVEN else np.zeros(means.shape[1])
    # A gamma variable of mean 1 with this share as its standard deviation; of none it is 1.
    moved = random.gamma(1 / np.fmax(shares, 1e-4) ** 2, np.fmax(shares, 1e-4) ** 2, (size[0], 1, size[2]))
    return random.poisson(means * np.where(shares > 0, moved, 1.0)).astype(np.float64)


def _two_years(wards: list[str], groups: list[str], counts: FloatArray) -> pd.DataFrame:
    """Counts by month, ward and group as rows."""
    keys = pd.MultiIndex.from_product([PERIOD.months, wards, groups], names=["month", "ward_code", "offence_group"])
    return pd.DataFrame({"count": counts.ravel().astype(np.int64)}, index=keys).reset_index()


# --- Where something did ---------------------------------------------------------------------------------------------


def city_counts() -> pd.DataFrame:
    """Count the last two years of the fictional city, together, by `borough_code`, `ward_code` and `offence_group`."""
    city = build_city(DEFAULT_SEED)
    offences = record(city, build_streets(city)).offences
    recent = offences[offences["month"].isin([str(month) for month in MONTHS[-24:]])]
    named = recent.assign(offence_group=recent["offence_group"].str.capitalize(), ward_code=recent[f"ward_{LATER}"])
    return named.groupby(["borough_code", "ward_code", "offence_group"]).size().reset_index(name="count")


def planted_changes(city: pd.DataFrame, seed: int) -> Iterator[PlantedChange]:
    """Deal each borough's two years out by chance, then let one group rise or fall by 30%, each group in its turn.

    A leader's page is read: it knows least.
    """
    for number, (code, counted) in enumerate(city.groupby("borough_code")):
        wide = counted.pivot_table(index="ward_code", columns="offence_group", values="count", fill_value=0)
        for which, group in enumerate(wide.columns):
            random = np.random.default_rng([seed, number, which])
            way = (Verdict.FELL, Verdict.ROSE)[which % 2]
            both = wide.to_numpy().astype(np.int64)
            latest = random.binomial(both, 0.5)
            before = both - latest
            smaller = latest if way is Verdict.FELL else before
            kept = 1 - PLANTED_SHARE if way is Verdict.FELL else 1 / (1 + PLANTED_SHARE)
            smaller[:, which] = random.binomial(smaller[:, which], kept)
            # What a year has is dealt out to its months by chance.
            months = np.concatenate([_dealt_out(year, random) for year in (before, latest)])
            rows = _two_years(list(wide.index), list(wide.columns), months)
            most = min(MEASURES_OF_A_BOROUGH, len(wide.columns))
            # Any group may be among the borough's measures: this one is, beside four others.
            measures = [str(wide.columns[(which + step) % len(wide.columns)]) for step in range(most)]
            said = claims(read_as(Role.COUNCIL_LEADER), rows, measures=measures)
            yield PlantedChange(str(code), str(group), way, int(before[:, which].sum()), said.name(str(group), way))


def _dealt_out(year: IntArray, random: np.random.Generator) -> FloatArray:
    """A year's counts by ward and group as counts by month, ward and group."""
    by_cell = random.multinomial(year, np.full(MONTHS_IN_A_YEAR, 1 / MONTHS_IN_A_YEAR))
    return np.moveaxis(by_cell, -1, 0).astype(np.float64)

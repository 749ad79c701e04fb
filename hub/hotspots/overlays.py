"""One overlay: what was asked, what it is made of, what was found, and how that is said to a reader.

It states its own limits; it neither reads nor writes anything.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd

from geo.harm import WeightSet
from geo.hotspots import NOT_TESTED
from hub.hotspots.changes import LEAST_BASE, LEAST_TESTED, days_of
from hub.hotspots.checking import ALL_CRIME, Question
from hub.hotspots.scoring import BUSIEST, CELLS_IN_A_NEIGHBOURHOOD, TESTING, Method, Scores, Units, is_cold, is_hot
from hub.hotspots.wording import (
    NAMES_IN_A_SENTENCE,
    agencies_sentence,
    change_sentence,
    emerging_sentence,
    harm_sentence,
    listed,
    said_baseline,
    said_chance,
    said_months,
    said_percent,
    said_span,
    wards_of,
)
from hub.words import date_name, month_code, month_name, months_before, number, plural

BUSY_TIMES = 5


@dataclass(frozen=True)
class VersionUsed:
    """One borough's version of the data that an overlay was made from."""

    borough_code: str
    borough_name: str
    public_id: str
    number: int
    extract_date: dt.date


@dataclass(frozen=True)
class Gap:
    """Months of the period for which a borough has no data."""

    borough_code: str
    borough_name: str
    months: tuple[dt.date, ...]
    is_left_out: bool
    """Whether it has none at all, so that the borough is in no figure."""


@dataclass(frozen=True)
class Beside:
    """What the police figures are set beside: another agency's dataset, counted in the same months."""

    dataset: str
    title: str
    versions: tuple[VersionUsed, ...]
    provisional: tuple[dt.date, ...]

    @property
    def topic(self) -> str:
        """What it counts, as it stands inside a sentence: `ambulance calls`."""
        said = self.title.partition(",")[0].partition(" (")[0]
        return said if said[1:2].isupper() or said[1:2] == "&" else said[0].lower() + said[1:]


@dataclass(frozen=True)
class Overlay:
    """Where offences concentrate in one area, unit by unit, with where every figure comes from."""

    question: Question
    area_slug: str
    area_name: str
    area_key: str
    category: str
    months: tuple[dt.date, ...]
    """The months counted: those of the period that every borough with any data in it has."""
    months_before: tuple[dt.date, ...]
    """For a change, the months that they are compared with, one for each; otherwise none."""
    gaps: tuple[Gap, ...]
    provisional: tuple[dt.date, ...]
    dataset: str
    dataset_title: str
    measure: str
    has_points: bool
    versions: tuple[VersionUsed, ...]
    boundary_set: str
    """Its code: the wards counted, or those that say where a square lies."""
    boundary_set_before: str
    """For a change, the wards that the months before were counted on; otherwise blank."""
    denominator: str
    """Source and year of the residents; blank where none are known."""
    attribution: str
    scores: Scores
    table: pd.DataFrame
    """One row a unit, by ward code or cell: `label`, `count` and what applies of `ward_name, borough_code,
    borough_name, population, rate_per_1000, with_neighbours, z, count_before, difference, ratio, ratio_lower,
    ratio_upper, latest_count, hot_months, harm, harm_per_1000, harm_capped, largest_share, count_beside, z_beside,
    p_beside, q_beside, p, q, density, class, west, south`; NaN where nothing is known."""
    outlines: gpd.GeoSeries
    """Of the units, EPSG:27700, in the order of the table."""
    inputs: dict[str, Any]
    """All that the scores were made from."""
    inputs_hash: str
    is_kept: bool
    """Whether this was worked out before and read back."""
    weight_set: WeightSet | None = None
    """What harm was weighed by; None for all else."""
    beside: Beside | None = None
    """The other agency, where two are compared."""

    # --- What was asked ---

    @property
    def units(self) -> Units:
        """Wards or cells."""
        return self.question.units

    @property
    def method(self) -> Method:
        """What is said of each unit, besides its count."""
        return self.question.method

    @property
    def cell_metres(self) -> int | None:
        """Side of a square; None for wards."""
        return self.scores.cell_metres

    @property
    def bandwidth_metres(self) -> float | None:
        """Radius of the density's kernel; None for all else."""
        return self.scores.bandwidth_metres

    @property
    def unplaced(self) -> int:
        """Incidents in no unit."""
        return self.scores.unplaced

    @property
    def flags_by_chance(self) -> float | None:
        """How many units chance alone would flag as hot, or as changed; None where nothing was flagged."""
        return self.scores.flags_by_chance

    # --- What was found ---

    @property
    def total(self) -> int:
        """Every incident counted, placed or not."""
        return int(self.table["count"].sum()) + self.unplaced

    @property
    def total_beside(self) -> int:
        """Every incident of the other agency, placed or not; 0 where none is set beside."""
        return int(self.table["count_beside"].sum()) + self.scores.unplaced_beside if self.beside else 0

    @property
    def known(self) -> pd.DataFrame:
        """The units of which something is known."""
        return self.table[self.table["count"].notna()]

    @property
    def tested(self) -> int:
        """How many units were tested together; 0 where none could be."""
        return int((self.table["class"] != NOT_TESTED).sum()) if self.method in TESTING else 0

    @property
    def hot(self) -> pd.DataFrame:
        """The hotspots, strongest first."""
        return self.table[is_hot(self.table)].sort_values("z", ascending=False, kind="stable")

    @property
    def cold(self) -> pd.DataFrame:
        """The units quieter than chance would explain, quietest first."""
        return self.table[is_cold(self.table)].sort_values("z", kind="stable")

    @property
    def data_to(self) -> dt.date:
        """The last month counted."""
        return self.months[-1]

    @property
    def extracts(self) -> tuple[dt.date, ...]:
        """The days on which the figures were drawn from their source."""
        return _extracts_of(self.versions)

    # --- How it is said ---

    @property
    def sentence(self) -> str:
        """What was found, in a sentence or two that anybody can read."""
        compared = {Method.CHANGE: self._change, Method.EMERGING: self._emerging, Method.AGENCIES: self._agencies}
        if self.method in compared:
            return compared[self.method]()
        if self.known["count"].sum() == 0:
            return f"In {self.period_words}, no {self.offences} were placed in a {self.unit} of {self.area_name}."
        found = {
            Method.GI_STAR: self._ward_flags if self.units is Units.WARDS else self._cell_flags,
            Method.HARM: self._harm,
            Method.RATE: self._rates,
            Method.COUNT: self._busiest_places,
            Method.DENSITY: self._dense_places,
        }
        return found[self.method]()

    def _change(self) -> str:
        return change_sentence(
            self.table[self.table["class"] != NOT_TESTED].sort_values("p", kind="stable"),
            start=f"In {self.period_words}, against {self.baseline_words}",
            area_name=self.area_name,
            topic=self.topic,
            unit=self.unit,
            flags=self.flags_by_chance,
        )

    def _emerging(self) -> str:
        return emerging_sentence(
            self.table[self.table["class"] != NOT_TESTED].sort_values("z", ascending=False, kind="stable"),
            last_month=self.data_to,
            area_name=self.area_name,
            topic=self.topic,
            unit=self.unit,
            flags=self.flags_by_chance,
        )

    def _harm(self) -> str:
        return harm_sentence(
            self.table.sort_values("harm", ascending=False, kind="stable", na_position="last"),
            start=f"In {self.period_words}",
            area_name=self.area_name,
            topic=self.topic,
            unit=self.unit,
            tested=self.tested,
            weighed_in=self.weighed_in,
            flags=self.flags_by_chance,
        )

    def _agencies(self) -> str:
        return agencies_sentence(
            self.table[self.table["class"] != NOT_TESTED].sort_values("z_beside", ascending=False, kind="stable"),
            start=f"In {self.period_words}",
            area_name=self.area_name,
            topic="crime" if self.category == ALL_CRIME else self.topic,
            other=self.beside.topic if self.beside else "",
            unit=self.unit,
            flags=self.flags_by_chance,
        )

    @property
    def count_sentence(self) -> str:
        """The same of plain counts, for a map that shows them."""
        top = self.known.nlargest(3, "count")
        share = top["count"].sum() / max(self.total, 1)
        named = _with_figures(top, "count")
        return (
            f"In {self.period_words}, most {self.offences} in {self.area_name} were in {named}: "
            f"{len(top)} of {len(self.known)} wards, with {said_percent(share)} of the total."
        )

    def _ward_flags(self) -> str:
        start, hot = f"In {self.period_words}, ", self.hot
        if not self.tested:
            return f"{start}no ward could be tested for {self.topic}: {self._untestable}."
        if hot.empty:
            return (
                f"{start}no ward of {self.area_name} stood out for {self.topic}: the differences between its "
                f"{self.tested} wards are no more than chance would give."
            )
        return (
            f"{start}{len(hot)} of {plural(self.tested, 'ward')} in {self.area_name} stood out for {self.topic}, each "
            f"together with its neighbours: {listed(list(hot['label']), most=NAMES_IN_A_SENTENCE)}. {self._by_chance}"
        )

    def _cell_flags(self) -> str:
        start, hot = f"In {self.period_words}, ", self.hot
        if not self.tested:
            return f"{start}no small area could be tested for {self.topic}: {self._untestable}."
        if hot.empty:
            return (
                f"{start}no small area of {self.area_name} stood out for {self.topic}: the differences between "
                f"{number(self.tested)} squares are no more than chance would give."
            )
        share = hot["count"].sum() / max(self.total, 1)
        return (
            f"{start}{plural(len(hot), 'small area')} of {number(self.tested)} in {self.area_name} stood out for "
            f"{self.topic}, each together with those around it. They hold {said_percent(share)} of the {self.measure} "
            f"and lie in {listed(wards_of(hot), most=NAMES_IN_A_SENTENCE)}. {self._by_chance}"
        )

    def _rates(self) -> str:
        rated = self.known.dropna(subset="rate_per_1000")
        if rated.empty:
            return f"In {self.period_words}, no rate can be given: the residents of these wards are not known."
        top = rated.nlargest(3, "rate_per_1000")
        named = _with_figures(top, "rate_per_1000", places=1)
        return (
            f"In {self.period_words}, {self.topic} per 1,000 residents was highest in {named}; half of the "
            f"{len(rated)} wards of {self.area_name} had {number(rated['rate_per_1000'].median(), 1)} or less."
        )

    def _busiest_places(self) -> str:
        share, name = BUSIEST[0]
        busiest = self.table[self.table["class"] == name].sort_values("count", ascending=False, kind="stable")
        return (
            f"In {self.period_words}, the busiest {said_percent(share)} of {self.area_name} had "
            f"{said_percent(busiest['count'].sum() / max(self.total, 1))} of its {self.offences}: "
            f"{plural(len(busiest), 'small area')}, in {listed(wards_of(busiest), most=NAMES_IN_A_SENTENCE)}."
        )

    def _dense_places(self) -> str:
        busy = self.table[self.table["density"] >= BUSY_TIMES * self.table["density"].mean()]
        if busy.empty:
            return (
                f"In {self.period_words}, {self.topic} was spread over {self.area_name}: nowhere was it "
                f"{BUSY_TIMES} times as dense as on average."
            )
        ordered = busy.sort_values("density", ascending=False, kind="stable")
        return (
            f"In {self.period_words}, {self.topic} was densest in {listed(wards_of(ordered), most=3)}: "
            f"{said_percent(busy['count'].sum() / max(self.total, 1))} of it lay in the "
            f"{said_percent(len(busy) / len(self.table))} of {self.area_name} where it was at least {BUSY_TIMES} times "
            "as dense as on average."
        )

    @property
    def _untestable(self) -> str:
        values = self.known["count"]
        return "every one has the same count" if values.nunique() <= 1 else "each is a neighbour of all the others"

    @property
    def _by_chance(self) -> str:
        return said_chance(self.flags_by_chance or 0.0, len(self.hot))

    @property
    def topic(self) -> str:
        """The category as it stands inside a sentence."""
        return self.category if self.category[1:2].isupper() else self.category[0].lower() + self.category[1:]

    @property
    def offences(self) -> str:
        """What is counted, as it stands inside a sentence."""
        return self.measure if self.category == ALL_CRIME else f"{self.measure} of {self.topic}"

    @property
    def unit(self) -> str:
        """What one unit is called."""
        return "ward" if self.units is Units.WARDS else "small area"

    @property
    def period_words(self) -> str:
        """`the 12 months to January 2026`."""
        return said_months(self.months)

    @property
    def baseline_words(self) -> str:
        """`the same months a year before (the 12 months to January 2025)`; blank unless periods are compared."""
        if not self.months_before:
            return ""
        return f"{said_baseline(self.months, self.months_before)} ({said_months(self.months_before)})"

    @property
    def method_words(self) -> str:
        """How it was worked out, for whoever wants to know."""
        over = f"over {plural(len(self.months), 'month')}"
        if self.method is Method.RATE:
            return (
                f"{self.measure.capitalize()} {over}, not scaled to a year, per 1,000 residents "
                f"({self.denominator or 'not known'})."
            )
        if self.method is Method.DENSITY:
            return (
                f"Quartic kernel density: {self.measure} per square kilometre {over}. Bandwidth "
                f"{self.bandwidth_metres:g} m, squares of {self.cell_metres} m, corrected at the edge of the area."
            )
        told = {
            Method.COUNT: self._count_words,
            Method.CHANGE: self._change_words,
            Method.EMERGING: self._emerging_words,
            Method.HARM: self._harm_words,
            Method.AGENCIES: self._agencies_words,
            Method.GI_STAR: self._flags_words,
        }
        return told[self.method]()

    def _count_words(self) -> str:
        return (
            f"The {self.measure} in each {self.cell_metres} m square. The busiest are those with the most; of equals, "
            "those with more in the squares around them. Nothing is tested. Tried on months gone by, the places with "
            "the highest count met more of what came next, in as much of the area, than those with the highest density "
            "or Gi*: this is the layer to patrol by. What is more than chance would explain is told by the hotspots."
        )

    def _flags_words(self) -> str:
        rule = (
            f"It is flagged where so much would rarely come about by chance: false discovery rate (Benjamini–Hochberg, "
            f"over the {number(self.tested)} tested) at most 5%, 1% or 0.1%, shown as 95%, 99% and 99.9%."
        )
        if self.units is Units.WARDS:
            return (
                f"The {self.measure} of each ward are added to those of the wards that touch it, and the total is set "
                "against the average ward's (Getis–Ord Gi*, each neighbour weighted alike). Its chance is that of so "
                "large, or so small, a total had the same counts been shuffled over the wards; not the normal law, "
                f"which would flag wards by chance where a few are very busy. {rule}"
            )
        return (
            f"The {self.measure} in each {self.cell_metres} m square are added to those in the "
            f"{CELLS_IN_A_NEIGHBOURHOOD - 1} around it, and the total is set against the average square's (Getis–Ord "
            "Gi*). Its chance is that of so large a total had the same counts been dealt out at random, not the normal "
            f"law, which would flag many small areas by chance. {rule}"
        )

    def _change_words(self) -> str:
        return (
            f"The {self.measure} of each {self.unit} in {self.period_words} are set against those in "
            f"{said_months(self.months_before)}. Each change is tested by the exact conditional test of two Poisson "
            f"counts, and is called risen or fallen where the false discovery rate (Benjamini–Hochberg, over the "
            f"{number(self.tested)} tested) is at most 5%. A {self.unit} with fewer than {LEAST_TESTED} {self.measure} "
            f"in both periods together is not tested. Percentages are given from {LEAST_BASE} in the period before, "
            "with the range that holds the true change in 95 of 100 cases, each taken alone."
        )

    def _emerging_words(self) -> str:
        cold = ", or cold by that of so small a one" if self.units is Units.WARDS else " (cold ones are not looked for)"
        size = f" (squares of {self.cell_metres} m)" if self.cell_metres else ""
        again = (
            f" Where no kind is found, a second look leaves every {self.unit} that was hot in any month out of the "
            "deal, so that a few very busy ones do not hide lesser ones; it names none that is hot on and off."
        )
        return (
            f"The {self.measure} of each {self.unit}{size} in each of {plural(len(self.months), 'month')} are added to "
            "those of its neighbours and to those of the month before, and the total is set against the average of all "
            "places and months (Getis–Ord Gi* in space and time). A month is hot by the chance of so large a total had "
            f"the same counts been dealt out at random{cold}, at a false discovery rate (Benjamini–Hochberg, over "
            f"{number(self.tested)} places in {len(self.months)} months) of at most 5%. The kinds are those of Esri's "
            "Emerging Hot Spot Analysis: nearly always is in 90% of the months or more, and whether it rises or falls "
            f"is tested by Mann–Kendall at 5%.{again}"
        )

    def _harm_words(self) -> str:
        quiet = "" if self.units is Units.WARDS else " Quiet places are not looked for."
        return (
            f"Each of the {self.measure} counts for its weight ({self.weighed_in}), those without one for nothing. The "
            f"harm of each {self.unit} is added to that of {self._its_neighbours}, and the total is set against the "
            "average (Getis–Ord Gi*). Its chance is that of so large a total had the same amounts been dealt out at "
            "random, found by one shared sample, not the normal law, which one grave event upsets. It is flagged at a "
            f"false discovery rate (Benjamini–Hochberg, over the {number(self.tested)} tested) of at most 5%, 1% or "
            f"0.1%, shown as 95%, 99% and 99.9%.{quiet}"
        )

    def _agencies_words(self) -> str:
        law = (
            "Its chance is that of so large or so small a total had the same counts been shuffled over the wards."
            if self.units is Units.WARDS
            else "Its chance is that of so large a total had the same counts been dealt out at random; quiet places "
            "are not looked for."
        )
        return (
            f"{self.dataset_title} and {self.beside.title if self.beside else ''} are counted apart and never added "
            f"together. For each, the count of each {self.unit} is added to those of {self._its_neighbours}, and the "
            f"total is set against the average (Getis–Ord Gi*). {law} A {self.unit} is hot for either at a false "
            f"discovery rate of at most 5% (Benjamini–Hochberg, over both tests of the {number(self.tested)} tested)."
        )

    @property
    def _its_neighbours(self) -> str:
        if self.units is Units.WARDS:
            return "the wards that touch it"
        return f"the {CELLS_IN_A_NEIGHBOURHOOD - 1} squares of {self.cell_metres} m around it"

    @property
    def weighed_in(self) -> str:
        """What harm is measured in; blank for all else."""
        return self.weight_set.unit if self.weight_set else ""

    @property
    def weights_words(self) -> str:
        """By what harm was weighed: name, version, date and source; blank for all else."""
        if self.weight_set is None:
            return ""
        used = self.weight_set
        return f"{used.name}, version {used.version} of {date_name(used.dated)} ({used.source})"

    @property
    def source_words(self) -> str:
        """What it was made from: datasets, extracts, boundary set and weights."""
        made_of = [_with_extracts(self.dataset_title, self.extracts)]
        if self.beside is not None:
            made_of.append(_with_extracts(self.beside.title, _extracts_of(self.beside.versions)))
        made_of += [f"{self.boundary_set} wards"] if self.boundary_set else []
        made_of += [f"weights: {self.weights_words}"] if self.weight_set else []
        return "; ".join(made_of)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know before acting on it."""
        said = [self._gap_note(gap) for gap in self.gaps]
        if self.unplaced:
            share = self.unplaced / max(self.total, 1)
            verb = "is" if self.unplaced == 1 else "are"
            said.append(
                f"{number(self.unplaced)} of {number(self.total)} {self.measure} ({said_percent(share)}) {verb} not "
                f"placed in a {self.unit}, and {verb} in no figure on the map."
            )
        if self.beside is not None:
            said += self._beside_notes(self.beside)
        elif self.weight_set is not None:
            said += self._harm_notes(self.weight_set)
        if self.provisional:
            verb = "is" if len(self.provisional) == 1 else "are"
            said.append(f"{said_span(self.provisional)} {verb} provisional: later extracts still change recent months.")
        if self.has_points:
            said.append(
                "Street-level points are moved to the nearest of a fixed set of map points, so places are approximate."
            )
        if self.method is Method.RATE:
            said.append(
                "Rates are by residents. Where many more people visit, work or travel than live, they look high."
            )
        elif self.method is Method.EMERGING:
            said.append(f"Kinds of hotspot follow {self.period_words}, whichever first month is chosen.")
        if self.method not in {Method.RATE, Method.CHANGE} and self.units is Units.WARDS:
            said.append("Wards differ in size: use them for strategic choices, and small areas for patrols.")
        if self.method is Method.CHANGE:
            said += self._change_notes()
        return tuple(said)

    def _change_notes(self) -> list[str]:
        said = []
        is_changed = self.table["count"].notna() & self.table["count_before"].isna()
        if is_changed.any():
            said.append(
                f"Wards changed between the two periods ({self.boundary_set_before} and {self.boundary_set} wards): "
                f"{number(is_changed.sum())} of {plural(len(self.known), 'ward')} are not the same as before, and are "
                "not compared."
            )
        if months_before(self.months[0], 12) != self.months_before[0]:
            said.append("The two periods are of different seasons: part of any change may be the time of year.")
        days, days_before = days_of(self.months), days_of(self.months_before)
        if days != days_before:
            said.append(
                f"The periods have {days} and {days_before} days: percentages and tests allow for that, differences do "
                "not."
            )
        said.append(
            "The test takes each incident to come by itself. Where they come in series, as with one prolific "
            "offender, counts vary more, and a change just past the mark may still be chance."
        )
        return said

    def _harm_notes(self, weight_set: WeightSet) -> list[str]:
        said = []
        if self.scores.left_out:
            count = sum(self.scores.left_out.values())
            named = listed([f"{label} ({number(of_it)})" for label, of_it in self.scores.left_out.items()])
            verb = "has" if count == 1 else "have"
            said.append(f"{plural(count, 'incident')} {verb} no weight in this set, and no part in the harm: {named}.")
        said.append(
            "Harm is a judgement: it is as good as its weights, each of which stands for offences of very different "
            f"gravity. Never compare figures made with two versions. These are {self.weights_words}."
        )
        said.append(
            "One grave event can make a place look harmful for as long as it is counted: read 'Largest event', and the "
            f"capped harm, in which no event counts for more than {weight_set.cap:g} {weight_set.unit}."
        )
        return said

    def _beside_notes(self, beside: Beside) -> list[str]:
        said = []
        if self.scores.unplaced_beside:
            said.append(
                f"{number(self.scores.unplaced_beside)} of {number(self.total_beside)} incidents of {beside.title} are "
                f"not placed in a {self.unit}, and are in no figure on the map."
            )
        if beside.provisional:
            verb = "is" if len(beside.provisional) == 1 else "are"
            said.append(f"Of {beside.title}, {said_span(beside.provisional)} {verb} provisional.")
        said.append(
            "Police record no more than elsewhere where their count is within what chance gives: see both scores. A "
            "gap is a question, not a finding: it may be crime that nobody reports to police, calls to a hospital, "
            "station or hostel, or places recorded in another way. Some incidents are in both counts."
        )
        return said

    def _gap_note(self, gap: Gap) -> str:
        if gap.is_left_out:
            period = "both periods" if self.months_before else "this period"
            of = f" of both {self.dataset_title} and {self.beside.title}" if self.beside else ""
            return f"{gap.borough_name} has no data{of} in {period} and is left out."
        if self.beside is not None:
            return (
                f"{gap.borough_name} does not have both {self.dataset_title} and {self.beside.title} for "
                f"{listed([month_name(month) for month in gap.months])}; left out for every borough, so that all are "
                "compared over the same time."
            )
        if self.months_before:
            return (
                f"{gap.borough_name} does not have {listed([month_name(month) for month in gap.months])} in both "
                "periods; left out for every borough, so that all are compared over the same time."
            )
        verb = "that month is" if len(gap.months) == 1 else "those months are"
        return (
            f"{gap.borough_name} has no data for {listed([month_name(month) for month in gap.months])}; {verb} left "
            "out for every borough, so that all are compared over the same time."
        )

    @property
    def name(self) -> str:
        """A short name for files: `central-north-burglary-2025-02-to-2026-01-wards-gi_star`."""
        topic = "".join(letter if letter.isalnum() else "-" for letter in self.category.casefold())
        topic = "-".join(part for part in topic.split("-") if part)
        span = f"{month_code(self.months[0])}-to-{month_code(self.months[-1])}"
        other = f"-{self.beside.dataset}" if self.beside else ""
        return f"{self.area_slug}-{topic}-{span}-{self.units}-{self.method}{other}"


def _extracts_of(versions: tuple[VersionUsed, ...]) -> tuple[dt.date, ...]:
    return tuple(sorted({version.extract_date for version in versions}))


def _with_extracts(title: str, drawn: tuple[dt.date, ...]) -> str:
    extract = f"extract of {date_name(drawn[0])}" if len(drawn) == 1 else f"extracts up to {date_name(drawn[-1])}"
    return f"{title}, {extract}"


def _with_figures(units: pd.DataFrame, column: str, *, places: int = 0) -> str:
    figures = zip(units["label"], units[column].tolist(), strict=True)
    return listed([f"{label} ({number(figure, places)})" for label, figure in figures])

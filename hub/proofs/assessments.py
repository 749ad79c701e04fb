"""How often a response that did nothing is said to have worked, and how often the intervals hold the truth.

Problems are made up whose truth is known, and assessed by the very functions that assess real ones, against control
areas proposed by the very rules. No database.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np

from geo.assessment import DIFFUSED, DISPLACED, FELL, Assessment, Selection, assess
from geo.comparison_areas import buffer_areas, rank_candidates
from geo.effect import Effect
from geo.evaluation import hit_rate_interval
from geo.frames import IntArray

COVERAGE = (0.93, 0.97)
"""Two points either side of the stated 95%."""
FALSE_AT_MOST = 0.05
DISPLACEMENT_FOUND_AT_LEAST = 0.8
PLAIN_RISE, PLAIN_INCIDENTS = 0.5, 50
"""Displacement that raises the buffer by half, where as many incidents were to be expected, must mostly be found."""

PLACES = 60
"""In a ring: each adjoins one on either side, and there displacement goes."""
MOST_CONTROLS = 5
CHOSEN_BY_MONTHS = 12
AT_RANDOM, HIGH, HIGH_ALONE = "at random", "for being high", "for being high, by itself"
PROPOSED, ANY = "proposed", "any five places"
LEVELS = (1, 3, 10, 30)
"""Incidents a month in an average place."""
SHAPES = (2, 30)
"""Of the gamma law of places: very unlike, and so alike that the highest are mostly chance."""
DISPERSIONS = (0.0, 0.05, 0.15)
"""Of the negative binomial law of months: at 30 a month, 1, 2.5 and 5.5 times as varied as the Poisson law."""
OWN_WAYS = (0.0, 0.1)
"""By how much, more or less, places go up or down of themselves between the months before and those after."""
LENGTHS = ((12, 6), (12, 12), (24, 6), (24, 12))
RATIOS = (1.0, 1.0, 1.0, 0.85, 0.7, 0.5)
YEARLY_TRENDS = (0.85, 1.0, 1.15)
SEASON = 0.2
SIZES = ((0, 25), (25, 100), (100, 400), (400, None))
"""Incidents to be expected after, in the response area, had nothing been done."""
PROBLEMS_BETWEEN_REPORTS = 250

Say = Callable[[str], None]


@dataclass(frozen=True)
class Truth:
    """One problem as it was made up."""

    level: int
    shape: int
    dispersion: float
    own_ways: float
    months_before: int
    months_after: int
    chosen: str
    controls: str
    ratio: float
    is_moved: bool
    """Whether all that the response prevents happens beside it instead."""


@dataclass(frozen=True)
class Reading:
    """What the assessment made of one problem."""

    truth: Truth
    expected: float
    beside: float
    """Incidents after, in the response area and in its buffer, had nothing been done."""
    assessment: Assessment | None
    """None where no area would do as a control."""

    @property
    def has_fallen(self) -> bool:
        return self.assessment is not None and self.assessment.verdict == FELL

    @property
    def has_fallen_as_seen(self) -> bool:
        """Whether it would be said to have fallen, were nothing allowed for."""
        effect = None if self.assessment is None else self.assessment.effect_as_seen
        return effect is not None and effect.ratio_upper < 1

    @property
    def effect(self) -> Effect | None:
        return None if self.assessment is None else self.assessment.effect

    @property
    def net(self) -> Effect | None:
        return None if self.assessment is None else self.assessment.net

    @property
    def avoided(self) -> float:
        return self.expected * (1 - self.truth.ratio)

    @property
    def is_plainly_displaced(self) -> bool:
        return self.truth.is_moved and self.avoided >= PLAIN_RISE * self.beside and self.beside >= PLAIN_INCIDENTS


@dataclass(frozen=True)
class Share:
    """Of how many problems something holds, and within which bounds it is to be; either is None where it only tells."""

    what: str
    of: str
    problems: int
    number: int
    lower: float
    upper: float
    at_least: float | None
    at_most: float | None

    @property
    def share(self) -> float:
        return self.number / self.problems if self.problems else 0.0

    @property
    def is_held(self) -> bool:
        """Whether the true share could lie within the bounds."""
        too_low = self.at_least is not None and self.upper < self.at_least
        too_high = self.at_most is not None and self.lower > self.at_most
        return not too_low and not too_high

    def __str__(self) -> str:
        bounds = [
            f"{words} {bound:.0%}"
            for words, bound in (("at least", self.at_least), ("at most", self.at_most))
            if bound is not None
        ]
        judged = f"  to be {', '.join(bounds)}: {'holds' if self.is_held else 'DOES NOT HOLD'}" if bounds else ""
        interval = f"({self.lower:.1%} to {self.upper:.1%})"
        return f"  {self.of:<44}{self.share:7.1%}  {interval:<20}{self.problems:6,} problems{judged}"


@dataclass(frozen=True)
class AssessmentsProof:
    """What was found in all problems."""

    problems: int
    seed: int
    shares: tuple[Share, ...]

    @property
    def is_held(self) -> bool:
        """Whether every share could lie where it is to be."""
        return all(share.is_held for share in self.shares)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        shares = [asdict(share) | {"share": share.share, "holds": share.is_held} for share in self.shares]
        return {"problems": self.problems, "seed": self.seed, "shares": shares, "holds": self.is_held}

    def lines(self) -> list[str]:
        """For a person."""
        lines = [f"{self.problems:,} made-up problems, seed {self.seed}; shares by 95% interval."]
        for position, share in enumerate(self.shares):
            if not position or self.shares[position - 1].what != share.what:
                lines.append(f"{share.what}:")
            lines.append(str(share))
        return lines


def measure(problems: int, seed: int, say: Say, *, processes: int | None = None) -> AssessmentsProof:
    """Make up so many problems, assess them, and set what is said against the truth.

    Parameters
    ----------
    problems, seed
        How many; the same seed gives the same problems, on however many processors.
    say
        Told how far it is.
    processes
        As many as there are processors unless given.
    """
    workers = min(processes or os.cpu_count() or 1, problems)
    readings = []
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for number, reading in enumerate(pool.map(partial(read_problem, seed), range(problems), chunksize=10), start=1):
            readings.append(reading)
            if number % PROBLEMS_BETWEEN_REPORTS == 0:
                say(f"{number:,} of {problems:,} problems")
    return AssessmentsProof(problems, seed, tuple(_shares(readings)))


def read_problem(seed: int, number: int) -> Reading:
    """Make up one problem, and assess it."""
    random = np.random.default_rng([seed, number])
    truth = _truth(random)
    means, counts = _city(truth, random)
    before = counts[:, : truth.months_before]
    window = np.arange(truth.months_before) >= truth.months_before - CHOSEN_BY_MONTHS
    place = _chosen(truth, before[:, window], random)
    after = slice(truth.months_before, None)
    expected = float(means[place, after].sum())
    prevented = counts[place, after] - random.binomial(counts[place, after], truth.ratio)
    counts[place, after] -= prevented
    adjoining = np.isin(np.arange(PLACES), [(place - 1) % PLACES, (place + 1) % PLACES])
    beside = float(means[adjoining, after].sum())
    if truth.is_moved:
        counts[(place + 1) % PLACES, after] += prevented
    controls = _controls(truth, before, place, adjoining, random)
    if not controls:
        return Reading(truth, expected, beside, None)
    selection = None
    if truth.chosen != AT_RANDOM:
        selection = Selection(window, before if truth.chosen == HIGH else None)
    assessment = assess(
        counts[place],
        counts[controls],
        months_before=truth.months_before,
        buffer=counts[buffer_areas(adjoining, np.zeros(PLACES))].sum(axis=0),
        selection=selection,
    )
    return Reading(truth, expected, beside, assessment)


def _truth(random: np.random.Generator) -> Truth:
    chosen = str(random.choice([AT_RANDOM, HIGH, HIGH_ALONE]))
    # With nothing known of other places, months besides those it was chosen by are needed.
    lengths = [pair for pair in LENGTHS if chosen != HIGH_ALONE or pair[0] > CHOSEN_BY_MONTHS]
    months_before, months_after = lengths[random.integers(len(lengths))]
    ratio = float(random.choice(RATIOS))
    return Truth(
        level=int(random.choice(LEVELS)),
        shape=int(random.choice(SHAPES)),
        dispersion=float(random.choice(DISPERSIONS)),
        own_ways=float(random.choice(OWN_WAYS)),
        months_before=months_before,
        months_after=months_after,
        chosen=chosen,
        controls=str(random.choice([PROPOSED, ANY])),
        ratio=ratio,
        is_moved=ratio < 1 and bool(random.integers(2)),
    )


def _city(truth: Truth, random: np.random.Generator) -> tuple[np.ndarray, IntArray]:
    """Draw the mean of each place and month, and its count, had nothing been done anywhere."""
    months = np.arange(truth.months_before + truth.months_after)
    season = 1 + SEASON * np.sin(2 * np.pi * (months + random.integers(12)) / 12)
    usual = truth.level * season * random.choice(YEARLY_TRENDS) ** (months / 12)
    means = np.outer(random.gamma(truth.shape, 1 / truth.shape, PLACES), usual)
    means[:, truth.months_before :] *= np.exp(random.normal(0, truth.own_ways, (PLACES, 1)))
    chance = random.gamma(1 / truth.dispersion, truth.dispersion, means.shape) if truth.dispersion else 1.0
    return means, random.poisson(means * chance)


def _chosen(truth: Truth, counts: IntArray, random: np.random.Generator) -> int:
    """Choose one of the five highest by the months that are looked at, or any with incidents."""
    totals = counts.sum(axis=1)
    likely = np.flatnonzero(totals) if truth.chosen == AT_RANDOM else np.argsort(-totals, kind="stable")[:5]
    return int(random.choice(likely))


def _controls(
    truth: Truth, before: IntArray, place: int, adjoining: np.ndarray, random: np.random.Generator
) -> list[int]:
    if truth.controls == ANY:
        others = np.flatnonzero(~adjoining & (np.arange(PLACES) != place))
        return [int(other) for other in random.permutation(others)[:MOST_CONTROLS]]
    ranked = rank_candidates(before, response=place, adjoining=adjoining, excluded=np.zeros(PLACES))
    return [candidate.position for candidate in ranked if candidate.is_suitable][:MOST_CONTROLS]


# --- What is told of them --------------------------------------------------------------------------------------------


def _shares(readings: Sequence[Reading]) -> Iterator[Share]:
    idle = [reading for reading in readings if reading.truth.ratio == 1]
    yield from _false_falls(idle)
    yield from _coverage([reading for reading in readings if reading.effect])
    yield from _displacement([reading for reading in readings if reading.effect])
    for least, most in SIZES:
        worked = [
            reading
            for reading in readings
            if reading.truth.ratio == 0.7 and least <= reading.expected < (most or np.inf)
        ]
        size = f"{least} incidents or more to be expected" if most is None else f"{least} to {most} to be expected"
        yield _share("A fall of 30% is told", size, [reading.has_fallen for reading in worked])


def _false_falls(idle: Sequence[Reading]) -> Iterator[Share]:
    what = "Said to have fallen where the response did nothing"
    yield _share(what, "all", [reading.has_fallen for reading in idle], at_most=FALSE_AT_MOST)
    for chosen in (AT_RANDOM, HIGH, HIGH_ALONE):
        those = [reading for reading in idle if reading.truth.chosen == chosen]
        yield _share(what, f"chosen {chosen}", [reading.has_fallen for reading in those], at_most=FALSE_AT_MOST)
    alike = [
        reading
        for reading in idle
        if reading.truth.chosen != AT_RANDOM and reading.truth.shape == max(SHAPES) and reading.truth.controls == ANY
    ]
    what = "Places much alike, one chosen for being high, controls at random"
    yield _share(what, "said to have fallen", [reading.has_fallen for reading in alike], at_most=FALSE_AT_MOST)
    yield _share(what, "were the choice not allowed for", [reading.has_fallen_as_seen for reading in alike])


def _coverage(readings: Sequence[Reading]) -> Iterator[Share]:
    def share(of: str, held: list[bool]) -> Share:
        return _share("Intervals that hold the truth", of, held, at_least=COVERAGE[0], at_most=COVERAGE[1])

    yield share("ratio", [_holds_ratio(reading) for reading in readings])
    yield share("incidents avoided", [_holds_avoided(reading.effect, reading.avoided) for reading in readings])
    net = [(reading.net, 0.0 if reading.truth.is_moved else reading.avoided) for reading in readings]
    yield share("total net effect", [_holds_avoided(effect, avoided) for effect, avoided in net])
    for level in LEVELS:
        those = [reading for reading in readings if reading.truth.level == level]
        yield share(f"ratio, {level} a month in an average place", [_holds_ratio(reading) for reading in those])
    for own_ways in OWN_WAYS:
        those = [reading for reading in readings if reading.truth.own_ways == own_ways]
        yield share(f"ratio, places go {own_ways:.0%} their own ways", [_holds_ratio(reading) for reading in those])
    for dispersion in DISPERSIONS:
        those = [reading for reading in readings if reading.truth.dispersion == dispersion]
        yield share(f"ratio, dispersion {dispersion}", [_holds_ratio(reading) for reading in those])


def _displacement(readings: Sequence[Reading]) -> Iterator[Share]:
    def share(of: str, those: list[Reading], code: str, **bounds: float) -> Share:
        read = [reading.assessment is not None and reading.assessment.displacement == code for reading in those]
        return _share("Displacement", of, read, **bounds)

    still = [reading for reading in readings if not reading.truth.is_moved]
    yield share("reported where nothing moved", still, DISPLACED, at_most=FALSE_AT_MOST)
    moved = [reading for reading in readings if reading.truth.is_moved]
    yield share("diffusion reported where all moved", moved, DIFFUSED, at_most=FALSE_AT_MOST)
    plain = [reading for reading in moved if reading.is_plainly_displaced]
    yield share("reported where it raised the buffer by half", plain, DISPLACED, at_least=DISPLACEMENT_FOUND_AT_LEAST)
    slight = [reading for reading in moved if not reading.is_plainly_displaced]
    yield share("reported where it raised it by less", slight, DISPLACED)


def _holds_ratio(reading: Reading) -> bool:
    effect = reading.effect
    return effect is not None and effect.ratio_lower <= reading.truth.ratio <= effect.ratio_upper


def _holds_avoided(effect: Effect | None, avoided: float) -> bool:
    return effect is not None and effect.avoided_lower <= avoided <= effect.avoided_upper


def _share(
    what: str, of: str, held: Sequence[bool], *, at_least: float | None = None, at_most: float | None = None
) -> Share:
    lower, upper = (float(end) for end in hit_rate_interval(sum(held), len(held)))
    return Share(what, of, len(held), sum(held), lower, upper, at_least, at_most)

"""Our own attacker: all that a reader of summaries can fetch, as sums of unknown whole counts, solved for the hidden.

It reads pages, exports and reports as that reader does. The exact counts serve only to say which cells are hidden,
never to solve for them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from geo.disclosure import possible_counts
from hub.access import Permission, Policy, Role, Viewer
from hub.errors import NotAllowed
from hub.places import service as places
from hub.proofs.readings import AGGREGATE_ROLES, PARTS, TOTAL, Fetched, Line, as_aggregate_reader, fetch, part_line
from hub.summaries import sources
from hub.summaries.changes import Figure
from hub.summaries.service import NoFigures
from hub.uploads import figures
from hub.words import months_before, plural

FEWEST_VALUES = 4
"""A hidden count that could be fewer different numbers than this is narrowed."""
MONTHS_IN_A_QUARTER = 3
WHOLE = 1e-6
MOST = 100_000
"""In one month of one line: what nothing else bounds is bounded by this."""

Pair = tuple[dt.date, str]
"""A month, and the version that was live for it."""
Cell = tuple[Line, frozenset[Pair]]
"""A line's count over some months: of one version each."""
IsExact = Callable[[Policy, Line], bool]
Say = Callable[[str], None]

REST = "the rest"


# --- What is known of it ---------------------------------------------------------------------------------------------


@dataclass
class Known:
    """Between what each sum of cells must lie, the lines that add up to each total, and what pages show as hidden."""

    between: dict[Cell, tuple[float, float]]
    lines: set[Line]
    hidden: set[Cell]


def is_open(policy: Policy, line: Line) -> bool:
    """Whether a line's counts are shown as they are."""
    group = line[1] if line[0] == "groups" else line[0].removeprefix(PARTS)
    return line[0].startswith(("groups", PARTS)) and not policy.protects("", group)


def known(fetched: Iterable[Fetched], lines: Iterable[Line], is_exact: IsExact = is_open) -> Known:
    """Put what was read into ranges; the lists of offence groups and of wards are published, so `lines` are known."""
    found = Known({}, {line for line in lines if line != TOTAL}, set())
    for reading in (each for one in fetched for each in one.readings()):
        if reading.live.keys() >= set(reading.months):
            cell = (reading.line, frozenset((month, reading.live[month]) for month in reading.months))
            _learn(found, reading.policy, cell, reading.figure, is_exact=is_exact(reading.policy, reading.line))
    return found


def _learn(found: Known, policy: Policy, cell: Cell, figure: Figure, *, is_exact: bool) -> None:
    found.lines |= {cell[0]} - {TOTAL}
    if figure == Figure(None):
        return
    shown = np.nan if figure.count is None else figure.count
    low, high = possible_counts([shown], threshold=policy.threshold, base=policy.base, exact=[is_exact])
    least, most = found.between.get(cell, (0.0, np.inf))
    found.between[cell] = max(least, float(low[0])), min(most, float(high[0]))
    if figure.is_hidden:
        found.hidden.add(cell)


# --- What is hidden --------------------------------------------------------------------------------------------------


def hidden_cells(truth: Mapping[Line, Mapping[Pair, int]], pairs: Iterable[Pair], policy: Policy) -> set[Cell]:
    """Every small count of a protected line, shown or not: by month, by quarter, and by year to any month."""
    versions: dict[dt.date, set[str]] = defaultdict(set)
    for month, version in pairs:
        versions[month].add(version)
    spans = list(_spans(versions))
    return {
        (line, span)
        for line, counts in truth.items()
        if not is_open(policy, line)
        for span in spans
        if sum(counts.get(pair, 0) for pair in span) < policy.threshold
    }


def _spans(versions: Mapping[dt.date, set[str]]) -> Iterator[frozenset[Pair]]:
    """Months, quarters and years; those of several months only where one version held them all, or one held each."""
    newest = {month: max(held) for month, held in versions.items()}
    for month, held in versions.items():
        for version in held:
            yield frozenset({(month, version)})
        for length in (MONTHS_IN_A_QUARTER, 12) if month.month % MONTHS_IN_A_QUARTER == 0 else (12,):
            months = [months_before(month, back) for back in range(length)]
            for version in {*held, ""}:
                span = [(each, version or newest.get(each, "")) for each in months]
                if all(each in versions and name in versions[each] for each, name in span):
                    yield frozenset(span)


# --- Solving ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attack:
    """How many hidden cells there are, and what could be worked out of them."""

    borough_code: str
    pages: int
    reports: int
    """Every edition of every report that was approved."""
    hidden: int
    pinned: int
    above_zero: int
    narrowed: int
    untold: int
    """Counts that stand in an export or a report and could not be told apart, so that they were not attacked with."""
    unread: int
    """Reports approved before the hub kept what they were made of: they were not attacked with."""

    @property
    def is_held(self) -> bool:
        """Whether nothing could."""
        return not (self.pinned or self.above_zero or self.narrowed or self.untold)


class _System:
    """The unknown counts, a column for each line, month and version, and the rows that bind them."""

    def __init__(self, seen: Known, pairs: Sequence[Pair], gone: Collection[str]) -> None:
        self.columns = {
            cell: place
            for place, cell in enumerate((line, pair) for line in [TOTAL, *sorted(seen.lines)] for pair in pairs)
        }
        rows, low, high = [], [], []
        for kind in sorted({kind for kind, _ in seen.lines}):
            whole = ("groups", kind.removeprefix(PARTS)) if kind.startswith(PARTS) else TOTAL
            for pair in pairs:
                parts = {self.columns[line, pair]: 1.0 for line in seen.lines if line[0] == kind}
                rows.append({self.columns[whole, pair]: -1.0} | parts)
                low.append(-np.inf if pair[1] in gone else 0.0)
                high.append(0.0)
        for (line, span), (least, most) in seen.between.items():
            rows.append({self.columns[line, pair]: 1.0 for pair in span})
            low.append(least)
            high.append(most)
        self.rows, self.low, self.high = self._matrix(rows), np.array(low), np.array(high)

    def _matrix(self, rows: Sequence[Mapping[int, float]]) -> sparse.csr_array:
        placed = [(row, column, value) for row, cells in enumerate(rows) for column, value in cells.items()]
        at, columns, values = (np.array(part) for part in zip(*placed, strict=True))
        return sparse.csr_array((values, (at, columns)), shape=(len(rows), len(self.columns)))

    def cells(self, cells: Sequence[Cell]) -> sparse.csr_array:
        """A row that adds up each cell."""
        return self._matrix([{self.columns[line, pair]: 1.0 for pair in span} for line, span in cells])

    def least(self, objective: np.ndarray) -> np.ndarray:
        """Whole counts that agree with all that is known and make an objective least."""
        constraints, bounds = LinearConstraint(self.rows, self.low, self.high), Bounds(0, MOST)
        for whole in (0, 1):  # the second only where the first is not decisive
            solved = milp(objective, constraints=constraints, bounds=bounds, integrality=np.full(len(objective), whole))
            if solved.x is None:
                raise RuntimeError(f"The attack's own sums do not agree: {solved.message}")
            found = np.asarray(solved.x)
            if np.abs(found - np.round(found)).max() < WHOLE:
                break
        return np.round(found)


def solve(
    seen: Known, cells: Iterable[Cell], pairs: Iterable[Pair], gone: Collection[str] = ()
) -> dict[Cell, tuple[int, int]]:
    """Find the least and greatest value that each cell may have, up to as many values as tell nothing.

    A cell whose least is 0 and of which as many values were met as are asked for is not followed further. Of versions
    that are `gone` it is not known whether they had lines that no reader was shown.
    """
    system = _System(seen, sorted(pairs), gone)
    wanted = sorted(cells, key=repr)
    if not wanted:
        return {}
    rows = system.cells(wanted)
    low, high = np.full(len(wanted), np.inf), np.full(len(wanted), -np.inf)

    def meet(places: np.ndarray, sign: int) -> None:
        values = rows @ system.least(sign * rows[places].sum(axis=0))
        np.minimum(low, values, out=low)
        np.maximum(high, values, out=high)

    def settle(are_open: Callable[[], np.ndarray], sign: int) -> None:
        """Move all at once as long as that settles some, then those that are left one by one."""
        left = np.arange(len(wanted))
        while left.size:
            meet(left, sign)
            before, left = left.size, np.flatnonzero(are_open())
            if left.size == before:
                break
        for place in left:
            if are_open()[place]:
                meet(np.array([place]), sign)

    settle(lambda: low > 0, 1)
    settle(lambda: high - low < FEWEST_VALUES - 1, -1)
    return {cell: (int(low[place]), int(high[place])) for place, cell in enumerate(wanted)}


def judge(
    borough_code: str, fetched: Sequence[Fetched], ranges: Mapping[Cell, tuple[int, int]], policy: Policy
) -> Attack:
    """Count what the ranges give away."""
    enough = min(FEWEST_VALUES, policy.threshold)
    editions = {report.id: report for one in fetched for report in one.reports}
    return Attack(
        borough_code,
        sum(len(one.pages) for one in fetched),
        len(editions),
        hidden=len(ranges),
        pinned=sum(least == most for least, most in ranges.values()),
        above_zero=sum(least > 0 for least, _ in ranges.values()),
        narrowed=sum(most - least + 1 < enough for least, most in ranges.values()),
        untold=sum(len(one.untold()) for one in fetched),
        unread=sum(report.made_of is None for report in editions.values()),
    )


# --- On live data ----------------------------------------------------------------------------------------------------


def attack(
    viewer: Viewer, borough_code: str, earlier: Sequence[Fetched] = (), is_exact: IsExact = is_open
) -> Attack | None:
    """Attack one borough as every aggregate reader of it; None where there is nothing to read.

    Parameters
    ----------
    viewer
        Who may see exact counts there: they tell which cells are hidden.
    borough_code
        Which borough.
    earlier
        What was fetched before what is live now.
    is_exact
        Which lines the reader takes to be shown as they are.
    """
    found = []
    for role in AGGREGATE_ROLES:
        try:
            fetched = [*earlier, fetch(as_aggregate_reader(viewer, borough_code, role), borough_code)]
        except NoFigures:
            continue
        if any(one.pages or one.reports for one in fetched):
            found.append(_attack(viewer, borough_code, fetched, is_exact))
    return max(found, key=lambda one: (one.pinned, one.above_zero, one.narrowed), default=None)


def _attack(viewer: Viewer, borough_code: str, fetched: Sequence[Fetched], is_exact: IsExact) -> Attack:
    policies = fetched[-1].policies
    policy = policies[max(policies)]
    read = [reading.live for one in fetched for reading in one.readings()]
    pairs = {pair for live in {id(live): live for live in read}.values() for pair in live.items()}
    counted = exact_counts(viewer, borough_code, pairs)
    gone = _gone(viewer, borough_code, {version for _, version in pairs})
    seen = known(fetched, counted, is_exact)
    cells = hidden_cells(counted, [pair for pair in pairs if pair[1] not in gone], policy) | seen.hidden
    ranges = solve(seen, cells, pairs, gone)
    return judge(borough_code, fetched, ranges, policy)


def _gone(viewer: Viewer, borough_code: str, versions: set[str]) -> set[str]:
    """The versions that were deleted since they were read."""
    datasets = set(figures.coverage(viewer, [borough_code])["dataset"])
    return versions.difference(
        *(figures.editions_of(viewer, borough_code, dataset, versions).keys() for dataset in datasets)
    )


def exact_counts(viewer: Viewer, borough_code: str, pairs: Iterable[Pair]) -> dict[Line, dict[Pair, int]]:
    """The exact count of each line in each month and version; of what is within a group, as measures part it."""
    viewer.require(Permission.EXACT_COUNTS, [borough_code])
    versions = {version for _, version in pairs}
    counted: dict[Line, dict[Pair, int]] = defaultdict(dict)
    live = figures.coverage(viewer, [borough_code])
    line_of = {(group, one): part_line((group, held)) for group, held in sources.parts(viewer) for one in held}
    divided = {group for group, _ in line_of}
    for dataset in sorted(set(live["dataset"])):
        by_ward = figures.version_counts(viewer, borough_code, dataset, versions, by=["ward_code"])
        for month, version, ward, count in by_ward.itertuples(index=False):
            counted["wards", "" if pd.isna(ward) else ward][month, version] = int(count)
        by_group = figures.version_counts(
            viewer, borough_code, dataset, versions, by=["offence_group", "offence_subgroup"]
        )
        for month, version, group, subgroup, count in by_group.itertuples(index=False):
            lines = [TOTAL, ("groups", group)]
            if group in divided:
                lines.append(line_of.get((group, subgroup), (PARTS + group, REST)))
            for line in lines:
                counted[line][month, version] = counted[line].get((month, version), 0) + int(count)
    groups = {name for kind, name in counted if kind == "groups"}
    of_groups = {line for (group, _), line in line_of.items() if group in groups}
    return {line: counted[line] for line in [*counted, *sorted(of_groups - counted.keys())]}


@dataclass(frozen=True)
class Proof:
    """What the attack on each borough came to."""

    boroughs: tuple[Attack, ...]

    @property
    def is_held(self) -> bool:
        """Whether nothing hidden could be worked out anywhere."""
        return all(one.is_held for one in self.boroughs)

    def as_dict(self) -> dict[str, Any]:
        """As one JSON object."""
        sums = {
            name: sum(getattr(one, name) for one in self.boroughs)
            for name in ("pages", "reports", "hidden", "pinned", "above_zero", "narrowed", "untold", "unread")
        }
        return {**sums, "held": self.is_held, "boroughs": [asdict(one) for one in self.boroughs]}

    def lines(self) -> list[str]:
        """In words."""
        said = self.as_dict()
        summed = (
            f"{plural(len(self.boroughs), 'borough')}, {plural(said['pages'], 'page')}, "
            f"{plural(said['reports'], 'report')}: {plural(said['hidden'], 'hidden count')}, "
            f"of which {said['pinned']} can be worked out, {said['above_zero']} shown to be above nil, "
            f"{said['narrowed']} narrowed to fewer than {FEWEST_VALUES} values."
        )
        older = f"{plural(said['unread'], 'report')} could not be read: it was not kept yet what they are made of."
        return [
            summed,
            *([older] if said["unread"] else []),
            *(f"{one.borough_code}: falls short ({asdict(one)})." for one in self.boroughs if not one.is_held),
        ]


def prove(viewer: Viewer, say: Say) -> Proof:
    """Attack every borough that this administrator sees.

    Raises
    ------
    NotAllowed
        If they are no administrator.
    """
    if Role.ADMINISTRATOR not in viewer.roles:
        raise NotAllowed("Only an administrator checks this.", remedy="Ask one to run it.")
    found = []
    for code in sorted(viewer.boroughs(Permission.EXACT_COUNTS)):
        attacked = attack(viewer, code)
        if attacked is not None:
            say(f"{places.area(viewer, code, Permission.SUMMARY_READ).name}: {attacked.hidden} hidden counts attacked.")
            found.append(attacked)
    return Proof(tuple(found))

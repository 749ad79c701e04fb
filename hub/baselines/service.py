"""The frozen baseline of a problem: what was recorded on its ground, around it and on its controls before a response.

Nobody edits one. Another takes its place, with a reason, and the earlier stays. What came from a version of the data
goes when that is deleted, and the baseline says so.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import numpy.typing as npt
import orjson
import shapely
from sqlalchemy import func, select

from geo.frames import FloatArray, Geometry, IntArray
from hub import columns
from hub.access import Permission, Viewer
from hub.accounts import service as accounts
from hub.baselines import series
from hub.baselines.comparisons import Comparison
from hub.baselines.gathering import Evidence
from hub.baselines.models import Baseline, BaselineGround, BaselinePart, Role
from hub.errors import Conflict
from hub.problems import service as problems
from hub.problems.service import ShownProblem
from hub.problems.terms import Kind
from hub.problems.wording import Unfit, fault_of_words, tidied
from hub.uploads import figures, kinds
from hub.words import month_code, parse_month

LONGEST_REASON = 500


@dataclass(frozen=True)
class Prepared:
    """All that a baseline is frozen from, worked out before anything is written."""

    comparison: Comparison
    evidence: Evidence
    counts: Mapping[str, IntArray]
    """By borough: a row for each of the grounds, by month."""
    version_ids: Mapping[str, Mapping[dt.date, int]]
    """By borough: from which version each month comes."""


class Standing(StrEnum):
    """Whether what is shown of a baseline is what was frozen."""

    WHOLE = "whole"
    """All of it, as its digest says."""
    GONE = "gone"
    """Some of the data that it is of was deleted since, and its figures with it."""
    APART = "apart"
    """Some of its boroughs are not this reader's."""
    ALTERED = "altered"
    """It is not what was frozen."""


@dataclass(frozen=True)
class ShownGround:
    """One piece of ground with its months; NaN where the figure is gone."""

    role: Role
    name: str
    unit: str
    ward_codes: tuple[str, ...]
    outline: Geometry
    rule: str
    counts: FloatArray

    @property
    def total(self) -> int:
        """All that is left of its months."""
        return int(np.nansum(self.counts))

    @property
    def hectares(self) -> float:
        """How large it is."""
        return float(self.outline.area) / 10_000


@dataclass(frozen=True)
class ShownBaseline:
    """One baseline as its reader may see it."""

    id: UUID
    number: int
    reason: str
    by: str
    at: dt.datetime
    dataset: str
    dataset_title: str
    measure: str
    category: str
    boundary_set: str
    months: tuple[dt.date, ...]
    carried_over: tuple[dt.date, ...]
    gone: tuple[dt.date, ...]
    """Months of which some figures went with the data that they came from."""
    extracts: tuple[dt.date, ...]
    ring_metres: float
    considered: int
    why_none: str
    grounds: tuple[ShownGround, ...]
    evidence: Evidence | None
    """None where some of it is another borough's to see, or went with its data."""
    standing: Standing
    sha256: str

    def of(self, role: Role) -> list[ShownGround]:
        """Its grounds of one role."""
        return [ground for ground in self.grounds if ground.role is role]

    @property
    def response(self) -> ShownGround:
        """The place itself."""
        return self.grounds[0]

    def times_the_place(self, ground: ShownGround) -> float | None:
        """A ground's incidents as times those of the place; None unless all of both may be seen."""
        is_told = self.standing is Standing.WHOLE and self.response.total > 0
        return ground.total / self.response.total if is_told else None

    @property
    def has_controls(self) -> bool:
        """Whether there is any ground to compare it with."""
        return bool(self.of(Role.CONTROL))

    @property
    def control_counts(self) -> FloatArray:
        """Its controls together, by month."""
        controls = [ground.counts for ground in self.of(Role.CONTROL)]
        total: FloatArray = np.sum(controls, axis=0) if controls else np.zeros(len(self.months))
        return total


def prepare(viewer: Viewer, comparison: Comparison, evidence: Evidence) -> Prepared:
    """Count what a baseline is to hold."""
    basis = comparison.basis
    return Prepared(
        comparison,
        evidence,
        series.count(viewer, basis, comparison.grounds),
        {code: basis.version_ids(code) for code in sorted(basis.borough_codes)},
    )


def freeze(viewer: Viewer, problem_id: UUID, prepared: Prepared, *, reason: str = "") -> UUID:
    """Freeze a baseline of a problem, in the place of the one before if it has one. Returns its id.

    Parameters
    ----------
    viewer, problem_id
        Who freezes it, of which problem that is not closed. All of its boroughs' counts must be theirs to see.
    prepared
        From the same live versions of the data.
    reason
        Why it takes the place of another; needed where there is one.

    Raises
    ------
    Unfit
        If a reason is needed and none is given, or one that cannot stand.
    Conflict
        If the data has changed since it was prepared, or the problem is closed.
    """
    problem = problems.problem_to_write(viewer, problem_id)
    basis = prepared.comparison.basis
    viewer.require(Permission.EXACT_COUNTS, problem.borough_codes | basis.borough_codes)
    last = viewer.session.scalar(select(func.max(Baseline.number)).where(Baseline.problem_id == problem_id)) or 0
    number = last + 1
    why = tidied(reason) if number > 1 else ""
    fault = fault_of_words(why, LONGEST_REASON) if why or number == 1 else "Say why, in a sentence."
    if fault:
        raise Unfit({"reason": fault})
    _require_unchanged(viewer, prepared)
    frozen = _baseline(viewer, problem, prepared, number, why)
    grounds = _grounds(frozen, prepared.comparison)
    parts = _parts(frozen, prepared)
    frozen.sha256 = _digest(frozen, grounds, parts, _public_ids(frozen))
    viewer.session.add(frozen)
    viewer.session.flush()
    viewer.session.add_all([*grounds, *parts])
    problems.note(viewer, problem_id, Kind.BASELINE, {"number": number, "reason": why, "sha256": frozen.sha256})
    return frozen.id


def baselines(viewer: Viewer, problem_id: UUID) -> list[ShownBaseline]:
    """The baselines of a problem, the one that holds first.

    Raises
    ------
    NotFound
        If there is no such problem, or it is not this person's to read.
    NoAgreement
        If the data may not be used just now.
    """
    problems.problem(viewer, problem_id)
    rows = viewer.session.scalars(
        select(Baseline).where(Baseline.problem_id == problem_id).order_by(Baseline.number.desc())
    ).all()
    names = accounts.names(viewer.session, {one.frozen_by for one in rows})
    return [_shown(viewer, one, names.get(one.frozen_by, "somebody who has left")) for one in rows]


def current(viewer: Viewer, problem_id: UUID) -> ShownBaseline | None:
    """The baseline that holds; None before there is one.

    Raises
    ------
    NotFound, NoAgreement
        As for `baselines`.
    """
    return next(iter(baselines(viewer, problem_id)), None)


# --- Freezing --------------------------------------------------------------------------------------------------------


def _require_unchanged(viewer: Viewer, prepared: Prepared) -> None:
    basis = prepared.comparison.basis
    live = figures.coverage(
        viewer,
        basis.borough_codes,
        basis.source.kind.key,
        first_month=basis.months[0],
        last_month=basis.months[-1],
    )
    now = {
        (code, month): int(one)
        for code, month, one in zip(live["borough_code"], live["month"], live["version_id"], strict=True)
    }
    then = {(code, month): version for code, of_it in prepared.version_ids.items() for month, version in of_it.items()}
    if any(now.get(key) != version for key, version in then.items()):
        raise Conflict("The data changed while the baseline was being worked out.", remedy="Send it again.")


def _baseline(viewer: Viewer, problem: ShownProblem, prepared: Prepared, number: int, reason: str) -> Baseline:
    comparison, basis = prepared.comparison, prepared.comparison.basis
    used = basis.source.used
    sources = [
        {
            "borough_code": str(code),
            "version": str(version),
            "extract": of_it["extract_date"].iloc[0].isoformat(),
            "months": [month_code(month) for month in of_it["month"]],
        }
        for (code, version), of_it in used.sort_values("month").groupby(["borough_code", "public_id"])
    ]
    return Baseline(
        id=uuid4(),
        problem_id=problem.id,
        borough_set=columns.area_key(problem.borough_codes),
        number=number,
        reason=reason,
        dataset=basis.source.kind.key,
        category=basis.category,
        boundary_set=basis.wards_of.code if basis.wards_of else "",
        months=[month_code(month) for month in basis.months],
        carried_over=[month_code(month) for month in basis.carried_over],
        sources=sources,
        ring_metres=comparison.ring_metres,
        considered=comparison.considered,
        why_none=comparison.why_none,
        frozen_by=viewer.person_id,
        frozen_at=dt.datetime.now(dt.UTC),
    )


def _grounds(frozen: Baseline, comparison: Comparison) -> list[BaselineGround]:
    controls = {each.piece.key: each for each in comparison.controls}
    made = []
    for position, piece in enumerate(comparison.grounds):
        role = Role.RESPONSE if position == 0 else Role.BUFFER if piece is comparison.buffer else Role.CONTROL
        judged = controls.get(piece.key) if role is Role.CONTROL else None
        made.append(
            BaselineGround(
                baseline_id=frozen.id,
                borough_set=frozen.borough_set,
                position=position,
                role=role,
                name=piece.name,
                unit=piece.key,
                ward_codes=list(piece.ward_codes),
                outline=piece.outline,
                rule=judged.rule if judged else "",
            )
        )
    return made


def _parts(frozen: Baseline, prepared: Prepared) -> list[BaselinePart]:
    months = prepared.comparison.basis.months
    made = []
    for code, version_of in prepared.version_ids.items():
        for version in sorted(set(version_of.values())):
            at = [place for place, month in enumerate(months) if version_of[month] == version]
            made.append(
                BaselinePart(
                    baseline_id=frozen.id,
                    borough_code=code,
                    version_id=version,
                    months=[month_code(months[place]) for place in at],
                    counts=prepared.counts[code][:, at].tolist(),
                )
            )
    for part, share in zip(made, _shares(orjson.dumps(prepared.evidence.as_dict()), len(made)), strict=True):
        part.evidence = share
    return made


def _shares(told: bytes, number: int) -> list[bytes]:
    """Cut words into as many shares, any of which but all together are noise."""
    noise = [secrets.token_bytes(len(told)) for _ in range(number - 1)]
    return [*noise, _joined([told, *noise])]


def _joined(shares: Sequence[bytes]) -> bytes:
    """Put all shares of some words together again."""
    length = max(map(len, shares))
    joined: npt.NDArray[np.uint8] = np.bitwise_xor.reduce(
        [np.frombuffer(share.ljust(length, b"\0"), np.uint8) for share in shares]
    )
    return joined.tobytes()


def _public_ids(frozen: Baseline) -> dict[tuple[str, str], str]:
    """The public id of the version behind each borough and month."""
    return {(one["borough_code"], month): one["version"] for one in frozen.sources for month in one["months"]}


def _digest(
    frozen: Baseline,
    grounds: Sequence[BaselineGround],
    parts: Sequence[BaselinePart],
    public_ids: Mapping[tuple[str, str], str],
) -> str:
    """The digest of all that was frozen, whatever the database numbers it by."""
    told: dict[str, Any] = {
        "problem": str(frozen.problem_id),
        **{name: getattr(frozen, name) for name in _TOLD_OF_A_BASELINE},
        "evidence": _joined([part.evidence for part in parts]).hex(),
        "grounds": [
            {name: getattr(ground, name) for name in _TOLD_OF_A_GROUND}
            | {"outline": shapely.to_wkb(ground.outline, hex=True)}
            for ground in sorted(grounds, key=lambda one: one.position)
        ],
        "parts": sorted(
            [part.borough_code, public_ids[part.borough_code, part.months[0]], part.months, part.counts]
            for part in parts
        ),
    }
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


_TOLD_OF_A_BASELINE = (
    *("number", "reason", "dataset", "category", "boundary_set", "months", "carried_over", "sources"),
    *("ring_metres", "considered", "why_none"),
)
_TOLD_OF_A_GROUND = ("position", "role", "name", "unit", "ward_codes", "rule")


# --- Showing ---------------------------------------------------------------------------------------------------------


def _shown(viewer: Viewer, frozen: Baseline, by: str) -> ShownBaseline:
    theirs = viewer.boroughs(Permission.EXACT_COUNTS)
    of_theirs = {one["borough_code"] for one in frozen.sources} & theirs
    figures.refuse_without_agreement(viewer, {(code, frozen.dataset) for code in of_theirs})
    grounds = viewer.session.scalars(
        select(BaselineGround).where(BaselineGround.baseline_id == frozen.id).order_by(BaselineGround.position)
    ).all()
    parts = [
        part
        for part in viewer.session.scalars(select(BaselinePart).where(BaselinePart.baseline_id == frozen.id))
        if part.borough_code in theirs
    ]
    counts, gone = _counts(frozen, len(grounds), parts, theirs)
    kind = kinds.kind(viewer.session, frozen.dataset)
    standing = _standing(frozen, grounds, parts, gone, theirs)
    evidence = orjson.loads(_joined([part.evidence for part in parts])) if standing is Standing.WHOLE else None
    return ShownBaseline(
        id=frozen.id,
        number=frozen.number,
        reason=frozen.reason,
        by=by,
        at=frozen.frozen_at,
        dataset=frozen.dataset,
        dataset_title=kind.title,
        measure=kind.measure,
        category=frozen.category,
        boundary_set=frozen.boundary_set,
        months=tuple(map(parse_month, frozen.months)),
        carried_over=tuple(map(parse_month, frozen.carried_over)),
        gone=gone,
        extracts=tuple(sorted({dt.date.fromisoformat(one["extract"]) for one in frozen.sources})),
        ring_metres=frozen.ring_metres,
        considered=frozen.considered,
        why_none=frozen.why_none,
        grounds=tuple(
            ShownGround(
                role=ground.role,
                name=ground.name,
                unit=ground.unit,
                ward_codes=tuple(ground.ward_codes),
                outline=ground.outline,
                rule=ground.rule,
                counts=row,
            )
            for ground, row in zip(grounds, counts, strict=True)
        ),
        evidence=Evidence.from_dict(evidence) if evidence else None,
        standing=standing,
        sha256=frozen.sha256,
    )


def _counts(
    frozen: Baseline, rows: int, parts: Sequence[BaselinePart], theirs: frozenset[str]
) -> tuple[FloatArray, tuple[dt.date, ...]]:
    """Add up what the reader's boroughs have left, and tell of which months some of that is gone."""
    order = {month: place for place, month in enumerate(frozen.months)}
    counts = np.zeros((rows, len(order)))
    left = {(part.borough_code, month) for part in parts for month in part.months}
    for part in parts:
        counts[:, [order[month] for month in part.months]] += np.array(part.counts, dtype=np.float64)
    expected = {key for key in _public_ids(frozen) if key[0] in theirs}
    gone = sorted({month for _, month in expected - left})
    counts[:, [order[month] for month in gone]] = np.nan
    return counts, tuple(map(parse_month, gone))


def _standing(
    frozen: Baseline,
    grounds: Sequence[BaselineGround],
    parts: Sequence[BaselinePart],
    gone: Sequence[dt.date],
    theirs: frozenset[str],
) -> Standing:
    if gone:
        return Standing.GONE
    if not {one["borough_code"] for one in frozen.sources} <= theirs:
        return Standing.APART
    is_whole = _digest(frozen, grounds, parts, _public_ids(frozen)) == frozen.sha256
    return Standing.WHOLE if is_whole else Standing.ALTERED

"""Which edition of the wards a file is on: the one that has every ward code of it.

Pure. A mixture of editions is explained and left to its sender.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import polars as pl

from hub.uploads.findings import Findings, Severity
from hub.uploads.placing import MIXED, Geography, in_force


def boundary_set_of(
    codes: Collection[str],
    geography: Geography,
    scope: frozenset[str],
    last_month: dt.date | None,
    column: str | None,
    findings: Findings,
) -> int | None:
    """Recognise the boundary set: the one that has every ward code of the file that any set has.

    Where none has, the one that has most of them, if the others can be found in its wards; each is then only proposed.
    """
    wards = geography.wards
    known = wards.select("ward_code").unique().filter(pl.col("ward_code").is_in(list(codes)))
    month = last_month or dt.date.max
    if known.is_empty():
        return in_force(geography.sets, month)
    fitting = known.join(wards, on="ward_code").group_by("boundary_set_id").len()
    whole = fitting.filter(pl.col("len") == known.height)
    if whole.height:
        return in_force(geography.sets.join(whole, on="boundary_set_id", how="semi"), month)
    most = fitting.filter(pl.col("len") * 2 > known.height).sort("len")
    if most.height and geography.has_outlines:
        return int(most["boundary_set_id"][-1])
    _explain_mixture(known, fitting, column, geography, scope, findings)
    return None


def _explain_mixture(
    known: pl.DataFrame,
    fitting: pl.DataFrame,
    column: str | None,
    geography: Geography,
    scope: frozenset[str],
    findings: Findings,
) -> None:
    named = fitting.join(geography.sets, on="boundary_set_id").sort("in_force_from", descending=True)
    fits = []
    for boundary_set_id, fitted, name in named.select("boundary_set_id", "len", "boundary_set").iter_rows():
        others = known.join(geography.wards_of(boundary_set_id), on="ward_code", how="anti")
        own = others.join(geography.wards.filter(pl.col("borough_code").is_in(list(scope))), on="ward_code", how="semi")
        examples = ", ".join(own["ward_code"].unique().sort().head(3).to_list())
        fits.append(f"{fitted:,} are in the wards of {name}{f' (not {examples})' if examples else ''}")
    findings.in_file(
        MIXED,
        Severity.MUST_FIX,
        f"No edition of the wards has all {known.height:,} ward codes of this file: {'; '.join(fits)}. "
        "Ask the sender for figures on one edition of the wards, or upload each edition as its own file.",
        column=column,
    )

"""Which ward and borough each row of a file belongs to, and what becomes of it: from all that its cells say of places.

Pure. Rows for whole boroughs and for totals are told from those of wards, so that nothing is counted twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

import polars as pl

from hub.uploads import editions, fates, traps
from hub.uploads.findings import Severity, in_a_list, shown
from hub.uploads.ladder import Ladder
from hub.uploads.placing import PLACES, Fate, Method
from hub.uploads.sheet import Sheet
from hub.words import plural

UNKNOWN_MARKS = (
    *("n/k", "nk", "not known", "unknown", "not recorded", "not stated", "n/a", "none", "-", "–", "unallocated"),
)
"""What partners write for a place they do not know."""

NO_BOROUGH = "none"
"""Said of rows that nobody knows the borough of."""

LEFT_OUT = "(leave the row out)"
"""What is proposed for a cell whose whole row is to go."""

_TOO_MANY_CELLS = pl.format(
    "The row has more cells than there are headings; the first beyond is '{}'. Wrap cells that hold the delimiter in "
    "quotation marks, or delete what stands to the right of the table.",
    shown("surplus"),
)


def place(sheet: Sheet) -> None:
    """Find each row's ward and borough, and decide its fate."""
    aside = _set_totals_aside(sheet)
    places = [key for key in PLACES if key in sheet.lines.columns]
    codes = sheet.lines["ward_code"].str.to_uppercase().drop_nulls().unique().to_list() if "ward_code" in places else []
    sheet.boundary_set_id = editions.boundary_set_of(
        codes, sheet.geography, sheet.scope, _last_month(sheet), sheet.headings.get("ward_code"), sheet.findings
    )
    ladder = _ladder(sheet)
    found = fates.by_names(sheet.lines, ladder)
    if sheet.kind.has_points:
        found = _with_points(sheet, found)
    found = _with_own_borough(sheet, found)
    settled = fates.settle(found, sheet.scope, sheet.fixes, sheet.headings, sheet.findings)
    settled = _without_whole_boroughs(sheet, _refuse_nowhere(sheet, settled))
    fates.note_labels(settled, ladder, sheet.geography, sheet.scope, sheet.headings.get("borough"), sheet.findings)
    fates.note_methods(settled, sheet.headings, sheet.findings)
    kept = ["row", "ward_code", "borough_code", "fate", "placed_by", "confidence"]
    if sheet.kind.has_points:
        kept += ["easting", "northing"]
    if "lsoa_code" in sheet.lines.columns:
        sheet.lines = sheet.lines.with_columns(pl.col("lsoa_code").str.to_uppercase())
    sheet.lines = sheet.lines.drop("ward_code", "borough_code", "easting", "northing", strict=False).join(
        settled.select(kept), on="row", how="inner", maintain_order="left"
    )
    sheet.must_not(pl.col("surplus").is_not_null(), "too_many_cells", None, _TOO_MANY_CELLS)
    _put_back(sheet, aside)


def _last_month(sheet: Sheet) -> dt.date | None:
    last = sheet.lines["month"].max() if "month" in sheet.lines.columns and not sheet.months else None
    return max(sheet.months) if sheet.months else last if isinstance(last, dt.date) else None


def _heirs(sheet: Sheet, codes: Collection[str]) -> Mapping[str, tuple[str, float]]:
    """Find which ward holds most of a ward of another edition; without outlines nothing can be told."""
    if not sheet.geography.has_outlines:
        return {}
    from hub.uploads import locating  # A second's worth of geometry that most files of counts need not wait for.

    return locating.heirs(sheet.geography, sheet.boundary_set_id, codes)


def _ladder(sheet: Sheet) -> Ladder:
    unknowns = {one.key: (*one.unknowns, *UNKNOWN_MARKS) for one in sheet.kind.fields}
    ladder = Ladder(
        sheet.geography,
        sheet.boundary_set_id,
        lambda codes: _heirs(sheet, codes),
        unknowns,
        takes_only_boroughs=sheet.kind.level == "borough",
    )
    # Where no name of the file is only of wards elsewhere, a namesake elsewhere of one's own ward is not meant.
    names = sheet.lines["ward_name"].drop_nulls().unique().to_list() if "ward_name" in sheet.lines.columns else []
    boroughs = [own for name in names if (own := ladder.boroughs_with(name))]
    is_own = bool(boroughs) and not any(own.isdisjoint(sheet.scope) for own in boroughs)
    return ladder.only_in(sheet.scope) if is_own else ladder


def _with_points(sheet: Sheet, found: pl.DataFrame) -> pl.DataFrame:
    """Join what the rows' coordinates say."""
    from hub.uploads import locating

    read = locating.coordinates(sheet.lines, sheet.headings, sheet.geography, sheet.fixes, sheet.ask, sheet.findings)
    points = locating.by_point(read, sheet.geography, sheet.boundary_set_id)
    return locating.with_names(found, points)


def _with_own_borough(sheet: Sheet, found: pl.DataFrame) -> pl.DataFrame:
    """Give rows that name no place the borough of the file they stand in, if it has one."""
    nowhere = pl.col("borough_code").is_null() & pl.col("problem").is_null()
    if sheet.kind.has_points:
        nowhere &= pl.col("easting").is_null() & ~pl.col("is_unreadable")
    lost = found.filter(nowhere)["row"]
    if not lost.len():
        return found
    own = _own_borough(sheet, found["borough_code"], lost.len())
    if own is not None:
        found = found.with_columns(
            pl.when(nowhere).then(pl.lit(own)).otherwise("borough_code").alias("borough_code"),
            pl.when(nowhere).then(pl.lit(str(Method.BOROUGH))).otherwise("placed_by").alias("placed_by"),
        )
    if sheet.kind.has_points:
        without = f"{plural(lost.len(), 'row')} without a location"
        sheet.findings.in_file(
            "no_location",
            Severity.NOTE,
            f"Not placed in a ward: {without}, counted in {_borough_name(sheet, own)}, where most of the file lies."
            if own
            else f"Refused: {without}, because nothing says which borough they belong to.",
        )
    return found


def _own_borough(sheet: Sheet, boroughs: pl.Series, lost: int) -> str | None:
    """The borough to which rows belong that name no place: the file's own, or the one that a person says."""
    own = fates.own_borough(boroughs, sheet.scope)
    if own is not None or len(sheet.scope) == 1:
        return own
    names = dict(sheet.geography.boroughs.select("borough_code", "borough_name").iter_rows())
    choices = sorted(((code, names.get(code, code)) for code in sheet.scope), key=lambda choice: choice[1])
    is_required = boroughs.null_count() == boroughs.len()
    said = sheet.ask(
        "which_borough",
        None,
        f"Nothing says which borough {plural(lost, 'row')} without a place belong to. In which are they to be counted?",
        choices if is_required else [(NO_BOROUGH, "In none: they stay out, and count as refused"), *choices],
        is_required=is_required,
    )
    return None if said == NO_BOROUGH else said


def _borough_name(sheet: Sheet, code: str) -> str:
    return str(sheet.geography.boroughs.filter(pl.col("borough_code") == code)["borough_name"][0])


def _refuse_nowhere(sheet: Sheet, settled: pl.DataFrame) -> pl.DataFrame:
    """Say which rows belong to nobody the hub knows, and which must still say where they belong."""
    nowhere = settled.filter(pl.col("borough_code").is_null(), pl.col("problem").is_null())
    if sheet.kind.has_points:
        from hub.uploads import locating

        is_nobodys = pl.col("borough_code").is_null()
        settled = settled.with_columns(
            pl.when(is_nobodys & pl.col("is_unreadable"))
            .then(pl.lit(Fate.FAULTY))
            .when(is_nobodys & pl.col("problem").is_null())
            .then(pl.lit(Fate.OUTSIDE))
            .otherwise("fate")
            .alias("fate")
        )
        locating.explain_strays(settled, sheet.findings)
        return settled
    said = [f"said_{key}" for key in PLACES if f"said_{key}" in settled.columns]
    says_something = pl.any_horizontal(pl.col(said).is_not_null()) if said else pl.lit(value=False)
    nobodys = nowhere.filter(says_something)
    if nobodys.height:
        labels = nobodys.select(pl.coalesce(said)).to_series().unique().sort().head(3)
        named = [f"'{label[:40]}'" for label in labels]
        sheet.findings.in_file(
            "nobodys",
            Severity.NOTE,
            f"Refused: {plural(nobodys.height, 'row')} of no borough ({in_a_list(named)}).",
        )
        settled = settled.with_columns(
            pl.when(pl.col("row").is_in(nobodys["row"].implode()))
            .then(pl.lit(Fate.OUTSIDE))
            .otherwise("fate")
            .alias("fate")
        )
    sheet.findings.in_rows(
        nowhere.filter(~says_something),
        "no_place",
        Severity.MUST_FIX,
        next((sheet.headings[key] for key in PLACES if key in sheet.headings), None),
        pl.lit("The row names no ward and no borough. Give its ward, or its borough if the ward is not known."),
    )
    return settled


def _without_whole_boroughs(sheet: Sheet, settled: pl.DataFrame) -> pl.DataFrame:
    """Leave out rows for whole boroughs that repeat what rows for their wards say."""
    if sheet.kind.has_points or sheet.kind.level == "borough":
        return settled
    with_wards = settled.filter(pl.col("ward_code").is_not_null())["borough_code"].unique()
    repeats = pl.col("is_whole_borough") & pl.col("borough_code").is_in(with_wards.implode())
    whole = settled.filter(repeats)
    if whole.is_empty():
        return settled
    own = whole.filter(pl.col("fate") != Fate.OUTSIDE)
    if sheet.kind.repeats_boroughs or "borough_total" in sheet.fixes:
        if own.height:
            sheet.findings.in_file(
                "borough_total",
                Severity.NOTE,
                f"Left out: {plural(own.height, 'row')} for whole boroughs, because the rows for their wards hold "
                "the same.",
                column=sheet.headings.get("ward_code"),
            )
        sheet.rows_left_out += whole.height
        return settled.filter(~repeats)
    sheet.findings.in_rows(
        own,
        "borough_total",
        Severity.WE_CAN_FIX,
        sheet.headings.get("ward_code"),
        pl.format(
            "'{}' is a whole borough, and the file has rows for its wards too: the same would be counted twice. The "
            "row can be left out.",
            shown("said_ward_code"),
        ),
        pl.lit(LEFT_OUT),
    )
    return settled.with_columns(
        pl.when(repeats & (pl.col("fate") != Fate.OUTSIDE)).then(pl.lit(Fate.FAULTY)).otherwise("fate").alias("fate")
    )


def _set_totals_aside(sheet: Sheet) -> pl.DataFrame:
    """Take out the rows that add up others by what they call themselves; gives those a person has not yet left out."""
    totals = traps.totals_among(sheet.lines, [*PLACES, "offence_group", "category"])
    aside = sheet.lines.join(totals.select("row"), on="row", how="semi", maintain_order="left")
    if totals.is_empty():
        return aside
    sheet.lines = sheet.lines.join(totals, on="row", how="anti", maintain_order="left")
    if "total_row" in sheet.fixes:
        sheet.rows_left_out += totals.height
        sheet.findings.in_file("total_row", Severity.NOTE, f"Left out: {plural(totals.height, 'row')} of totals.")
        return aside.clear()
    for (its_field,), rows in totals.partition_by("field", as_dict=True).items():
        sheet.findings.in_rows(
            rows,
            "total_row",
            Severity.WE_CAN_FIX,
            sheet.headings.get(str(its_field)),
            pl.format("'{}' adds up other rows, and would be counted twice. The row can be left out.", shown("words")),
            pl.lit(LEFT_OUT),
        )
    return aside


def _put_back(sheet: Sheet, aside: pl.DataFrame) -> None:
    """Count the rows set aside among those that must be put right."""
    if aside.height:
        faulty = aside.drop("ward_code", "borough_code", "easting", "northing", strict=False).with_columns(
            pl.lit(str(Fate.FAULTY)).alias("fate")
        )
        sheet.lines = pl.concat([sheet.lines, faulty], how="diagonal").sort("row")

"""An overlay as a file: GeoJSON, GeoPackage or CSV, one feature for each unit, or a sheet of paper; on the record.

Each file says what it holds and how it was made: GeoJSON in members of its own, GeoPackage in a second table, CSV in
columns, so that it stays a plain table.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import orjson
import pandas as pd
import pyogrio

from geo.boundaries import to_geojson_geometries
from hub import audit
from hub.access import Viewer
from hub.errors import BadRequest
from hub.hotspots import paper
from hub.hotspots.facts import VersionUsed
from hub.hotspots.overlays import Overlay
from hub.hotspots.paper import Sheet
from hub.hotspots.scoring import Units
from hub.purposes import NO_PURPOSE, Handover, Purpose
from hub.words import MARKING, month_code, plain_cell

PDF = "pdf"
TESTED = (
    *("with_neighbours", "z", "count_before", "difference", "ratio", "ratio_lower", "ratio_upper"),
    *("latest_count", "hot_months"),
    *("harm", "harm_per_1000", "harm_capped", "largest_share"),
    *("count_beside", "z_beside", "p_beside", "q_beside"),
    *("p", "q"),
)
WARD_COLUMNS = ("ward_name", "borough_code", "count", "population", "rate_per_1000", *TESTED, "class", "shared_out")
CELL_COLUMNS = ("ward_name", "west", "south", "count", *TESTED, "density", "class")
WHOLE_NUMBERS = frozenset(
    {
        "count",
        "population",
        "with_neighbours",
        "count_before",
        "count_beside",
        "difference",
        "latest_count",
        "hot_months",
        "west",
        "south",
    }
)


def write(
    viewer: Viewer, overlay: Overlay, path: Path, sheet: Sheet | None = None, purpose: Purpose = NO_PURPOSE
) -> dict[str, Any]:
    """Write an overlay to a file, on the record, and say what was written.

    Raises
    ------
    BadRequest
        If the name ends in none of .geojson, .gpkg, .csv and .pdf, or the file cannot be written.
    """
    handover = Handover(viewer.name, dt.datetime.now(dt.UTC), purpose)
    content = content_of(overlay, path.suffix.lower().removeprefix("."), sheet, handover)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise BadRequest(f"'{path}' cannot be written: {error.strerror}.", remedy="Choose another place.") from error
    record(viewer, overlay, path.suffix.lower().removeprefix("."), purpose)
    told = {"handover": handover.as_dict(), **as_dict(overlay)}
    return {"output": str(path), "features": len(overlay.table), **told}


def content_of(overlay: Overlay, form: str, sheet: Sheet | None = None, handover: Handover | None = None) -> bytes:
    """Make the content of a file; what a sheet of paper shows besides the overlay is needed for pdf alone.

    What leaves the hub says by whom, when and for what it was taken.

    Raises
    ------
    BadRequest
        If the form is none of geojson, gpkg, csv and pdf.
    """
    if form == PDF and sheet is not None:
        return paper.pdf(overlay, sheet, handover)
    if form not in FORMS:
        raise BadRequest(
            f"An overlay cannot be written as '{form}'.",
            remedy="Choose a name that ends in .geojson, .gpkg, .csv or .pdf.",
        )
    return FORMS[form](overlay, handover)


def record(viewer: Viewer, overlay: Overlay, form: str, purpose: Purpose) -> None:
    """Record that an overlay left the hub."""
    audit.record(
        viewer,
        "overlay.exported",
        overlay.area_slug,
        boroughs=overlay.area_key.split("+"),
        form=form,
        units=overlay.units.value,
        method=overlay.method.value,
        category=overlay.category,
        months=[month_code(month) for month in overlay.months],
        inputs=overlay.inputs_hash,
        dataset=overlay.dataset,
        purpose=purpose.key,
        purpose_words=purpose.words,
    )


def as_dict(overlay: Overlay) -> dict[str, Any]:
    """What an overlay is and how it was made, under the names that officers' scripts depend on."""
    return {
        "marking": MARKING,
        "sentence": overlay.sentence,
        "area": overlay.area_slug,
        "area_name": overlay.area_name,
        "units": overlay.units.value,
        "method": overlay.method.value,
        "category": overlay.category,
        "from": month_code(overlay.question.first_month),
        "to": month_code(overlay.question.last_month),
        "months": [month_code(month) for month in overlay.months],
        "compared_with": [month_code(month) for month in overlay.months_before],
        "missing": [
            {
                "borough_code": gap.borough_code,
                "months": [month_code(month) for month in gap.months],
                "left_out": gap.is_left_out,
            }
            for gap in overlay.gaps
        ],
        "data_to": month_code(overlay.data_to),
        "provisional": [month_code(month) for month in overlay.provisional],
        "dataset": overlay.dataset,
        "beside": _beside(overlay),
        "measure": overlay.measure,
        "versions": _versions(overlay.versions),
        "boundary_set": overlay.boundary_set,
        "boundary_set_before": overlay.boundary_set_before,
        "carried_over": [
            {
                "dataset_title": each.title,
                "boundary_set": each.boundary_set,
                "months": [month_code(month) for month in each.months],
            }
            for each in overlay.carried_over
        ],
        "set_aside": [month_code(month) for month in overlay.set_aside],
        "denominator": overlay.denominator,
        "cell_metres": overlay.cell_metres,
        "bandwidth_metres": overlay.bandwidth_metres,
        "total": overlay.total,
        "placed": overlay.total - overlay.unplaced,
        "unplaced": overlay.unplaced,
        "tested": overlay.tested,
        "flags_by_chance": overlay.flags_by_chance,
        "weights": _weights(overlay),
        "left_out": dict(overlay.scores.left_out),
        "method_words": overlay.method_words,
        "source": overlay.source_words,
        "notes": list(overlay.notes),
        "attribution": overlay.attribution,
    }


def _versions(versions: Sequence[VersionUsed]) -> list[dict[str, Any]]:
    return [
        {
            "borough_code": version.borough_code,
            "version": version.public_id,
            "number": version.number,
            "extract_date": version.extract_date.isoformat(),
        }
        for version in versions
    ]


def _beside(overlay: Overlay) -> dict[str, Any] | None:
    """The other agency, if agencies are compared."""
    if overlay.beside is None:
        return None
    return {
        "dataset": overlay.beside.dataset,
        "versions": _versions(overlay.beside.versions),
        "total": overlay.total_beside,
        "unplaced": overlay.scores.unplaced_beside,
        "provisional": [month_code(month) for month in overlay.beside.provisional],
    }


def _weights(overlay: Overlay) -> dict[str, Any] | None:
    """What harm was weighed by."""
    used = overlay.weight_set
    if used is None:
        return None
    return {
        "name": used.name,
        "version": used.version,
        "dated": used.dated.isoformat(),
        "unit": used.unit,
        "source": used.source,
        "cap": used.cap,
        "mixed": dict(used.mixed),
        "mixed_by": used.mixed_by,
    }


def features(overlay: Overlay) -> pd.DataFrame:
    """One row a unit: `ward_code` or `cell`, then the figures that apply."""
    is_wards = overlay.units is Units.WARDS
    names = [name for name in (WARD_COLUMNS if is_wards else CELL_COLUMNS) if name in overlay.table]
    table = overlay.table[names].astype({name: "Int64" for name in names if name in WHOLE_NUMBERS})
    table.insert(0, "ward_code" if is_wards else "cell", overlay.table.index.astype(str))
    return table.reset_index(drop=True)


def _geojson(overlay: Overlay, handover: Handover | None) -> bytes:
    table = features(overlay)
    records = table.astype(object).where(table.notna(), None).to_dict("records")
    geometries = to_geojson_geometries(overlay.outlines, tolerance_metres=0)
    return orjson.dumps(
        {
            "type": "FeatureCollection",
            "name": overlay.name,
            "provenance": _told(overlay, handover),
            "features": [
                {"type": "Feature", "properties": properties, "geometry": geometry}
                for properties, geometry in zip(records, geometries, strict=True)
            ],
        },
        option=orjson.OPT_SERIALIZE_NUMPY,
    )


def _told(overlay: Overlay, handover: Handover | None) -> dict[str, Any]:
    """What a file says of itself."""
    return as_dict(overlay) | ({"handover": handover.as_dict()} if handover else {})


def _geopackage(overlay: Overlay, handover: Handover | None) -> bytes:
    units = gpd.GeoDataFrame(features(overlay), geometry=overlay.outlines.to_numpy(), crs=overlay.outlines.crs)
    told = _told(overlay, handover)
    about = pd.DataFrame(
        {"item": list(told), "value": [said if isinstance(said, str) else _as_text(said) for said in told.values()]}
    )
    with tempfile.TemporaryDirectory(prefix="hub-overlay-") as folder:
        path = Path(folder, "overlay.gpkg")
        pyogrio.write_dataframe(units, path, layer=overlay.units.value, layer_metadata={"DESCRIPTION": MARKING})
        pyogrio.write_dataframe(about, path, layer="about")
        return path.read_bytes()


def _as_text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _csv(overlay: Overlay, handover: Handover | None) -> bytes:
    """A plain table; the last columns say the same in each row, so that no row loses its source."""
    table = features(overlay)
    table["category"] = overlay.category
    table["first_month"], table["last_month"] = month_code(overlay.months[0]), month_code(overlay.months[-1])
    if overlay.months_before:
        table["first_month_before"] = month_code(overlay.months_before[0])
        table["last_month_before"] = month_code(overlay.months_before[-1])
    if overlay.weight_set is not None:
        table["weights"] = overlay.weights_words
    table["source"] = overlay.source_words
    table["marking"] = MARKING
    if handover is not None:
        table["handover"] = handover.sentence
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(table.columns)
    writer.writerows([_cell(value) for value in row] for row in table.itertuples(index=False))
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    """Write nothing for what is not known, and no text that a spreadsheet would run as a formula."""
    if isinstance(value, str):
        return plain_cell(value)
    return "" if pd.isna(value) else value


FORMS: dict[str, Callable[[Overlay, Handover | None], bytes]] = {"geojson": _geojson, "gpkg": _geopackage, "csv": _csv}

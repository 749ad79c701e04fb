"""How files of one dataset were last matched and read, and what of the next one is still as it was.

Remembers headings and answers, never a value. Decides nothing: `service` does what is recalled.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from sqlalchemy import select

from hub import db
from hub.access import Viewer
from hub.uploads import door
from hub.uploads.catalogue import MONTH_COUNTS, heading_key
from hub.uploads.dates import month_of_heading
from hub.uploads.models import ColumnMemory, Upload
from hub.uploads.moments import MONTH_SAID

ENOUGH_ALIKE = 0.6
"""Of a new heading to the one it stands for."""
ENOUGH_FOUND = 0.5
"""Of the columns that were used, before a file is taken for one of the same dataset."""


@dataclass(frozen=True)
class Recalled:
    """What is known of a file from the one before it.

    `renamed` has the heading of each column that was used and is gone, and the one that it seems to be now, or "".
    """

    dataset: str
    column_fields: Mapping[str, str]
    answers: Mapping[str, str]
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether everything is as it was."""
        return not self.renamed


def remember(viewer: Viewer, upload: Upload) -> None:
    """Keep how an upload was matched and read, for the next of its dataset and boroughs; its month is its own."""
    # Two first uploads at once would both add it.
    db.lock(viewer.session, f"columns:{upload.area_key}:{upload.dataset}")
    viewer.session.merge(
        ColumnMemory(
            area_key=upload.area_key,
            dataset=str(upload.dataset),
            headings=upload.report["headings"],
            column_fields=dict(upload.column_fields),
            answers={key: value for key, value in upload.answers.items() if key != MONTH_SAID},
            remembered_at=door.now(),
        )
    )
    viewer.session.flush()


def recall(
    viewer: Viewer, area_key: str, columns: Mapping[str, Sequence[str]], sheets: Collection[str]
) -> Recalled | None:
    """Find the dataset whose last file was most like this one.

    Parameters
    ----------
    area_key
        The boroughs it was sent for.
    columns
        Its headings, each with a few values.
    sheets
        Those that can be chosen in it.
    """
    kept = viewer.session.scalars(
        select(ColumnMemory).where(ColumnMemory.area_key == area_key).order_by(ColumnMemory.remembered_at.desc())
    )
    found = [compare(one.dataset, one.column_fields, one.answers, columns, sheets) for one in kept]
    likely = [one for one in found if one is not None]
    return min(likely, key=lambda one: len(one.renamed), default=None)


def compare(
    dataset: str,
    column_fields: Mapping[str, str],
    answers: Mapping[str, str],
    columns: Mapping[str, Sequence[str]],
    sheets: Collection[str],
) -> Recalled | None:
    """Match a file as an earlier one was; None where too little of that is there."""
    used = {heading: key for heading, key in column_fields.items() if key != MONTH_COUNTS}
    there = {heading: key for heading, key in used.items() if heading in columns}
    gone = [heading for heading in used if heading not in columns]
    if not used or len(there) < len(used) * ENOUGH_FOUND:
        return None
    months = [heading for heading in columns if heading not in there and month_of_heading(heading) is not None]
    had_months = MONTH_COUNTS in column_fields.values()
    if had_months and not months:
        return None
    free = [heading for heading in columns if heading not in there and not (had_months and heading in months)]
    renamed = _renamed(gone, free, used, columns)
    said = {key: value for key, value in answers.items() if key != "sheet" or value in sheets}
    return Recalled(
        dataset=dataset,
        column_fields={
            **there,
            **{new: used[old] for old, new in renamed.items() if new},
            **(dict.fromkeys(months, MONTH_COUNTS) if had_months else {}),
        },
        answers=said,
        renamed=renamed,
    )


def _renamed(
    gone: Iterable[str], free: Sequence[str], used: Mapping[str, str], columns: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Pair each heading that is gone with the likeliest of the free ones, the surest pairs first."""
    scores = sorted(
        ((_alike(old, new, used[old], columns[new]), old, new) for old in gone for new in free),
        key=lambda one: -one[0],
    )
    pairs: dict[str, str] = {}
    for score, old, new in scores:
        if score >= ENOUGH_ALIKE and old not in pairs and new not in pairs.values():
            pairs[old] = new
    return {old: pairs.get(old, "") for old in gone}


def _alike(old: str, new: str, field_key: str, values: Sequence[str]) -> float:
    """How likely a new heading is an old one renamed: by its name, unless its values are of another sort."""
    before, now = heading_key(old), heading_key(new)
    shape = _SHAPES.get(field_key)
    if shape and values and not any(shape.fullmatch(value.strip()) for value in values):
        return 0.0
    contains = bool(before and now) and (before in now or now in before)
    by_name = SequenceMatcher(None, before, now).ratio()
    by_values = 0.5 if shape and values and all(shape.fullmatch(value.strip()) for value in values) else 0.0
    return max(by_name, 0.8 if contains else 0.0) + by_values


_WHEN = re.compile(
    r"[\d:/. TZ+-]+|.*\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[-/. ]*\d.*|(?:\d{4} ?)?q[1-4].*",
    re.IGNORECASE,
)
_SHAPES: Mapping[str, re.Pattern[str]] = {
    "ward_code": re.compile(r"[A-Z]05\d{6}", re.IGNORECASE),
    "lsoa_code": re.compile(r"[A-Z]01\d{6}", re.IGNORECASE),
    "count": re.compile(r"-?[\d,. ]+|[-*]|n/a", re.IGNORECASE),
    "longitude": re.compile(r"-?\d+[.,]\d+"),
    "latitude": re.compile(r"\d+[.,]\d+"),
    "easting": re.compile(r"\d[\d.,]*"),
    "northing": re.compile(r"\d[\d.,]*"),
    "month": _WHEN,
    "date": _WHEN,
}
"""What the values of a field look like, where that can be told."""

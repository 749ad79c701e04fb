"""The incidents of a few places, for other slices to read: what every source recorded there, and when.

Only what is live, inside the viewer's scope and, where a sharing agreement is needed, while one is in force.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

import pandas as pd
from sqlalchemy import and_, or_, select

from hub.access import Viewer
from hub.uploads import figures
from hub.uploads.figures import Box
from hub.uploads.kinds import catalogue
from hub.uploads.models import Incident, Version

COLUMNS = (
    *("dataset", "category", "subcategory", "month", "easting", "northing"),
    *("occurred_from", "occurred_to"),
)
TIMES = frozenset({"date", "time"})
"""The fields of which a kind needs one to say more than a month."""


def within(
    viewer: Viewer,
    borough_codes: Collection[str],
    boxes: Sequence[Box],
    *,
    first_month: dt.date,
    last_month: dt.date,
    is_timed: bool = False,
) -> pd.DataFrame:
    """List the incidents that stand in any of some boxes.

    Parameters
    ----------
    viewer, borough_codes
        Whose scope, and which boroughs of it.
    boxes
        Each holds its west and south edge, and neither of the others.
    first_month, last_month
        Both inclusive, as firsts of months.
    is_timed
        Whether only those whose source gave a day and an hour are wanted.

    Returns
    -------
    DataFrame
        A row for each incident, with the columns of `COLUMNS`.
    """
    live = figures.coverage(viewer, borough_codes)
    pointed = {key for key, kind in catalogue(viewer.session).items() if kind.has_points}
    if is_timed:
        pointed = {key for key in pointed if TIMES & {field.key for field in catalogue(viewer.session)[key].fields}}
    live = live[live["dataset"].isin(pointed) & (live["month"] >= first_month) & (live["month"] <= last_month)]
    if live.empty or not boxes:
        return pd.DataFrame(columns=list(COLUMNS))
    versions: dict[tuple[dt.date, ...], list[int]] = {}
    for version, months in live.groupby("version_id")["month"]:
        versions.setdefault(tuple(months), []).append(int(str(version)))
    wanted = (
        select(Version.dataset, *(getattr(Incident, name) for name in COLUMNS[1:]))
        .join(Version, Version.id == Incident.version_id)
        .where(
            or_(*(and_(Incident.version_id.in_(named), Incident.month.in_(of)) for of, named in versions.items())),
            or_(*map(figures.stands_in, boxes)),
        )
    )
    if is_timed:
        wanted = wanted.where(or_(Incident.occurred_from.is_not(None), Incident.occurred_to.is_not(None)))
    return pd.DataFrame(viewer.session.tuples(wanted), columns=list(COLUMNS))

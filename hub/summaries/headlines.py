"""The figures of measures for other pages, each as the borough's summary would give it to the same reader."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from hub.access import Viewer
from hub.measures.definitions import Measure
from hub.summaries import service
from hub.summaries.lines import Measured


def measured(
    viewer: Viewer, borough_code: str, measures: Sequence[Measure], last_month: dt.date | None = None
) -> tuple[Measured, ...]:
    """Work out recorded measures for the 12 months to `last_month` (the latest offered unless given).

    Every page that asks gives the same verdict, since each is judged among all that the summary compares.

    Parameters
    ----------
    viewer, borough_code
        Who reads, and of which borough.
    measures
        Which; of those that are not recorded crime there is no figure here, and they are left out.
    last_month
        With which the year ends.

    Raises
    ------
    NotFound
        If the borough is not in the viewer's scope.
    NoFigures
        If nothing has been uploaded for the borough, or nothing is offered for that month.
    """
    found = service.summary(viewer, borough_code, last_month=last_month).measures
    return tuple(found[measure.code] for measure in measures if measure.code in found)

"""The page of one borough's summary."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.summaries import service
from hub.summaries.charts import pictures
from hub.summaries.forms import MonthForm
from hub.web import needs
from hub.words import parse_month

bp = Blueprint("summaries", __name__)


@bp.get("/areas/<area>/summary")
@needs(Permission.SUMMARY_READ)
def show(area: str) -> ResponseReturnValue:
    """Show one borough's summary for the 12 months to a month."""
    asked = request.args.get("to")
    found = service.summary(g.viewer, area, last_month=parse_month(asked, what="to") if asked else None)
    form = MonthForm(request.args)
    form.offer(service.covered_months(g.viewer, area), found.last_month)
    return render_template(
        "summaries/show.html",
        summary=found,
        form=form,
        pictures=pictures(g.viewer, found),
        restated=service.restated(g.viewer, found, now=dt.datetime.now(dt.UTC)),
    )

"""The page of one borough's summary."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.summaries import service
from hub.summaries.charts import pictures
from hub.summaries.doing import doing
from hub.summaries.forms import MonthForm
from hub.web import needs, saw
from hub.words import month_code, parse_month

bp = Blueprint("summaries", __name__)


@bp.get("/areas/<area>/summary")
@needs(Permission.SUMMARY_READ)
def show(area: str) -> ResponseReturnValue:
    """Show one borough's summary for the 12 months to a month."""
    asked = request.args.get("to")
    found = service.summary(g.viewer, area, last_month=parse_month(asked, what="to") if asked else None)
    saw("summary.viewed", found.borough_code, [found.borough_code], to=month_code(found.last_month))
    form = MonthForm(request.args)
    form.offer(found.ends, found.last_month)
    return render_template(
        "summaries/show.html",
        summary=found,
        form=form,
        pictures=pictures(g.viewer, found),
        doing=doing(g.viewer, found.borough_code, found.first_month),
        card_of=lambda key: url_for("questions.figure", area=found.borough_code, key=key),
        restated=service.restated(g.viewer, found, now=dt.datetime.now(dt.UTC)),
    )

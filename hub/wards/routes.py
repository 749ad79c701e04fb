"""The pages on which a reader finds a ward of a borough, and reads one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.briefings import place_charts
from hub.wards import ground, priorities, sentences, service
from hub.wards.charts import year_chart
from hub.wards.forms import FindForm, YearForm
from hub.wards.service import WardPage
from hub.web import needs, saw
from hub.words import month_code, parse_month

bp = Blueprint("wards", __name__)


@bp.get("/areas/<area>/wards")
@needs(Permission.SUMMARY_READ)
def find(area: str) -> ResponseReturnValue:
    """List a borough's wards, or those that were asked for; go straight to the only one."""
    borough = ground.borough(g.viewer, area)
    form = FindForm(request.args)
    found = ground.find(g.viewer, borough, form.find.data or "")
    if found.only is not None:
        return redirect(url_for(".show", area=borough.slug, ward_code=found.only.code))
    form.find.data = found.asked
    return render_template("wards/find.html", found=found, form=form)


@bp.get("/areas/<area>/wards/<ward_code>")
@needs(Permission.SUMMARY_READ)
def show(area: str, ward_code: str) -> ResponseReturnValue:
    """Show one ward for the 12 months to a month."""
    borough = ground.borough(g.viewer, area)
    asked = request.args.get("to")
    page = service.page(g.viewer, borough, ward_code, last_month=parse_month(asked, what="to") if asked else None)
    form, details = None, {}
    if page.summary is not None:
        details = {"to": month_code(page.summary.last_month)}
        form = YearForm(request.args)
        form.offer(page.summary.ends, page.summary.last_month)
    saw("ward.viewed", page.ward.code, borough.borough_codes, **details)
    return render_template(
        "wards/show.html",
        page=page,
        form=form,
        answer=sentences.year_sentence(page.ward, page.line, page.summary) if page.summary else "",
        how=sentences.series_sentences(page.ward, page.series, page.summary) if page.summary else [],
        pictures=_pictures(page),
        today=priorities.today(),
        may_write=g.viewer.may(Permission.PRIORITY_WRITE, borough.borough_codes),
    )


def _pictures(page: WardPage) -> dict[str, Any]:
    """The pictures of years and months; None where there is nothing to draw."""
    drawn: dict[str, Any] = {"years": None, "months": None}
    if page.summary is None:
        return drawn
    of_borough, months = page.summary.denominator, page.series.months
    residents = (page.ward.residents, float(of_borough.residents)) if page.ward.residents and of_borough else None
    drawn["years"] = year_chart(page.series.years, page.ward.name, page.area.name, residents, page.summary.measure)
    if len(months) > 1:
        drawn["months"] = place_charts.month_chart(
            [each.month for each in months],
            [each.count for each in months],
            None,
            page.summary.measure,
            [each.month for each in months if each.is_carried_over],
        )
    return drawn

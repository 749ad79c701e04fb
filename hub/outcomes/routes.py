"""The page of one borough's outcomes board."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.outcomes import service
from hub.outcomes.charts import pictures
from hub.outcomes.forms import BoardForm
from hub.web import needs, saw
from hub.words import month_code, parse_month

bp = Blueprint("outcomes", __name__)


@bp.get("/areas/<area>/outcomes")
@needs(Permission.SUMMARY_READ)
def show(area: str) -> ResponseReturnValue:
    """Show what was recorded beside what people say, under one plan."""
    to = request.args.get("to")
    board = service.board(
        g.viewer,
        area,
        plan=request.args.get("plan") or None,
        last_month=parse_month(to, what="to") if to else None,
    )
    last_month = board.summary.last_month if board.summary else None
    saw(
        "outcomes.viewed",
        board.borough_code,
        [board.borough_code],
        plan=board.plan.code,
        **({"to": month_code(last_month)} if last_month else {}),
    )
    form = BoardForm(request.args)
    form.offer(board.plans, board.plan, service.covered_months(g.viewer, board.borough_code), last_month)
    return render_template("outcomes/show.html", board=board, form=form, pictures=pictures(board))

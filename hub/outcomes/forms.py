"""What a reader of an outcomes board may choose."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from flask_wtf import FlaskForm
from wtforms import SelectField

from hub.measures.definitions import Plan
from hub.words import month_code, month_name


class BoardForm(FlaskForm):
    """The plan, and the month that the recorded year ends with. It changes nothing, so it needs no token."""

    class Meta:
        """Sent by GET."""

        csrf = False

    plan = SelectField("Plan")
    to = SelectField("12 months to")

    def offer(self, plans: Sequence[Plan], plan: Plan, months: Sequence[dt.date], month: dt.date | None) -> None:
        """Offer the plans, and the months covered."""
        self.plan.choices = [(one.code, one.years) for one in plans]
        self.plan.data = plan.code
        self.to.choices = [(month_code(one), month_name(one)) for one in months]
        self.to.data = month_code(month) if month else None

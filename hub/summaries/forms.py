"""What a reader of a summary may choose."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from flask_wtf import FlaskForm
from wtforms import SelectField

from hub.words import month_code, month_name


class MonthForm(FlaskForm):
    """The month that the latest year ends with. It changes nothing, so it needs no token."""

    class Meta:
        """Sent by GET."""

        csrf = False

    to = SelectField("12 months to")

    def offer(self, months: Sequence[dt.date], chosen: dt.date) -> None:
        """Offer the months covered."""
        self.to.choices = [(month_code(month), month_name(month)) for month in months]
        self.to.data = month_code(chosen)

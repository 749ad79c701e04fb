"""What somebody writes to ask for a share, or to decide one. Whether it will do is for the service to tell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, SelectField, TextAreaField
from wtforms.validators import InputRequired

from hub.hotspots.layers import Show
from hub.sharing.service import ASKED_FOR, Wanted
from hub.words import month_code, months_before, parse_month, short_month

MONTHS_OFFERED = 36
MONTHS_FIRST = 12
DATE_FORMS = ["%Y-%m-%d", "%d/%m/%Y"]
NOT_A_DATE = "Enter a real date, such as 31/03/2027"
WHICHEVER = ""
Choice = tuple[str, str]


class AskForm(FlaskForm):
    """One overlay of another borough, what for, and until when."""

    area = SelectField("For which of your areas")
    owner = SelectField("Borough to ask")
    show = SelectField("Map")
    category = SelectField("Offences")
    dataset = SelectField("Dataset")
    first = SelectField("First month")
    last = SelectField("Last month")
    purpose = TextAreaField("What you need it for")
    until = DateField("Last day you need it", format=DATE_FORMS, validators=[InputRequired(NOT_A_DATE)])

    def offer(
        self,
        areas: Sequence[Choice],
        owners: dict[str, Sequence[Choice]],
        categories: Sequence[str],
        datasets: Sequence[Choice],
        today: dt.date,
    ) -> None:
        """Say what can be chosen, and choose the last year."""
        self.area.choices = list(areas)
        self.owner.choices = {title: list(found) for title, found in owners.items() if found}
        self.show.choices = [(show.value, show.words) for show in ASKED_FOR]
        self.category.choices = [(category, category) for category in categories]
        self.dataset.choices = [(WHICHEVER, "Whichever police figures the borough holds"), *datasets]
        newest = today.replace(day=1)
        months = [months_before(newest, back) for back in range(MONTHS_OFFERED)]
        self.first.choices = self.last.choices = [(month_code(month), short_month(month)) for month in months]
        if not self.is_submitted():
            self.first.data = month_code(months[MONTHS_FIRST])
            self.last.data = month_code(months[1])

    def wanted(self) -> Wanted:
        """What was asked for."""
        return Wanted(
            owner_code=self.owner.data,
            show=Show(self.show.data),
            category=self.category.data,
            dataset=self.dataset.data or None,
            first_month=parse_month(self.first.data),
            last_month=parse_month(self.last.data),
            purpose=self.purpose.data or "",
            until=self.until.data,
        )


class DecideForm(FlaskForm):
    """Whether to grant a share, until when, and on what conditions."""

    until = DateField("Last day", format=DATE_FORMS, validators=[InputRequired(NOT_A_DATE)])
    may_download = BooleanField("They may download it")
    words = TextAreaField("Conditions, or the reason for refusing")


class EndForm(FlaskForm):
    """Why a share ends early."""

    because = TextAreaField("Why it ends")


def say_dates(form: Any) -> None:
    """Say plainly at its field that a date cannot be read."""
    if form.until.errors:
        form.until.errors = [NOT_A_DATE]

"""What somebody asks to find a ward, and writes of a priority."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from flask_wtf import FlaskForm
from wtforms import DateField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from hub.wards.wording import Given
from hub.words import month_code, month_name

DATE_FORMS = ["%Y-%m-%d", "%d/%m/%Y"]
NOT_A_DATE = "Enter a real date, such as 31/03/2027"


class FindForm(FlaskForm):
    """A ward's name or the first half of a postcode. It changes nothing, so it needs no token."""

    class Meta:
        """Sent by GET."""

        csrf = False

    find = StringField("Name of your ward, or first half of your postcode")


class YearForm(FlaskForm):
    """The month that the year ends with. It changes nothing, so it needs no token."""

    class Meta:
        """Sent by GET."""

        csrf = False

    to = SelectField("12 months to")

    def offer(self, months: Sequence[dt.date], chosen: dt.date) -> None:
        """Offer the months that there are figures for."""
        self.to.choices = [(month_code(month), month_name(month)) for month in months]
        self.to.data = month_code(chosen)


class PriorityForm(FlaskForm):
    """All that is written of a priority."""

    number = HiddenField()
    words = StringField("Priority")
    source = StringField("Who asked for it")
    set_on = DateField("Set on", format=DATE_FORMS, validators=[Optional()])
    review_on = DateField("To be looked at again by", format=DATE_FORMS, validators=[Optional()])
    note = TextAreaField("What was done so far")

    def show(self, given: Given, number: int) -> None:
        """Fill in how a priority stands."""
        self.number.data = str(number)
        for name in ("words", "source", "set_on", "review_on", "note"):
            self[name].data = getattr(given, name)

    def is_readable(self) -> bool:
        """Whether the dates are dates; says so at each that is not."""
        is_valid: bool = self.validate()
        for field in (self.set_on, self.review_on):
            if field.errors:
                field.errors = [NOT_A_DATE]
        return is_valid

    def given(self) -> Given:
        """What was written."""
        return Given(
            self.words.data or "",
            self.source.data or "",
            self.set_on.data,
            self.review_on.data,
            self.note.data or "",
        )

    def follows(self) -> int:
        """The number of the entry that was on the page; 0 where none is named."""
        number = self.number.data or ""
        return int(number) if number.isdecimal() and len(number) < 6 else 0

    def blame(self, faults: Mapping[str, str]) -> None:
        """Say what is wrong at each field."""
        for name, sentence in faults.items():
            self[name].errors = [sentence]

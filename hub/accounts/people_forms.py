"""What an administrator writes of people, and what somebody writes who has a one-time link."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from flask_wtf import FlaskForm
from wtforms import DateField, PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, EqualTo, Length, Optional, ValidationError

from hub.access import Role
from hub.accounts import memberships
from hub.accounts.models import LONGEST_GROUP
from hub.accounts.people import Offer
from hub.accounts.service import LONGEST_EMAIL, LONGEST_NAME
from hub.places.service import Area

DATE_FORMS = ["%Y-%m-%d", "%d/%m/%Y"]
NOT_A_DATE = "Enter a real date, such as 31/03/2027"
CHOOSE = [("", "Choose one")]


class DayField(DateField):
    """A day, or nothing."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read it, and say plainly where it is none."""
        try:
            super().process_formdata([value for value in valuelist if value.strip()])
        except ValueError:
            raise ValueError(NOT_A_DATE) from None


class RoleForm(FlaskForm):
    """A role, and the place it is held for."""

    role = SelectField("Role", validators=[DataRequired("Choose a role")])
    place = SelectField("Place", validators=[DataRequired("Choose a place")])

    def offer_places(self, areas: Iterable[Area]) -> None:
        """Say what can be chosen."""
        self.role.choices = [*CHOOSE, *((role.value, role.title) for role in Role)]
        self.place.choices = [*CHOOSE, *((area.slug, _named(area)) for area in areas)]


class MembershipForm(RoleForm):
    """A role, the place it is held for, and its first and last day."""

    starts_on = DayField("First day", format=DATE_FORMS, default=memberships.today, validators=[Optional()])
    ends_on = DayField("Last day", format=DATE_FORMS, validators=[Optional()])

    def validate_starts_on(self, field: DayField) -> None:
        """A role begins on some day, and not before it was given."""
        if field.data is None:
            raise ValidationError("Enter the first day, such as 31/03/2027")
        if field.data < memberships.today():
            raise ValidationError("The first day must be today or later")

    @property
    def offer(self) -> Offer:
        """What was chosen."""
        return Offer(Role(self.role.data), self.place.data, self.starts_on.data, self.ends_on.data)


class InvitationForm(MembershipForm):
    """Who is invited, and what for."""

    email = StringField(
        "E-mail address",
        validators=[
            DataRequired("Enter the person's e-mail address"),
            Length(max=LONGEST_EMAIL, message="Enter an e-mail address that is not so long"),
        ],
    )
    name = StringField(
        "Full name",
        validators=[
            DataRequired("Enter the person's name"),
            Length(max=LONGEST_NAME, message=f"Enter a name of {LONGEST_NAME} letters at most"),
        ],
    )


class GroupForm(RoleForm):
    """The role that a group gives."""

    group = StringField(
        "Group",
        validators=[
            DataRequired("Enter the group as your organisation's sign-in writes it"),
            Length(max=LONGEST_GROUP, message=f"Enter a group of {LONGEST_GROUP} characters at most"),
        ],
    )


class LastDayForm(FlaskForm):
    """Until when a role is held; empty for as long as nobody says otherwise."""

    ends_on = DayField("Last day", format=DATE_FORMS, validators=[Optional()])

    @property
    def last_day(self) -> dt.date | None:
        """What was written."""
        day: dt.date | None = self.ends_on.data
        return day


class AddressForm(FlaskForm):
    """Whose password is forgotten."""

    email = StringField(
        "E-mail address",
        validators=[
            DataRequired("Enter your e-mail address"),
            Length(max=LONGEST_EMAIL, message="Enter an e-mail address that is not so long"),
        ],
    )


class PasswordForm(FlaskForm):
    """A new password, twice, since nobody sees what they type."""

    password = PasswordField("Password", validators=[DataRequired("Enter a password")])
    again = PasswordField(
        "Password again",
        validators=[DataRequired("Enter the password again"), EqualTo("password", "The two passwords differ")],
    )


def _named(area: Area) -> str:
    return {"bcu": f"{area.name} (BCU)", "london": f"{area.name} (every borough)"}.get(area.kind, area.name)

"""What somebody says of a token they want. Whether they may have it is for the service to tell."""

from __future__ import annotations

import datetime as dt

from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from hub.accounts.tokens import LONGEST_NAME
from hub.words import LONDON

LIVES = {"30": "30 days", "90": "3 months", "182": "6 months", "365": "a year"}


class TokenForm(FlaskForm):
    """What it is for, the one dataset it may send, and how long it is good."""

    name = StringField(
        "What is it for?",
        validators=[
            DataRequired("Say what the token is for"),
            Length(max=LONGEST_NAME, message=f"Say what it is for in {LONGEST_NAME} characters"),
        ],
    )
    dataset = SelectField("Dataset")
    days = SelectField("Good for", choices=[SelectChoice(*life) for life in LIVES.items()], default="90")

    @property
    def ends_on(self) -> dt.date:
        """The last day on which it is good."""
        return dt.datetime.now(LONDON).date() + dt.timedelta(days=int(self.days.data))

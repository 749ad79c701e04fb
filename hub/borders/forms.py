"""A borough's choice to publish bands, or none."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField


class ChoiceForm(FlaskForm):
    """Whether the borough publishes."""

    publishes = BooleanField("Publish bands")

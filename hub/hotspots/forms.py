"""What a reader of the hotspot page may choose, and how it is offered."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import SelectField

from hub.errors import BadRequest
from hub.hotspots.checking import ALL_CRIME
from hub.hotspots.layers import Show
from hub.hotspots.service import Choices
from hub.words import month_code, short_month


class OverlayForm(FlaskForm):
    """What to show, of which offences, over which months. It changes nothing, so it needs no token."""

    class Meta:
        """Sent by GET."""

        csrf = False

    show = SelectField("Show", choices=[(show.value, show.words) for show in Show])
    category = SelectField("Offences")
    first = SelectField("From", name="from")
    last = SelectField("To", name="to")

    def offer(self, choices: Choices) -> None:
        """Offer what there is data for; where nothing is chosen yet, choose what is shown first."""
        months = [(month_code(month), short_month(month)) for month in choices.months]
        self.first.choices = self.last.choices = months
        self.category.choices = _grouped(choices)
        self.show.data = self.show.data or Show.WARD_HOTSPOTS.value
        self.category.data = self.category.data or ALL_CRIME
        self.first.data = self.first.data or month_code(choices.first_month)
        self.last.data = self.last.data or month_code(choices.last_month)


def chosen_show(value: str | None) -> Show:
    """Understand what is to be shown.

    Raises
    ------
    BadRequest
        Naming what there is.
    """
    try:
        return Show(value or Show.WARD_HOTSPOTS.value)
    except ValueError:
        known = ", ".join(Show)
        raise BadRequest(f"There is nothing called '{value}' to show.", remedy=f"Choose one of: {known}.") from None


def _grouped(choices: Choices) -> dict[str, list[tuple[str, str]]]:
    """Offer each dataset's categories under its title, since ward files and points do not share theirs."""
    return {"": [(ALL_CRIME, ALL_CRIME)]} | {
        title: [
            pair
            for group, subgroups in categories
            for pair in [(group, group), *((name, f"– {name}") for name in subgroups if name != group)]
        ]
        for title, categories in choices.categories.items()
    }

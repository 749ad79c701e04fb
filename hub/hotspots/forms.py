"""What a reader of the hotspot page may choose, and how it is offered."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from geo.months import MONTHS_IN_YEAR
from hub.errors import BadRequest
from hub.hotspots.checking import ALL_CRIME
from hub.hotspots.layers import Show
from hub.hotspots.scoring import Method
from hub.hotspots.service import Choices
from hub.hotspots.wording import listed
from hub.words import month_code, months_before, parse_month, short_month

_BESIDE = frozenset(show.value for show in Show if show.method is Method.AGENCIES)


class OverlayForm(FlaskForm):
    """What to show, of which offences, over which months. It changes nothing, so it needs no token."""

    class Meta:
        """Sent by GET."""

        csrf = False

    show = SelectField("Show", choices=[SelectChoice(show.value, show.words) for show in Show])
    category = SelectField("Offences")
    beside = SelectField("Set beside", name="with")
    first = SelectField("From", name="from")
    last = SelectField("To", name="to")

    def offer(self, choices: Choices) -> None:
        """Offer what there is data for; where nothing is chosen yet, choose what is shown first."""
        months = [SelectChoice(month_code(month), short_month(month)) for month in choices.months]
        self.first.choices = self.last.choices = months
        self.category.choices = _categories(choices)
        self.beside.choices = [SelectChoice(key, title) for key, title in choices.beside.items()]
        self.show.data = self.show.data or Show.WARD_HOTSPOTS.value
        self.category.data = self.category.data or ALL_CRIME
        self.first.data = self.first.data or month_code(choices.first_month)
        self.last.data = self.last.data or month_code(choices.last_month)

    def asked(self) -> list[SelectField]:
        """The fields that the choice needs: another agency only where agencies are compared, and there is one."""
        is_beside = self.show.data in _BESIDE and bool(self.beside.choices)
        return [self.show, self.category, *([self.beside] if is_beside else []), self.first, self.last]

    def moved(self, months: int) -> dict[str, str] | None:
        """The same choice that many months later, or earlier if below zero; None where there is no data for it."""
        offered = [str(choice.value) for choice in reversed(self.last.choices or [])]
        if not {self.first.data, self.last.data} <= set(offered):
            return None
        first, last = (offered.index(field.data) + months for field in (self.first, self.last))
        if first < 0 or last >= len(offered):
            return None
        return {field.name: field.data for field in self.asked()} | {"from": offered[first], "to": offered[last]}


class ComparisonForm(OverlayForm):
    """The same, and the month in which another period of the same length ends."""

    show = SelectField(
        "Show", choices=[SelectChoice(show.value, show.words) for show in Show if not show.compares_periods]
    )
    against = SelectField("Beside the period to")

    def offer(self, choices: Choices) -> None:
        """Offer what there is data for; unless chosen, set a period beside the one just before it."""
        super().offer(choices)
        self.against.choices = self.last.choices
        self.against.data = self.against.data or self.just_before

    def asked(self) -> list[SelectField]:
        """The fields that the choice needs."""
        return [*super().asked(), self.against]

    @property
    def just_before(self) -> str:
        """The last month of the period that ends where the one chosen begins; blank where no month is chosen."""
        return _earlier(self.first.data, 1)

    @property
    def year_before(self) -> str:
        """The last month of the same months a year before; blank where no month is chosen."""
        return _earlier(self.last.data, MONTHS_IN_YEAR)

    def set_against(self, month: str) -> dict[str, str]:
        """The same choice, with another month for the other period to end in."""
        return {field.name: field.data for field in super().asked()} | {"against": month}


def _earlier(month: str, count: int) -> str:
    try:
        return month_code(months_before(parse_month(month), count))
    except BadRequest:
        return ""


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


def _categories(choices: Choices) -> list[SelectChoice]:
    """Offer each category once, under the titles of the datasets that have it: ward files and points differ."""
    titles: dict[str, list[str]] = {}
    group_of: dict[str, str] = {}
    for title, categories in choices.categories.items():
        for group, subgroups in categories:
            for name in dict.fromkeys([group, *subgroups]):
                titles.setdefault(name, []).append(title)
                group_of.setdefault(name, group)
    offered = [SelectChoice(ALL_CRIME, ALL_CRIME)]
    for having in sorted(set(map(tuple, titles.values())), key=len, reverse=True):
        for name in (name for name, its_titles in titles.items() if tuple(its_titles) == having):
            is_part = group_of[name] != name and tuple(titles[group_of[name]]) == having
            offered.append(SelectChoice(name, f"– {name}" if is_part else name, optgroup=listed(having)))
    return offered

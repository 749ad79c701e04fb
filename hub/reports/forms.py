"""What somebody gives to draft, edit, issue again or schedule a report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from flask_wtf import FlaskForm
from wtforms import SelectField

from hub.errors import BadRequest
from hub.reports import kinds
from hub.reports.composing import Chosen
from hub.reports.models import Repeats
from hub.words import month_code, month_name

REPEATS_WORDS = {
    Repeats.ONCE: "Once",
    Repeats.QUARTERLY: "Every three months",
    Repeats.YEARLY: "Every year",
}


class DraftForm(FlaskForm):
    """The kind of a new report, and the month that its latest 12 months end with."""

    kind = SelectField("Kind of report")
    to = SelectField("12 months to")

    def offer(self, months: Sequence[dt.date], usual: dt.date | None) -> None:
        """Offer every kind and the months that can be shown."""
        self.kind.choices = [(kind.key, kind.title) for kind in kinds.kinds().values()]
        self.to.choices = [(month_code(month), month_name(month)) for month in months]
        self.to.data = self.to.data or (month_code(usual) if usual else None)


class ScheduleForm(FlaskForm):
    """Which kind of report is drafted how long before which day, and how often."""

    kind = SelectField("Kind of report")
    repeats = SelectField("How often")

    def offer(self) -> None:
        """Offer every kind and every rhythm."""
        self.kind.choices = [(kind.key, kind.title) for kind in kinds.kinds().values()]
        self.repeats.choices = [(one.value, REPEATS_WORDS[one]) for one in Repeats]


def chosen_sections(sent: Mapping[str, str], present: Sequence[Chosen]) -> tuple[Chosen, ...]:
    """Read the editing form: each section's place, whether it is in, and its words. What must stay is in.

    Raises
    ------
    BadRequest
        If a place is no number.
    """
    known = kinds.sections()
    placed = []
    for number, one in enumerate(present, start=1):
        place = sent.get(f"place-{one.key}", "").strip() or str(number)
        if not place.isdecimal() or len(place) > 3:
            raise BadRequest(
                f"The place of “{known[one.key].title}” is '{place[:20]}'.",
                remedy="Give a whole number: 1 comes first.",
            )
        is_included = known[one.key].stays or f"include-{one.key}" in sent
        words = sent.get(f"words-{one.key}", "").replace("\r\n", "\n").strip()
        placed.append((int(place), number, Chosen(one.key, is_included, words)))
    return tuple(one for *_, one in sorted(placed, key=lambda each: each[:2]))


def typed_day(words: str) -> dt.date:
    """Read a day as the browser's field sends it.

    Raises
    ------
    BadRequest
        If it is none.
    """
    try:
        return dt.date.fromisoformat(words.strip())
    except ValueError as error:
        raise BadRequest("The day was not understood.", remedy="Write it as 2026-03-31.") from error


def typed_days(words: str) -> int:
    """Read a number of days.

    Raises
    ------
    BadRequest
        If it is none.
    """
    said = words.strip()
    if not said.isdecimal() or len(said) > 3:
        raise BadRequest("The days before were not understood.", remedy="Give a whole number of days.")
    return int(said)


def typed_repeats(words: str) -> Repeats:
    """Read how often.

    Raises
    ------
    BadRequest
        If it is none of the choices.
    """
    try:
        return Repeats(words)
    except ValueError as error:
        raise BadRequest("It was not chosen how often.", remedy="Choose one from the list.") from error

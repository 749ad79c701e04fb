"""The five measures that an officer chooses. Whether they may is for the service to say."""

from __future__ import annotations

from collections.abc import Sequence

from flask_wtf import FlaskForm
from wtforms import SelectField

from hub.measures.definitions import Measure


class FiveForm(FlaskForm):
    """One list to choose from for each of the five places."""

    first = SelectField("First measure")
    second = SelectField("Second measure")
    third = SelectField("Third measure")
    fourth = SelectField("Fourth measure")
    fifth = SelectField("Fifth measure")

    def offer(self, measures: Sequence[Measure]) -> None:
        """Say what there is to choose from."""
        for field in self.places:
            field.choices = [(one.code, one.title) for one in measures]

    def show(self, measures: Sequence[Measure]) -> None:
        """Fill in five."""
        for field, one in zip(self.places, measures, strict=True):
            field.data = one.code

    @property
    def places(self) -> tuple[SelectField, ...]:
        """The five, in order."""
        return self.first, self.second, self.third, self.fourth, self.fifth

    @property
    def codes(self) -> list[str]:
        """What was chosen, in order."""
        return [str(field.data) for field in self.places]

    def find_repeats(self) -> bool:
        """Mark each place that repeats an earlier one; whether there is any."""
        for i, field in enumerate(self.places):
            if field.data in self.codes[:i]:
                field.errors = [f"{field.label.text} is chosen above already: choose another"]
        return bool(self.errors)

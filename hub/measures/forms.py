"""The five measures that an officer chooses, each with what it is compared with. Whether they may the service says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask_wtf import FlaskForm
from wtforms import SelectField

from hub.measures.comparisons import Comparison, known
from hub.measures.definitions import Measure
from hub.measures.service import CANNOT_COMPARE


class FiveForm(FlaskForm):
    """One list to choose from for each of the five places."""

    first = SelectField("First measure")
    second = SelectField("Second measure")
    third = SelectField("Third measure")
    fourth = SelectField("Fourth measure")
    fifth = SelectField("Fifth measure")
    first_with = SelectField("Compare the first with", default="")
    second_with = SelectField("Compare the second with", default="")
    third_with = SelectField("Compare the third with", default="")
    fourth_with = SelectField("Compare the fourth with", default="")
    fifth_with = SelectField("Compare the fifth with", default="")

    def offer(self, measures: Sequence[Measure]) -> None:
        """Say what there is to choose from."""
        for field, with_what in self.pairs:
            field.choices = [(one.code, one.title) for one in measures]
            with_what.choices = [("", "What is usual"), *((one.code, one.title) for one in known().values())]

    def show(self, measures: Sequence[Measure], compared_with: Mapping[str, Comparison]) -> None:
        """Fill in five."""
        for (field, with_what), one in zip(self.pairs, measures, strict=True):
            field.data = one.code
            with_what.data = compared_with[one.code].code if one.code in compared_with else ""

    @property
    def places(self) -> tuple[SelectField, ...]:
        """The five, in order."""
        return self.first, self.second, self.third, self.fourth, self.fifth

    @property
    def codes(self) -> list[str]:
        """What was chosen, in order."""
        return [str(field.data) for field in self.places]

    @property
    def pairs(self) -> tuple[tuple[SelectField, SelectField], ...]:
        """Each of the five with what it is compared with."""
        with_what = self.first_with, self.second_with, self.third_with, self.fourth_with, self.fifth_with
        return tuple(zip(self.places, with_what, strict=True))

    @property
    def compared_with(self) -> dict[str, str]:
        """By a measure's code that of what was chosen for it; what is usual is left out."""
        return {str(field.data): str(with_what.data) for field, with_what in self.pairs if with_what.data}

    def find_faults(self, measures: Sequence[Measure]) -> bool:
        """Mark each place that repeats an earlier one or cannot be compared so; whether there is any."""
        by_code = {one.code: one for one in measures}
        for i, (field, with_what) in enumerate(self.pairs):
            if field.data in self.codes[:i]:
                field.errors = [f"{field.label.text} is chosen above already: choose another"]
            if with_what.data and not known()[with_what.data].fits(by_code[str(field.data)]):
                with_what.errors = [f"{with_what.label.text}: {CANNOT_COMPARE}"]
        return bool(self.errors)

"""What somebody gives to make a zone, to rename one, and to choose what is counted on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import BinaryIO, cast

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage
from wtforms import SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from hub.hotspots.checking import ALL_CRIME
from hub.words import month_code, short_month
from hub.zones.counting import ZoneChoices
from hub.zones.service import Drawn


class ZoneForm(FlaskForm):
    """A name, and ground in any of four ways."""

    name = StringField("Name of the zone")
    corners = TextAreaField("Corners")
    wards = SelectMultipleField("Wards", validate_choice=False)
    squares = TextAreaField("Squares")
    file = FileField("File")

    def offer(self, wards: Sequence[tuple[str, str]]) -> None:
        """Offer the wards of the area."""
        self.wards.choices = [SelectChoice(code, name) for code, name in wards]

    def given(self) -> Drawn:
        """What was typed, chosen and sent."""
        sent = self.file.data if isinstance(self.file.data, FileStorage) and self.file.data.filename else None
        return Drawn(
            name=self.name.data or "",
            corners=self.corners.data or "",
            squares=self.squares.data or "",
            ward_codes=tuple(self.wards.data or ()),
            file_name=(sent.filename or "") if sent else "",
            stream=cast(BinaryIO, sent.stream) if sent else None,
        )


class CountForm(FlaskForm):
    """Which offences, up to which month. It changes nothing, so it needs no token."""

    class Meta:
        """Sent by GET."""

        csrf = False

    category = SelectField("Offences")
    last = SelectField("Month", name="to")

    def offer(self, choices: ZoneChoices) -> None:
        """Offer what there is; unless chosen, all recorded crime of the newest month."""
        self.category.choices = [SelectChoice(name, name) for name in choices.categories]
        self.last.choices = [SelectChoice(month_code(month), short_month(month)) for month in choices.months]
        self.category.data = self.category.data or ALL_CRIME
        self.last.data = self.last.data or month_code(choices.months[0])

    @property
    def asked(self) -> Mapping[str, str]:
        """The choice, as an address has it."""
        return {"category": self.category.data, "to": self.last.data}

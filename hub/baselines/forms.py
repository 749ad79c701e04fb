"""The form that opens a problem at a place of a map."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from hub.baselines.opening import Ready
from hub.errors import NotFound
from hub.problems.choices import choices
from hub.problems.wording import Unfit


class PlaceForm(FlaskForm):
    """What is said of a problem at a place of a map; which place that is comes with it, as the address had it."""

    category = HiddenField()
    unit = HiddenField()
    zone = HiddenField()
    to = HiddenField()
    dataset = HiddenField()
    title = StringField("Title")
    kind = SelectField("Kind of problem", validate_choice=False)
    place = StringField("Place")
    owner_body = SelectField("Body that owns it", validate_choice=False)
    owner = SelectField("Person who owns it", validate_choice=False)

    def fill(self, ready: Ready) -> None:
        """Say what is known of the place."""
        self.title.data, self.kind.data, self.place.data = ready.title, ready.kind, ready.flagged.response.name
        self.owner_body.data, self.owner.data = "police", ""

    def offer(self, people: Mapping[str, str]) -> None:
        """Offer what may be chosen."""
        given = choices()
        self.kind.choices = [SelectChoice(*one) for one in given.kinds.items()]
        self.owner_body.choices = [SelectChoice(*one) for one in given.bodies.items()]
        self.owner.choices = [SelectChoice("", "Nobody yet"), *(SelectChoice(*one) for one in people.items())]

    @property
    def zone_id(self) -> UUID | None:
        """The zone that it is opened on; None where that is a place of the map.

        Raises
        ------
        NotFound
            If what was given is no zone's id.
        """
        try:
            return UUID(self.zone.data) if self.zone.data else None
        except ValueError:
            raise NotFound from None

    @property
    def said(self) -> dict[str, str]:
        """What was typed and chosen, but for the person."""
        return {name: self[name].data or "" for name in ("title", "kind", "place", "owner_body")}

    @property
    def owner_id(self) -> UUID | None:
        """Who owns it, if anybody yet.

        Raises
        ------
        Unfit
            If what was chosen is nobody's id.
        """
        try:
            return UUID(self.owner.data) if self.owner.data else None
        except ValueError:
            raise Unfit({"owner": "Choose one of these people, or nobody."}) from None

    def blame(self, faults: Mapping[str, str]) -> None:
        """Say what is wrong at each field."""
        for name, sentence in faults.items():
            self[name].errors = [sentence]

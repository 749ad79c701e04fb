"""What somebody writes into the ledger: a liaison officer, and what an item should say."""

from __future__ import annotations

from collections.abc import Mapping

from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectMultipleField, StringField, TextAreaField

from hub.ledger.prescribed import Item, Provider
from hub.ledger.service import ItemChanges, Liaison


class LiaisonForm(FlaskForm):
    """Whom to write to at one provider."""

    organisation = StringField("Organisation")
    name = StringField("Liaison officer")
    email = StringField("E-mail address")

    def given(self, provider: Provider) -> Liaison:
        """What was typed, with single spaces."""
        organisation, name, email = (
            " ".join((field.data or "").split()) for field in (self.organisation, self.name, self.email)
        )
        return Liaison(provider, organisation, name, email)

    def blame(self, faults: Mapping[str, str]) -> None:
        """Say what is wrong at each field."""
        for name, sentence in faults.items():
            self[name].errors = [sentence]


class ItemForm(FlaskForm):
    """A prescribed dataset as an administrator would have it."""

    title = StringField("Dataset")
    fields = TextAreaField("Fields")
    counted_by = SelectMultipleField("Datasets of the hub that count as it")
    to_verify = TextAreaField("What is still to be verified")
    is_prescribed = BooleanField("It is due each quarter")
    source = StringField("Where you found this")

    def offer(self, datasets: Mapping[str, str]) -> None:
        """Say which datasets the hub has."""
        self.counted_by.choices = list(datasets.items())

    def show(self, item: Item) -> None:
        """Fill in what the item says now; where a change comes from is for its writer to say."""
        for name in ("title", "fields", "counted_by", "to_verify", "is_prescribed"):
            self[name].data = getattr(item, name)

    def changes(self) -> ItemChanges:
        """What was written, without the spaces around it."""
        words = {name: (self[name].data or "").strip() for name in ("title", "fields", "to_verify", "source")}
        return ItemChanges(
            **words, counted_by=tuple(self.counted_by.data or ()), is_prescribed=bool(self.is_prescribed.data)
        )

    def blame(self, faults: Mapping[str, str]) -> None:
        """Say what is wrong at each field."""
        for name, sentence in faults.items():
            self[name].errors = [sentence]

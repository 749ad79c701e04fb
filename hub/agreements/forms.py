"""What somebody writes of a sharing agreement. What is wrong with it is for `terms.faults` to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask_wtf import FlaskForm
from wtforms import (
    DateField,
    FieldList,
    Form,
    FormField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Optional

from hub.agreements.terms import MARKINGS, Party, PartyRole, Terms

EMPTY_PARTY_ROWS = 2
FEWEST_PARTY_ROWS = 4
DATE_FORMS = ["%Y-%m-%d", "%d/%m/%Y"]
NOT_A_DATE = "Enter a real date, such as 31/03/2027"
NO_ROLE = "Choose what each party does"
NOT_A_NUMBER = "Enter a whole number of months, such as 60"

_ROLES = {role.value for role in PartyRole}


class PartyForm(Form):
    """One party, and what it does with the data."""

    name = StringField("Party")
    role = StringField("What it does", default=PartyRole.PROVIDES.value)


class AgreementForm(FlaskForm):
    """Everything that one version of an agreement says."""

    boroughs = SelectMultipleField("Boroughs")
    reference = StringField("Reference")
    owner = StringField("Owner")
    purpose = TextAreaField("Purpose")
    parties = FieldList(FormField(PartyForm), label="Parties", min_entries=FEWEST_PARTY_ROWS)
    duty = TextAreaField("The duty to disclose (section 17A)")
    power = TextAreaField("The power to disclose (section 115)")
    datasets = SelectMultipleField("Datasets covered")
    data_items = TextAreaField("Data items")
    granularity = StringField("How fine the data is")
    frequency = StringField("How often it is sent")
    marking = SelectField("Marking")
    security = TextAreaField("Security")
    onward_sharing = TextAreaField("Onward sharing")
    retention_months = IntegerField("Months for which the data is kept", validators=[Optional()])
    starts_on = DateField("Starts on", format=DATE_FORMS, validators=[Optional()])
    ends_on = DateField("Ends on", format=DATE_FORMS, validators=[Optional()])
    review_on = DateField("To be reviewed on", format=DATE_FORMS, validators=[Optional()])
    signed_on = DateField("Signed by all on", format=DATE_FORMS, validators=[Optional()])

    def offer(self, boroughs: Sequence[tuple[str, str]], datasets: Mapping[str, str]) -> None:
        """Say what can be chosen."""
        self.boroughs.choices = list(boroughs)
        self.datasets.choices = list(datasets.items())
        self.marking.choices = [(marking, marking) for marking in MARKINGS]

    def show(self, terms: Terms) -> None:
        """Fill in the terms of the version that is to be followed; what follows it has yet to be signed."""
        for name in Terms.__dataclass_fields__:
            if name not in {"parties", "signed_on"}:
                self[name].data = getattr(terms, name)
        while self.parties.entries:
            self.parties.pop_entry()
        rows = max(FEWEST_PARTY_ROWS, len(terms.parties) + EMPTY_PARTY_ROWS)
        for number in range(rows):
            party = terms.parties[number] if number < len(terms.parties) else Party("", PartyRole.PROVIDES)
            self.parties.append_entry({"name": party.name, "role": party.role.value})

    def terms(self) -> Terms:
        """What was written, without the spaces around it."""
        written = {name: self[name].data for name in Terms.__dataclass_fields__ if name != "parties"}
        written = {name: value.strip() if isinstance(value, str) else value for name, value in written.items()}
        parties = tuple(Party(name, PartyRole(role)) for name, role in self._named_parties() if role in _ROLES)
        return Terms(**{**written, "parties": parties, "datasets": tuple(self.datasets.data or ())})

    def _named_parties(self) -> list[tuple[str, str]]:
        """The lines that name a party; what the others say it does means nothing."""
        named = [(" ".join((line.form.name.data or "").split()), str(line.form.role.data)) for line in self.parties]
        return [(name, role) for name, role in named if name]

    def is_readable(self) -> bool:
        """Whether everything that was sent is what its field takes; says so at each field that is not."""
        is_valid: bool = self.validate()
        for field in (self.starts_on, self.ends_on, self.review_on, self.signed_on):
            if field.errors:
                field.errors = [NOT_A_DATE]
        if self.retention_months.errors:
            self.retention_months.errors = [NOT_A_NUMBER]
        if any(role not in _ROLES for _, role in self._named_parties()):
            self.parties.errors, is_valid = [NO_ROLE], False
        return is_valid

    def blame(self, faults: Mapping[str, str]) -> None:
        """Say what is wrong at each field; what could not be read there at all stands already."""
        for name, sentence in faults.items():
            if not self[name].errors:
                self[name].errors = [sentence]

"""What somebody gives to open a problem, to find one, to write an entry of it and to search the memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from hub.errors import BadRequest
from hub.problems import contents
from hub.problems.choices import choices
from hub.problems.contents import RESULTS, Field
from hub.problems.memory import Telling, Wanted
from hub.problems.service import Opening, Place, Thing
from hub.problems.terms import Kind, Stage
from hub.problems.wording import Unfit, tidied
from hub.words import parse_month
from hub.zones.service import ShownZone

STAGES = {stage.value: stage.value.capitalize() for stage in Stage}


@dataclass(frozen=True)
class EntryForm:
    """The form of one entry: of a new thing, or of one that is followed up."""

    kind: Kind
    thing: UUID | None
    follows: int
    values: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    is_open: bool = False

    @property
    def key(self) -> str:
        """By which its fields differ from those of the page's other forms."""
        return f"{self.kind.value}-{self.thing or 'new'}" if self.kind in contents.REPEATED else self.kind.value

    @property
    def fields(self) -> tuple[Field, ...]:
        """What it asks, in order."""
        return contents.fields()[self.kind]

    @property
    def fault_list(self) -> list[tuple[str, str]]:
        """Each fault with the id of its field, in the order of the page."""
        return [(f"{self.key}-{one.name}", self.faults[one.name]) for one in self.fields if one.name in self.faults]


def follow_up(thing: Thing) -> EntryForm:
    """The form that says how a thing stands now, filled with how it stood."""
    return EntryForm(thing.kind, thing.id, thing.number, thing.body)


def sent(kind: Kind, form: MultiDict[str, str]) -> EntryForm:
    """A form as it was sent."""
    values = {one.name: form.get(one.name, "") for one in contents.fields()[kind]}
    follows = form.get("follows", "")
    number = int(follows) if follows.isascii() and follows.isdecimal() and len(follows) < 6 else 0
    return EntryForm(kind, _uuid(form.get("thing", "")), number, values, is_open=True)


class FilterForm(FlaskForm):
    """Which problems are listed. It changes nothing, so it needs no token."""

    class Meta:
        """Sent by GET."""

        csrf = False

    stage = SelectField("Stage")
    borough = SelectField("Borough")
    mine = SelectField("Whose")

    def offer(self, boroughs: Sequence[tuple[str, str]]) -> None:
        """Offer the stages and the boroughs; what is not among them is as if it were not asked."""
        self.stage.choices = _offered("All that are not closed", STAGES.items())
        self.borough.choices = _offered("All", boroughs)
        self.mine.choices = _offered("Everybody's", [("yes", "Mine")])
        _forget_unoffered(self.stage, self.borough, self.mine)


class OpeningForm(FlaskForm):
    """All that a problem is opened with."""

    title = StringField("Title")
    kind = SelectField("Kind of problem", validate_choice=False)
    boroughs = SelectMultipleField("Boroughs that it belongs to", validate_choice=False)
    place = StringField("Place")
    ward = SelectField("Ward", validate_choice=False)
    zone = SelectField("Zone", validate_choice=False)
    premises = SelectField("Kind of premises", validate_choice=False)
    first = StringField("First month")
    last = StringField("Last month")
    categories = StringField("Offences or incidents")
    owner_body = SelectField("Body that owns it", validate_choice=False)
    owner = SelectField("Person who owns it", validate_choice=False)

    def offer(
        self,
        boroughs: Sequence[tuple[str, str]],
        wards: Sequence[tuple[str, str]],
        zones: Sequence[ShownZone],
        people: Mapping[str, str],
    ) -> None:
        """Offer what may be chosen."""
        given = choices()
        self.kind.choices = _offered("Choose one", given.kinds.items())
        self.boroughs.choices = [SelectChoice(code, name) for code, name in boroughs]
        self.ward.choices = _offered("No one ward", wards)
        self.zone.choices = _offered("No zone", [(str(one.id), one.name) for one in zones])
        self.premises.choices = _offered("No one kind", given.premises.items())
        self.owner_body.choices = _offered("Choose one", given.bodies.items())
        self.owner.choices = _offered("Nobody yet", people.items())

    def given(self, zones: Sequence[ShownZone]) -> Opening:
        """What was typed and chosen; a place that has no name is called by what it was chosen as.

        Parameters
        ----------
        zones
            Those that may be chosen.

        Raises
        ------
        Unfit
            If a month or an id is none, the zone is none of these, or no borough was chosen.
        """
        months, faults = [], {}
        for name in ("first", "last"):
            try:
                months.append(parse_month(self[name].data or "", what=f"The {name} month"))
            except BadRequest as error:
                faults[name] = f"{error.sentence} {error.remedy}"
        owner = _uuid(self.owner.data or "")
        if self.owner.data and owner is None:
            faults["owner"] = "Choose one of these people, or nobody."
        boroughs = frozenset(filter(None, self.boroughs.data or ()))
        if not boroughs:
            faults["boroughs"] = "Choose at least one borough."
        zone = next((one for one in zones if str(one.id) == self.zone.data), None)
        if self.zone.data and zone is None:
            faults["zone"] = "Choose one of these zones, or none."
        if faults:
            raise Unfit(faults)
        premises = self.premises.data or ""
        return Opening(
            boroughs=boroughs,
            title=self.title.data or "",
            kind=self.kind.data or "",
            place=Place(
                self.place.data or (zone.name if zone else choices().premises.get(premises, "")),
                self.ward.data or None,
                zone_id=zone.id if zone else None,
                premises=premises,
                outline=zone.outline if zone else None,
            ),
            period=(months[0], months[1]),
            categories=[tidied(one) for one in (self.categories.data or "").split(",") if one.strip()],
            owner_body=self.owner_body.data or "",
            owner_id=owner,
        )

    def blame(self, faults: Mapping[str, str]) -> None:
        """Say what is wrong at each field."""
        for name, sentence in faults.items():
            self[_SHOWN_AT.get(name, name)].errors = [sentence]


_SHOWN_AT = {"period": "first"}


class AbstractForm(FlaskForm):
    """What an owner tells all boroughs of a problem."""

    problem = TextAreaField("The problem")
    response = TextAreaField("What was done")
    learning = TextAreaField("What was learnt")

    def given(self) -> Telling:
        """What was written."""
        return Telling(self.problem.data or "", self.response.data or "", self.learning.data or "")

    def blame(self, faults: Mapping[str, str]) -> None:
        """Say what is wrong at each field."""
        for name, sentence in faults.items():
            self[name].errors = [sentence]


class SearchForm(FlaskForm):
    """What is looked for in the memory. It changes nothing, so it needs no token."""

    class Meta:
        """Sent by GET."""

        csrf = False

    words = StringField("Words")
    kind = SelectField("Kind of problem")
    technique = SelectField("Technique")
    result = SelectField("Result")

    def offer(self) -> None:
        """Offer what may be chosen; what is not among it is as if it were not asked."""
        given = choices()
        techniques = [(str(one.number), f"{one.number}. {one.name}") for one in given.techniques.values()]
        self.kind.choices = _offered("Any", given.kinds.items())
        self.technique.choices = _offered("Any", techniques)
        self.result.choices = _offered("Any", RESULTS.items())
        _forget_unoffered(self.kind, self.technique, self.result)

    def wanted(self) -> Wanted:
        """What is looked for."""
        return Wanted(self.words.data or "", self.kind.data, self.technique.data, self.result.data)


def _offered(none: str, choices: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    return [SelectChoice("", none), *(SelectChoice(value, words) for value, words in choices)]


def _forget_unoffered(*fields: SelectField) -> None:
    for one in fields:
        if one.data not in {choice.value for choice in one.choices}:
            one.data = ""


def _uuid(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None

"""The personal-data gate: finds people in a table by what stands in its cells and what heads its columns.

Pure, and in whole columns. Says where and of what kind, and never gives or keeps what it found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import polars as pl

from hub.errors import BadFile
from hub.uploads.findings import row_ranges
from hub.words import plural

ROWS_NAMED = 8
PLACES_NAMED = 10


class What(StrEnum):
    """A kind of personal data, in words."""

    NAME = "names of people"
    BIRTH = "dates of birth"
    PHONE = "phone numbers"
    EMAIL = "e-mail addresses"
    NHS = "NHS numbers"
    INSURANCE = "National Insurance numbers"
    POSTCODE = "full postcodes"
    ADDRESS = "addresses with house numbers"


@dataclass(frozen=True)
class Place:
    """Where personal data stands: never what it is."""

    sheet: str
    """The sheet or layer, if it is not the one that is read."""
    column: str
    """Its heading; empty for what stands above the headings or beyond them."""
    what: What
    rows: tuple[int, ...]
    """The first of them, as a spreadsheet counts."""
    count: int

    @property
    def words(self) -> str:
        """The place as a person reads it."""
        more = f" and {self.count - len(self.rows):,} more" if self.count > len(self.rows) else ""
        column = f"the column '{self.column[:60]}'" if self.column else "cells that stand under no heading"
        sheet = f" of the sheet '{self.sheet[:60]}'" if self.sheet else ""
        return f"{self.what} in {column}{sheet} ({row_ranges(self.rows)}{more})"


class PersonalData(BadFile):
    """A file that tells of people, and where it does."""

    title = "The file holds personal data"

    def __init__(self, places: Sequence[Place]) -> None:
        named = "; ".join(place.words for place in places[:PLACES_NAMED])
        more = f"; and {plural(len(places) - PLACES_NAMED, 'more place')}" if len(places) > PLACES_NAMED else ""
        super().__init__(
            f"The file holds personal data, which the hub never keeps: {named}{more}. Nothing of it was kept.",
            remedy="Leave these columns out, here or in the file itself, and upload it again.",
        )
        self.places = tuple(places)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table that tell of people: to leave out."""
        return tuple(dict.fromkeys(place.column for place in self.places if place.column and not place.sheet))

    @property
    def is_beside_the_table(self) -> bool:
        """Whether people are named outside the table too: above it, beyond it or on another sheet."""
        return any(place.sheet or not place.column for place in self.places)


def find(
    headings: tuple[str, ...], cells: pl.DataFrame, *, above: Iterable[tuple[int, str]] = (), sheet: str = ""
) -> list[Place]:
    """Find every column that holds personal data, and what kinds of it.

    Parameters
    ----------
    headings, cells
        As a table has them: `cells` with `row`, `0`, `1` … and `surplus`.
    above
        What stands above the headings, by row.
    sheet
        What is looked through, if it is not the table that is read.
    """
    columns = {str(at): heading for at, heading in enumerate(headings)}
    found = [
        place
        for name in cells.columns
        if name != "row"
        for place in _in_column(cells.select("row", pl.col(name).alias("value")), columns.get(name, ""), sheet)
    ]
    titles = pl.DataFrame(list(above), {"row": pl.Int64, "value": pl.String}, orient="row")
    return [*_in_column(titles, "", sheet), *found]


def _in_column(column: pl.DataFrame, heading: str, sheet: str) -> Iterator[Place]:
    values = column["value"].drop_nulls().unique(maintain_order=True)
    values = values.filter(values.str.contains(MAY_BE_PERSONAL) & ~values.str.contains(ONE_LONG_CODE))
    if values.is_empty():
        return
    words = heading_words(heading)
    for what, detector in DETECTORS.items():
        seen = detector(words, values)
        if seen.len():
            rows = column.filter(pl.col("value").is_in(seen.implode()))["row"]
            yield Place(sheet, heading, what, tuple(rows.head(ROWS_NAMED).to_list()), rows.len())


def heading_words(heading: str) -> str:
    """A heading as words in lower case: `VictimDOB` and `victim_dob` are both `victim dob`."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9']+", " ", heading)
    return " ".join(parted.casefold().split())


def _matching(values: pl.Series, pattern: str) -> pl.Series:
    return values.filter(values.str.contains(pattern))


def _each(values: pl.Series, candidate: str, is_one: Callable[[str], bool]) -> pl.Series:
    """The values in which one of the candidates, of which there are few, stands a closer look."""
    near = _matching(values, candidate)
    pattern = re.compile(candidate)
    return near.filter(pl.Series([any(map(is_one, _inner(pattern, value))) for value in near], dtype=pl.Boolean))


def _inner(pattern: re.Pattern[str], value: str) -> Iterator[str]:
    """Every match, also where two share the character between them."""
    at = 0
    while found := pattern.search(value, at):
        yield found[1]
        at = found.start(1) + 1


# --- Numbers ---------------------------------------------------------------------------------------------------------

MAY_BE_PERSONAL = r"[A-Za-z]{2}|[\d -]{8}|\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}"
"""Two letters, or eight digits, or a date: without one of these a cell tells of nobody."""
ONE_LONG_CODE = r"^[0-9A-Za-z]{20,}$"
"""Such as a Crime ID: one unbroken word, longer than any number or name that is looked for."""
EMAIL = r"[A-Za-z0-9_%+'-]+(?:\.[A-Za-z0-9_%+'-]+)*(?:@| ?[\[(]at[\])] ?)[A-Za-z0-9-]+\.[A-Za-z]{2,}"
BEFORE, AFTER = r"(?:^|[^\w.,+/-]|(?:^|\D)[.,])", r"(?:$|[^\w/-]|[.-](?:$|\D))"
PHONE = rf"{BEFORE}((?:\+|00)44[\d ()-]{{9,14}}\d|\(?0[\d ()-]{{8,13}}\d){AFTER}"
PHONE_HEADING = re.compile(r"\b(?:tele?phone|phone|mobile|tel|fax|contact (?:no|number)|msisdn)\b")
NHS = rf"{BEFORE}(\d{{3}}([ -]?)\d{{3}}[ -]?\d{{4}}){AFTER}"
NHS_HEADING = re.compile(r"\bnhs\b")
INSURANCE = r"(?i)(?:^|[^a-z0-9])([a-ceghj-pr-tw-z][a-ceghj-npr-tw-z] ?\d\d ?\d\d ?\d\d ?[a-d])(?:$|[^a-z0-9])"
NO_INSURANCE = ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ")


def _phones(heading: str, values: pl.Series) -> pl.Series:
    if PHONE_HEADING.search(heading):
        return _matching(values, r"^[+(]?\d[\d ()/+-]{8,18}(?:\.0)?$")
    return _each(values, PHONE, _is_phone)


def _is_phone(words: str) -> bool:
    digits = re.sub(r"\D", "", re.sub(r"^(?:\+|00)44 ?(?:\(0\))?", "0", words))
    is_number = re.fullmatch(r"0(?:7\d{9}|[1238]\d{9}|1\d{8})", digits) is not None
    return is_number and (len(digits) == 11 or not words.isdigit())


def _nhs_numbers(heading: str, values: pl.Series) -> pl.Series:
    is_headed = NHS_HEADING.search(heading) is not None
    alone = _matching(values, r"^\d{10}$")
    among = _each(values, NHS, lambda words: is_nhs_number(words) and (is_headed or not words.isdigit()))
    in_text = _each(
        values.filter(values.str.len_chars() > 10), NHS, lambda words: is_nhs_number(words) and words[0] in "4679"
    )
    if alone.len():
        valid = alone.filter(pl.Series([is_nhs_number(words) for words in alone], dtype=pl.Boolean))
        if is_headed or (alone.len() > 1 and valid.len() * 2 > alone.len()):
            return pl.concat([among, in_text, valid])
    return pl.concat([among, in_text])


def is_nhs_number(words: str) -> bool:
    """Whether ten digits end in the check digit that NHS numbers have."""
    digits = [int(digit) for digit in words if digit.isdigit()]
    if len(digits) != 10 or len(set(digits)) == 1:
        return False
    check = 11 - sum(weight * digit for weight, digit in zip(range(10, 1, -1), digits, strict=False)) % 11
    return check % 11 == digits[9] and check != 10


def _insurance_numbers(_heading: str, values: pl.Series) -> pl.Series:
    return _each(values, INSURANCE, lambda words: words[:2].upper() not in NO_INSURANCE)


def _emails(_heading: str, values: pl.Series) -> pl.Series:
    return _matching(values, EMAIL)


# --- Places of living ------------------------------------------------------------------------------------------------

AREAS = (
    "AB|AL|BA|BB|BD|BH|BL|BN|BR|BS|BT|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|EC|EH|EN|EX|FK|FY|GL|GU|"
    "HA|HD|HG|HP|HR|HS|HU|HX|IG|IM|IP|IV|JE|KA|KT|KW|KY|LA|LD|LE|LL|LN|LS|LU|ME|MK|ML|NE|NG|NN|NP|NR|NW|OL|OX|PA|PE|PH|"
    "PL|PO|PR|RG|RH|RM|SA|SE|SG|SK|SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|TA|TD|TF|TN|TQ|TR|TS|TW|UB|WA|WC|WD|WF|WN|WR|WS|WV|YO|"
    "ZE|B|E|G|L|M|N|S|W"
)
POSTCODE = rf"(?i)(?:^|[^a-z0-9])((?:{AREAS})\d[a-z\d]? ?\d[abd-hjlnp-uw-z]{{2}})(?:$|[^a-z0-9])"
STREETS = (
    "Road|Rd|Street|St|Avenue|Ave|Lane|Ln|Close|Drive|Dr|Gardens|Gdns|Grove|Court|Ct|Crescent|Cres|Terrace|Way|Place|Pl|"
    "Square|Sq|Hill|Mews|Walk|Row|Rise|Mansions|Vale|Villas|Buildings|Estate|Parade|Embankment|Broadway"
)
STREETS_IN_ANY_CASE = f"{STREETS}|{STREETS.upper()}|{STREETS.lower()}"
ADDRESS = (
    rf"(?:^|[\s,;(])((?:(?:[Ff]lat|FLAT|[Aa]partment|[Uu]nit) ?\w{{1,4}},? )?\d{{1,4}}[A-Za-z]?,? "
    rf"(?:(?:[A-Z][a-z'’.-]+|[A-Z]{{2,}}|of|the) ){{1,4}}(?:{STREETS_IN_ANY_CASE}))(?:$|[^A-Za-z])"
)
ADDRESS_ALONE = rf"(?i)^((?:flat \w{{1,4}},? )?\d{{1,4}}[a-z]?,? (?:[a-z'’.-]+ ){{1,4}}(?:{STREETS}))(?:$|[,.;])"
NO_ADDRESS = re.compile(
    r"\b(?:in|on|at|and|from|near|to|into|males?|females?|persons?|youths?|people)\b", re.IGNORECASE
)


def _postcodes(_heading: str, values: pl.Series) -> pl.Series:
    return _each(values, POSTCODE, _is_postcode)


def _is_postcode(words: str) -> bool:
    """Not `E1 1st floor`, and written close together only in capitals."""
    return not words.endswith(("st", "nd", "rd", "th")) and (" " in words or words.isupper())


def _addresses(_heading: str, values: pl.Series) -> pl.Series:
    values = _matching(values, r"\d ?[A-Za-z]?,? [A-Za-z]")
    written = _each(values, ADDRESS, lambda words: not NO_ADDRESS.search(words))
    alone = _each(values, ADDRESS_ALONE, lambda words: not NO_ADDRESS.search(words))
    return pl.concat([written, alone])


# --- Dates of birth --------------------------------------------------------------------------------------------------

BIRTH_HEADING = re.compile(r"\b(?:dob|d o b|date of birth|birth ?date|birthday|born)\b")
A_DATE = r"\d{1,4}(?:st|nd|rd|th)?[ ./-](?:\d{1,2}|[A-Za-z]{3,9})[ ./,-]+\d{1,4}"
BORN = (
    rf"(?i)\b(?:dob|d\.o\.b\.?|date of birth|birth ?date|born)\W{{0,3}}(?:(?:is|was|on|the)\W){{0,2}}\W{{0,2}}{A_DATE}"
)
DATE_ALONE = r"^(?:\d{1,2}[/.-]\d{1,2}[/.-]((?:19|20)\d\d)|((?:19|20)\d\d)-\d\d-\d\d)(?:[T ]00:00(?::00)?)?$"
FEWEST_DATES, LIFETIMES_APART_YEARS, GROWN_UP_BEFORE = 10, 20, 1985


def _births(heading: str, values: pl.Series) -> pl.Series:
    if BIRTH_HEADING.search(heading):
        return _matching(values, rf"{A_DATE}|^\d{{8}}$")
    dates = _matching(values, DATE_ALONE)
    if dates.len() >= FEWEST_DATES and dates.len() * 5 > values.len() * 4:
        years = pl.coalesce(*(dates.to_frame("d").select(pl.col("d").str.extract(DATE_ALONE, n))["d"] for n in (1, 2)))
        year = dates.to_frame("d").select(years.cast(pl.Int32)).to_series()
        low, high = year.quantile(0.1), year.quantile(0.9)
        if low is not None and high is not None and high - low >= LIFETIMES_APART_YEARS and low < GROWN_UP_BEFORE:
            return dates
    return _matching(values, BORN)


# --- Names -----------------------------------------------------------------------------------------------------------

ROLES = (
    "victim|suspect|offender|witness|complainant|caller|informant|patient|client|tenant|resident|customer|driver|parent|"
    "guardian|carer|child|applicant|subject|person|contact|officer|owner|nominal|perpetrator|accused|defendant|"
    "householder|occupier|neighbour|attendee|reporter|member|employee|staff|manager|doctor|nurse"
)
NAME_HEADING = re.compile(
    r"\b(?:(?:fore|first|given|sur|last|family|middle|maiden|full|preferred|known) ?names?|alias(?:es)?|next of kin|"
    rf"(?:{ROLES})s?(?:'s)? (?:full )?names?|names? of (?:the )?(?:{ROLES})s?)\b"
)
ROLE_HEADING = re.compile(rf"\b(?:{ROLES}|seen by|reported by|assigned to|name)s?\b")
NO_PERSON_HEADING = re.compile(
    r"\b(?:ward|borough|street|road|place|area|site|station|school|venue|force|team|location|authority|district|region|"
    r"neighbourhood|file|dataset|layer|class|event|campaign|organisation|hospital|ground|park|lsoa|msoa|product|scheme)\b"
)
A_WORD = r"(?:[A-Z][a-z’']*[A-Z]?[a-z]+(?:-[A-Z][a-z]+)?|[A-Z]['’][A-Z][a-z]+)"
A_NAME = (
    rf"^(?:{A_WORD}(?: [A-Z]\.?)?(?: {A_WORD}){{1,2}}|[A-Z][A-Z'-]+,? [A-Z][A-Za-z'-]+|{A_WORD}, {A_WORD}|"
    rf"[A-Z]\.? {A_WORD})$"
)
PLACES = (
    f"{STREETS}|Park|Green|Wood|Station|School|House|Hall|Church|Ward|Hospital|Estate|Palace|Bridge|Market|Common|Centre|"
    "College|University|Cross|Court|Town|Village|North|South|East|West|Police|Council|Service|Services|Ambulance|Team|"
    "Arms|Inn|Head|Library|Theatre|Stores?|Shop|Cafe|Club|Hotel|Pub|Ltd|Limited|Island|Dock|Wharf|Tower|Point|Gate|End|"
    "Cathedral|Junction|Yard|Field|Fields|Heath|Passage|Circus|Roundabout|Cemetery|Playground|Academy|Primary|Lodge|Day"
)
TITLED = (
    r"(?:^|[^A-Za-z])((?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Dame|MR|MRS|MS|MISS|DR)\.? (?:[A-Z]\.? ?){0,2}"
    r"[A-Z][A-Za-z'’-]+(?: [A-Z][A-Za-z'’-]+){0,3}|(?:mr|mrs)\.? [a-z'’-]{2,})"
)
TWO_WORDS = r"(?:^|[^A-Za-z'’-])([A-Z][a-z]+(?: [A-Z]\.?)? [A-Z][A-Za-z'’-]+(?: [A-Z][A-Za-z'’-]+){0,2})"
SOMEBODY = r"([A-Z][a-z]+ [A-Z][A-Za-z'’-]+(?: [A-Z][A-Za-z'’-]+){0,2})"
SAID_TO_BE = (
    rf"(?:^|[^A-Za-z])(?i:named|called|name is|(?:{ROLES})(?:'s)? ?(?:is|was|called|named|name|name is|[:(]),?) ?"
    rf"{SOMEBODY}"
)
RELATED = (
    rf"(?:^|[^A-Za-z])(?i:{ROLES}|son|daughter|wife|husband|mother|father|brother|sister|boyfriend|girlfriend|"
    rf"partner),? {SOMEBODY}"
)
A_PLACE = re.compile(rf"\b(?:{PLACES})\b", re.IGNORECASE)
WORDS_OF_A_STORY = 6
NEAR_A_STREET = "On or near "


@cache
def _given_names() -> frozenset[str]:
    return frozenset(Path(__file__).with_name("given_names.txt").read_text("utf-8").split())


def _names(heading: str, values: pl.Series) -> pl.Series:
    with_letters = _matching(values, r"[A-Za-z]{2}")
    if NAME_HEADING.search(heading) and not NO_PERSON_HEADING.search(heading):
        return _matching(with_letters, r"^[^\d]+$")
    whole = _matching(with_letters, A_NAME)
    if whole.len() and not NO_PERSON_HEADING.search(heading) and _are_people(heading, whole, with_letters):
        return whole
    return _in_sentences(with_letters)


def _are_people(heading: str, whole: pl.Series, values: pl.Series) -> bool:
    """Whether cells of two or three capitalised words name people, by their heading and by the first of the words."""
    given = sum(1 for name in whole if _is_given(name) and not A_PLACE.search(name))
    if ROLE_HEADING.search(heading):
        return whole.len() * 2 >= values.len() and (given * 5 >= whole.len())
    return whole.len() > 2 and given * 2 >= values.len()


def _is_given(name: str) -> bool:
    first, *others = re.split(r"[ ,.]+", name.casefold())
    return first in _given_names() or ("," in name and bool(others) and others[0] in _given_names())


def _in_sentences(values: pl.Series) -> pl.Series:
    titled = _each(values, TITLED, lambda words: not A_PLACE.search(words))
    said = _each(values, SAID_TO_BE, lambda words: not A_PLACE.search(words))
    related = _each(values, RELATED, lambda words: _is_given(words) and not A_PLACE.search(words))
    stories = values.filter(
        (values.str.count_matches(" ") >= WORDS_OF_A_STORY - 1) & ~values.str.starts_with(NEAR_A_STREET)
    )
    told = _each(stories, TWO_WORDS, lambda words: _is_given(words) and not A_PLACE.search(words))
    return pl.concat([titled, said, related, told])


DETECTORS: dict[What, Callable[[str, pl.Series], pl.Series]] = {
    What.NAME: _names,
    What.BIRTH: _births,
    What.PHONE: _phones,
    What.EMAIL: _emails,
    What.NHS: _nhs_numbers,
    What.INSURANCE: _insurance_numbers,
    What.POSTCODE: _postcodes,
    What.ADDRESS: _addresses,
}

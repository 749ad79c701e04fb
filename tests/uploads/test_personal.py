"""Personal data is found in any column and in free text, and honest data raises nothing."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest

from hub.uploads import reading
from hub.uploads.reading import Limits, Table, personal
from hub.uploads.reading.personal import What
from tests.uploads.desk import read

FORENAMES = (
    "Oluwaseun",
    "Priya",
    "John",
    "Fatima",
    "Siobhan",
    "Mohammed",
    "Krzysztof",
    "Grace",
    "Wei",
    "Zainab",
    "Ana",
)
SURNAMES = (
    "Okafor",
    "Patel",
    "Smith",
    "Begum",
    "O'Brien",
    "Khan",
    "Nowak",
    "Mensah-Boateng",
    "Zhang",
    "McDonald",
    "Silva",
)
STREETS = ("High Street", "Acacia Avenue", "St Mary's Road", "Tower Bridge Rd", "Nightingale Lane", "The Grove Gardens")
POSTCODES = ("SW1A 1AA", "E1 6AN", "EC1A 1BB", "W1A 0AX", "CR2 6XH", "N16 9PX", "SE5 8AF", "DN55 1PT")


def kinds_found(table: Table) -> set[tuple[str, What]]:
    places = personal.find(table.headings, table.cells, above=table.above)
    return {(place.column, place.what) for place in places}


def found_in(heading: str, values: list[str]) -> set[What]:
    lines = "".join(f'{at},"{value}"\n' for at, value in enumerate(values))
    return {what for _, what in kinds_found(read(f'Row,"{heading}"\n{lines}'))}


def nhs_number(chance: random.Random, separator: str) -> str:
    while True:
        digits = f"{chance.choice('46')}{chance.randrange(10**8):08}"
        check = 11 - sum(int(digit) * (10 - at) for at, digit in enumerate(digits)) % 11
        if check != 10:
            whole = f"{digits}{check % 11}"
            return separator.join((whole[:3], whole[3:6], whole[6:]))


def mobile(chance: random.Random) -> str:
    number = f"{chance.randrange(10**6):06}"
    return chance.choice(
        (
            f"07700 {number}",
            f"07700{number}",
            f"+44 7700 {number}",
            f"+44 (0)7700 {number}",
            f"07700 {number[:3]} {number[3:]}",
        )
    )


def landline(chance: random.Random) -> str:
    number = f"{chance.randrange(10**4):04}"
    return chance.choice((f"020 7946 {number}", f"(020) 7946 {number}", f"02079 46{number}", f"01632 96{number}"))


def insurance(chance: random.Random) -> str:
    digits = f"{chance.randrange(10**6):06}"
    return chance.choice((f"AB{digits}C", f"JK {digits[:2]} {digits[2:4]} {digits[4:]} D", f"pw{digits}a"))


def birth(chance: random.Random) -> str:
    day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(1935, 2009)
    return chance.choice((f"{day:02}/{month:02}/{year}", f"{year}-{month:02}-{day:02}", f"{day}.{month}.{year}"))


def name(chance: random.Random) -> str:
    return f"{chance.choice(FORENAMES)} {chance.choice(SURNAMES)}"


def address(chance: random.Random) -> str:
    number = chance.choice(
        (str(chance.randint(1, 300)), f"{chance.randint(1, 99)}b", f"Flat {chance.randint(1, 9)}, 12")
    )
    return f"{number} {chance.choice(STREETS)}"


CASES = {
    What.NAME: name,
    What.BIRTH: birth,
    What.PHONE: mobile,
    What.EMAIL: lambda chance: f"{chance.choice(FORENAMES).lower()}.{chance.randrange(999)}@example.org.uk",
    What.NHS: lambda chance: nhs_number(chance, chance.choice((" ", "-"))),
    What.INSURANCE: insurance,
    What.POSTCODE: lambda chance: chance.choice(POSTCODES),
    What.ADDRESS: address,
}
TOLD = {
    What.NAME: ("Suspect {} ran off towards the park", "The caller, Mr {}, had seen this before", "Victim: {}"),
    What.BIRTH: ("Male seen, DOB {}, known to staff", "Suspect was born on {} in Leeds", "dob: {}"),
    What.PHONE: ("Call back on {} after six", "tel.{}", "Witness ({}) will be at home"),
    What.EMAIL: ("Write to {}, please", "<{}>", "E-mail:{} for the footage"),
    What.NHS: ("NHS no {} given at the desk", "seen at A&E ({}) later", "Patient {}, discharged"),
    What.INSURANCE: ("NINO {} on the form", "Benefit claim ({}) was open", "ref {} checked"),
    What.POSTCODE: ("Flytip behind the shops, {}", "lives near {} with a dog", "Van left at {}; blocked"),
    What.ADDRESS: ("Noise from {} all night", "Called to {}, no reply", "Neighbour at {} complains"),
}


@pytest.mark.parametrize("what", CASES)
def test_a_column_of_it_is_found_whatever_its_heading(what: What) -> None:
    chance = random.Random(20_260_101)
    values = [CASES[what](chance) for _ in range(40)]
    assert what in found_in("Detail", values)


@pytest.mark.parametrize("what", CASES)
def test_each_one_in_free_text_is_found_and_nothing_else(what: What) -> None:
    chance = random.Random(20_260_102)
    told = [chance.choice(TOLD[what]).format(CASES[what](chance)) for _ in range(200)]
    honest = ["Youths gathering", "Bins not emptied since Monday", "Loud music from a car, twice", "12 bags of rubbish"]
    notes = [*told, *honest * 20]
    chance.shuffle(notes)
    table = read("Notes\n" + "".join(f'"{note}"\n' for note in notes))
    (place,) = (place for place in personal.find(table.headings, table.cells) if place.what is what)
    assert place.count == len(told)


@pytest.mark.parametrize(
    ("heading", "values", "what"),
    [
        ("VictimDOB", ["1/2/85", "3/4/90"], What.BIRTH),
        ("Date of birth", ["19850203"], What.BIRTH),
        ("victim_surname", ["SMITH", "okafor"], What.NAME),
        ("Forename", ["Wei"], What.NAME),
        ("Caller Name", ["A. Nother"], What.NAME),
        ("Reported by", ["Priya Patel", "John Smith", "Fatima Begum"], What.NAME),
        ("Officer", ["SMITH, John", "KHAN, Fatima", "Patel, Priya"], What.NAME),
        ("Details", ["mrs okafor at the desk"], What.NAME),
        ("Mobile", ["7700900123", "447700900123"], What.PHONE),
        ("NHS number", ["4010232137"], What.NHS),
        ("Reference", ["4010232137", "9434765919", "9876543210"], What.NHS),
        ("Postcode", ["sw1a1aa", "E16AN"], What.POSTCODE),
        ("Location", ["12 high street", "flat 3, 7 acacia avenue, london"], What.ADDRESS),
        ("Location", ["10 DOWNING STREET"], What.ADDRESS),
        ("Contact", ["jo(at)example.org"], What.EMAIL),
    ],
)
def test_what_a_heading_or_a_shape_gives_away_is_found(heading: str, values: list[str], what: What) -> None:
    assert what in found_in(heading, values)


@pytest.mark.parametrize(
    ("heading", "values"),
    [
        ("Ward name", ["Victoria Park", "Harold Wood", "Stanley Road", "St Mary's"]),
        ("Location", ["On or near John Street", "On or near Dr Johnson Avenue", "On or near Victoria Embankment"]),
        ("Name", ["Abbey Road", "Brook Green", "Alexandra Palace"]),
        ("Station", ["King George", "Charlotte Street", "Elizabeth Line"]),
        ("Offence", ["Offender Management Act", "Public Order Offences", "Theft From Shops"]),
        ("Postcode district", ["SW11", "N1", "EC1V", "SE1 7"]),
        ("LSOA name", ["Camden 001A", "Barnet 012C"]),
        ("Ward code", ["E05013570", "E05009317"]),
        ("Reference", ["4010232138", "1234567890", "5550001112", "7000000000"]),
        ("Crime ID", ["e12ab00907700900123ffab4", "0770090012399887766"]),
        ("Longitude", ["-0.1234567890", "51.0770090012"]),
        ("Date", ["01/02/2024", "15/07/2024", "31/12/2025", "02/02/2024"] * 5),
        ("Months", ["202401", "202402"]),
        ("Notes", ["Unit 1st floor E1 1st on the left", "3 males on the street", "2 youths near the Park Road"]),
        ("Team", ["Camden North", "Priya House", "Grace Church"]),
        ("Victim", ["Young Person", "Older Person", "Adult Male"]),
        ("Phone calls", ["12", "7"]),
    ],
)
def test_what_tells_of_nobody_is_let_by(heading: str, values: list[str]) -> None:
    assert found_in(heading, values) == set()


def test_a_place_is_named_and_never_its_value() -> None:
    table = read("Contact: jo@example.org,\n,\nward,notes\n" + "Abbey,ring 07700 900123\n" * 10 + "Brook,\n")
    places = personal.find(table.headings, table.cells, above=table.above)
    assert [(place.column, place.what, place.rows, place.count) for place in places] == [
        ("", What.EMAIL, (1,), 1),
        ("notes", What.PHONE, tuple(range(4, 12)), 10),
    ]
    refusal = personal.PersonalData(places)
    assert "phone numbers in the column 'notes' (rows 4–11 and 2 more)" in refusal.sentence
    assert "jo@" not in str(refusal)
    assert "0770" not in str(refusal)


def test_a_check_digit_is_reckoned_as_the_health_service_does() -> None:
    assert all(personal.is_nhs_number(number) for number in ("9434765919", "943 476 5919", "401-023-2137"))
    assert not any(
        personal.is_nhs_number(number) for number in ("9434765918", "943476591", "0000000000", "94347659190")
    )


def test_no_real_file_raises_an_alarm_but_for_the_full_postcodes_of_the_fire_brigade(
    real_data: Path, tmp_path: Path
) -> None:
    alarms = set()
    paths = [path for path in sorted(real_data.rglob("*")) if path.name.endswith((".csv", ".csv.gz", ".xlsx"))]
    for path in paths:
        scratch = Path(tempfile.mkdtemp(dir=tmp_path))
        table = reading.read(path, path.name, Limits(), scratch)
        alarms |= {(path.name, *place) for place in kinds_found(table)}
    assert len(paths) > 40
    assert alarms == {("lfb-incidents-sample.csv", "Postcode_full", What.POSTCODE)}

"""The catalogue holds every kind whole, refuses a definition it could not use, and takes in an administrator's own."""

from __future__ import annotations

import copy
from typing import Any

import polars as pl
import pytest
import shapely

from hub.db import Database
from hub.errors import BadRequest, Conflict
from hub.uploads import kinds
from hub.uploads.catalogue import DATASETS, MEASURES, from_definition, read_definition
from hub.uploads.kinds import MONTH_COUNTS
from tests.uploads.desk import EVERYWHERE, check, read, small_geography

OWN = """
key = "park_wardens"
title = "Park wardens"
description = "What the park wardens met."
measure = "incidents"
level = "point"
one_of = ["ward_code", "borough"]

[[fields]]
key = "category"
title = "What happened"
codes = ["Noise", "Litter"]

[[fields]]
key = "date"

[[fields]]
key = "ward_code"
is_required = false

[[fields]]
key = "borough"
"""


@pytest.mark.parametrize("kind", DATASETS.values(), ids=lambda kind: kind.key)
def test_every_kind_says_all_of_itself_and_its_example_is_recognised_as_it(kind: kinds.DatasetKind) -> None:
    said = (kind.title, kind.description, kind.provider, kind.owner, kind.marking, kind.date_basis)
    assert all(said)
    assert kind.measure in MEASURES
    assert kind.template() == kind.example().split("\r\n")[0] + "\r\n"
    table = read(kind.example())
    found, column_fields = kinds.recognise(table.headings, {name: table.samples(name) for name in table.headings})
    assert found is kind
    left_out = {"month", "year", "count"} if kind.has_months_across else {MONTH_COUNTS}
    assert set(column_fields.values()) == {field.key for field in kind.fields} - (
        left_out if kind.has_counts else set()
    )


@pytest.mark.parametrize("kind", DATASETS.values(), ids=lambda kind: kind.key)
def test_every_example_can_be_read_whole(kind: kinds.DatasetKind) -> None:
    checked = check(kind.example(), kind.key, geography=_its_places())
    grave = checked.problems.filter(pl.col("severity").is_in(["must_fix", "we_can_fix"]))
    if kind.key == "hospital_assaults":
        assert set(grave["code"]) == {"which_borough"}
        checked = check(kind.example(), kind.key, geography=_its_places(), answers={"which_borough": min(EVERYWHERE)})
    else:
        assert grave.is_empty(), grave["message"].to_list()
    assert checked.report["refused"] == 0
    assert checked.report["total"] > 0


def _its_places() -> Any:
    """A geography that has the wards and small areas of the examples."""
    geography = small_geography()
    codes = {"F05000011": "E05900001", "F05000012": "E05900002", "F05000005": "E05900003"}
    boroughs = {"F09000001": "E09900001", "F09000002": "E09900002", "F09000003": "E09900003"}
    wards = geography.wards.with_columns(pl.col("ward_code").replace(codes))
    # Everything lies everywhere, so that points of real London are in it too.
    west, south, east, north = 500_000, 150_000, 560_000, 210_000
    city = shapely.to_wkb(shapely.box(west, south, east, north))
    more = geography.boroughs.with_columns(
        pl.col("borough_code").replace(boroughs).alias("borough_code"), pl.lit(city).alias("outline")
    )
    everywhere = more.select(pl.exclude("borough_code"), borough_code=geography.boroughs["borough_code"])
    lsoas = pl.DataFrame(
        {
            "boundary_set_id": [2, 2, 2],
            "lsoa_code": ["E01900001", "E01900002", "E01900003"],
            "ward_code": ["E05900001", "E05900002", "E05900003"],
            "borough_code": ["F09000001", "F09000001", "F09000003"],
            "share": [1.0, 0.9, 0.8],
        }
    )
    return type(geography)(geography.sets, wards, everywhere, lsoas)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"key": "Park Wardens"}, "The kind's key is 'Park Wardens'"),
        ({"measure": "feelings"}, "has the measure 'feelings'"),
        ({"title": ""}, "has no title"),
        ({"level": 3}, "'level' of the wrong sort"),
        ({"provisional_months": True}, "'provisional_months' of the wrong sort"),
        ({"colour": "red"}, "says 'colour', which the hub does not know"),
        ({"fields": []}, "has no fields"),
        ({"fields": [{"key": "date"}], "one_of": []}, "has no field 'category'"),
        ({"fields": [{"key": "category"}], "one_of": []}, "has no field 'date'"),
        ({"fields": [{"key": "category"}, {"key": "mood"}]}, "'mood' of the kind 'park_wardens' is none"),
        ({"fields": [{"key": "category"}, {"key": "date"}, {"key": "date"}]}, "has the field 'date' twice"),
        ({"fields": [{"key": "category"}, {"key": "date"}, {"key": "easting"}], "one_of": []}, "only one of 'easting'"),
        ({"one_of": ["lsoa_code"]}, "names 'lsoa_code' under one_of"),
        ({"measure": "perception"}, "must have the field 'share'"),
        ({"level": "ward"}, "has no field 'offence_group'"),
        ({"description": "x" * 1_001}, "has a description that is too long"),
    ],
)
def test_a_definition_that_could_not_be_used_is_refused_in_words(change: dict[str, Any], words: str) -> None:
    definition = copy.deepcopy(read_definition(OWN))
    assert from_definition(definition).title == "Park wardens"
    with pytest.raises(BadRequest) as refusal:
        from_definition({**definition, **change})
    assert words in refusal.value.sentence
    assert refusal.value.remedy


def test_what_is_no_toml_is_refused_at_its_place() -> None:
    with pytest.raises(BadRequest, match="line 2"):
        read_definition('key = "x"\ntitle = oops\n')


def test_an_administrator_adds_a_kind_changes_it_and_cannot_take_anothers_place(database: Database) -> None:
    definition = read_definition(OWN)
    with database.writing() as session:
        added, is_new = kinds.add(session, definition)
        assert (added.key, is_new) == ("park_wardens", True)
        assert kinds.add(session, definition)[1] is False
    with database.writing() as session:
        assert list(kinds.catalogue(session)) == [*DATASETS, "park_wardens"]
        assert kinds.kind(session, "park_wardens").field("category").codes == ("Noise", "Litter")
        assert kinds.add(session, {**definition, "title": "Wardens"})[1] is True
        assert kinds.kind(session, "park_wardens").title == "Wardens"
        with pytest.raises(Conflict, match="measures incidents by point"):
            kinds.add(session, {**definition, "measure": "flags"})
        with pytest.raises(Conflict, match="ships with"):
            kinds.add(session, {**definition, "key": "fire"})
        with pytest.raises(BadRequest, match="no dataset kind 'nothing'"):
            kinds.kind(session, "nothing")


def test_a_column_is_known_by_what_it_holds_where_its_heading_says_nothing() -> None:
    kind = DATASETS["ward_counts"]
    samples = {
        "Area": ["F05000011", "F05000012"],
        "When": ["2025-01", "2025-02"],
        "Offence": ["Burglary", "Robbery"],
        "n": ["1", "2"],
        "Ward": ["F05000011", "F05000012"],
    }
    proposed = kinds.propose(["Area", "When", "Offence", "Number"], kind, samples)
    assert proposed == {"Area": "ward_code", "When": "month", "Offence": "offence_group", "Number": "count"}
    # A column of codes is not taken for names because of its heading.
    assert "ward_name" not in kinds.propose(["Ward"], kind, samples).values()


def test_months_across_are_taken_for_any_counts_and_replace_month_and_count() -> None:
    proposed = kinds.propose(["Ward code", "Category", "Jan-25", "Feb-25", "Total"], DATASETS["ward_counts"])
    assert [name for name, key in proposed.items() if key == MONTH_COUNTS] == ["Jan-25", "Feb-25"]
    assert not {"month", "count"} & set(proposed.values())

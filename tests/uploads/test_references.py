"""An incident of an earlier file is known by its reference, asked about row by row, and never merged unasked."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import select

from hub.access import Role
from hub.errors import Conflict
from hub.uploads import corrections, service, versions, views
from hub.uploads.models import Incident
from hub.uploads.references import LIVE_REFERENCES
from tests.conftest import officer_of
from tests.uploads.desk import ALDER, BIRCH, EVERYWHERE, Desk, check
from tests.uploads.test_service import EAST, WEST

HEADINGS = "Reference,Date,Category,Ward code\n"
FIRST = f"{HEADINGS}A-1,2024-01-05,Noise,{WEST}\na-2,2024-01-06,Litter,{WEST}\n,2024-01-07,Litter,{EAST}\n"
SECOND = f"{HEADINGS}A-2,2024-02-01,Litter,{WEST}\nA-3,2024-02-02,Noise,{WEST}\n,2024-02-07,Litter,{EAST}\n"
KEY = b"a key"


@pytest.fixture
def officer(people: dict[Role, str]) -> str:
    return people[Role.CSP_OFFICER]


def hashes(desk: Desk, email: str) -> list[int | None]:
    with desk.reading(email) as viewer:
        return list(viewer.session.scalars(select(Incident.reference_hash).order_by(Incident.id)))


def months_live(desk: Desk, email: str) -> Counter[str]:
    with desk.reading(email) as viewer:
        return Counter(f"{month:%Y-%m}" for month in viewer.session.scalars(select(Incident.month)))


# --- The check -------------------------------------------------------------------------------------------------------


def test_a_reference_becomes_a_hash_under_the_key_and_without_a_key_nothing() -> None:
    content = (
        HEADINGS + "A-1,2025-01-05,Noise,F05000011\n a-1,2025-01-06,Noise,F05000011\n,2025-01-07,Noise,F05000011\n"
    )
    kept = check(content, "other_points", reference_key=KEY).rows
    first, same, none = kept["reference_hash"].to_list()
    assert first == same is not None, "a reference is one in small letters and in capitals"
    assert none is None
    assert "A-1" not in str(kept.to_dicts())
    assert check(content, "other_points", reference_key=b"another").rows["reference_hash"][0] != first
    assert check(content, "other_points").rows["reference_hash"].null_count() == 3


def test_only_what_stays_live_beside_the_file_is_asked_about() -> None:
    content = HEADINGS + "A-1,2025-01-05,Noise,F05000011\nA-2,2025-02-05,Noise,F05000011\n"
    own = check(content, "other_points", reference_key=KEY).rows["reference_hash"].to_list()

    def asked(borough: str, month: dt.date) -> list[tuple[int | None, str | None, str]]:
        live = pl.DataFrame([(borough, month, own[0])], LIVE_REFERENCES, orient="row")
        found = check(content, "other_points", EVERYWHERE, reference_key=KEY, live_references=live).problems
        before = found.filter(pl.col("code") == "loaded_before")
        return list(before.select("row", "column", "message").iter_rows())

    ((row, column, message),) = asked(ALDER, dt.date(2024, 12, 1))
    assert (row, column) == (2, "Reference")
    assert "'A-1' is live already, under December 2024" in str(message)
    assert len(asked(BIRCH, dt.date(2025, 1, 1))) == 1, "the file replaces nothing of another borough"
    assert asked(ALDER, dt.date(2025, 1, 1)) == []
    assert asked(ALDER, dt.date(2025, 2, 1)) == [], "the file replaces that month too"


def test_a_reference_that_several_incidents_share_tells_nothing() -> None:
    row, other = "A-1,2025-01-05,Noise,F05000011\n", "A-1,2025-01-05,Litter,F05000012\n"
    own = check(HEADINGS + row, "other_points", reference_key=KEY).rows["reference_hash"][0]
    once = pl.DataFrame([(ALDER, dt.date(2024, 12, 1), own)], LIVE_REFERENCES, orient="row")
    twice = pl.concat([once, once.with_columns(month=pl.lit(dt.date(2024, 11, 1)))])

    def is_asked(content: str, live: pl.DataFrame) -> bool:
        checked = check(HEADINGS + content, "other_points", reference_key=KEY, live_references=live)
        return "loaded_before" in checked.report["problems"]

    assert is_asked(row, once)
    assert not is_asked(row, twice)
    assert not is_asked(row + other, once)


def test_without_references_a_month_with_the_figures_of_another_is_told() -> None:
    rows = {"Noise": 40, "Litter": 30}
    content = "Date,Category,Ward code\n" + "".join(
        f"2025-02-{1 + number % 28:02},{category},F05000011\n"
        for category, count in rows.items()
        for number in range(count)
    )
    live = pl.DataFrame(
        [(ALDER, dt.date(2025, 1, 1), category, count) for category, count in rows.items()],
        ["borough_code", "month", "category", "count"],
        orient="row",
    )
    told = check(content, "other_points", live=live, answers={"identical_rows": "keep"})
    (message,) = told.problems.filter(pl.col("code") == "same_figures")["message"]
    assert message.startswith(
        "February 2025 has in every category the figures that are live for January 2025 (70 in all)"
    )
    for other in (
        live.with_columns(count=pl.col("count") + 1),
        live.with_columns(borough_code=pl.lit(BIRCH)),
        live.with_columns(month=pl.lit(dt.date(2025, 2, 1))),
    ):
        assert "same_figures" not in check(content, "other_points", live=other).report["problems"]


# --- From file to live -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("in_this_process")
def test_a_row_loaded_before_is_asked_about_and_left_out_on_one_click(desk: Desk, officer: str) -> None:
    first = desk.commit(officer, FIRST)
    assert [one is None for one in hashes(desk, officer)] == [False, False, True]
    upload_id = desk.check(officer, SECOND)
    with desk.writing(officer) as viewer, pytest.raises(Conflict, match="1 thing to confirm: loaded before"):
        service.commit(viewer, upload_id)
    with desk.writing(officer) as viewer:
        assert corrections.leave_out_all(viewer, upload_id, "loaded_before") == 1
    desk.recheck(officer, upload_id)
    with desk.writing(officer) as viewer:
        service.commit(viewer, upload_id)
    assert months_live(desk, officer) == {"2024-01": 3, "2024-02": 2}
    desk.undo(officer, first["id"])
    again = desk.check(officer, SECOND)
    assert "loaded_before" not in views_problems(desk, officer, again), "what was undone is not live"


@pytest.mark.usefixtures("in_this_process")
def test_it_is_kept_where_somebody_says_why(desk: Desk, officer: str) -> None:
    desk.commit(officer, FIRST)
    desk.commit(officer, SECOND, because={"loaded_before": "reported again in February"})
    assert months_live(desk, officer) == {"2024-01": 3, "2024-02": 3}


@pytest.mark.usefixtures("in_this_process")
def test_a_correction_is_not_held_against_what_it_replaces(desk: Desk, officer: str) -> None:
    upload_id = desk.check(officer, FIRST + f"A-9,never,Noise,{WEST}\n")
    with desk.writing(officer) as viewer:
        corrections.hold(viewer, upload_id, is_holding=True)
        service.commit(viewer, upload_id)
        again = service.fix_held(viewer, upload_id).id
    desk.recheck(officer, again)
    with desk.writing(officer) as viewer:
        corrections.edit(viewer, again, [corrections.Cell(5, "Date", "2024-02-01")])
    desk.recheck(officer, again)
    assert "loaded_before" not in views_problems(desk, officer, again)


@pytest.mark.usefixtures("in_this_process")
def test_the_key_is_of_one_dataset_and_not_the_hubs_own(desk: Desk, officer: str) -> None:
    with desk.reading(officer) as viewer:
        keys = {versions.reference_key(viewer.session, dataset) for dataset in ("other_points", "fire")}
        assert len(keys) == 2
        assert not keys & {viewer.session.info["reference_key"], viewer.session.info["audit_key"]}


def views_problems(desk: Desk, email: str, upload_id: object) -> dict[str, object]:
    with desk.reading(email) as viewer:
        return dict(views.upload(viewer, upload_id).report["problems"])  # type: ignore[arg-type]


# --- Real files ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.xdist_group("uploads-london")
def test_real_collisions_that_come_again_under_another_month_are_all_found(london: Desk, real_data: Path) -> None:
    text = (real_data / "partner/london-collisions-2025.csv").read_text("utf-8-sig")
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["accident_index"]]
    officer = officer_of("E09000007")
    spring = [row for row in rows if row["date"] < "2025/04"]
    with_strays = [row for row in rows if "2025/04" <= row["date"] < "2025/06"]
    first = london.commit(officer, written(spring), because={})
    again = london.check(officer, written([*with_strays, *({**row, "date": "2025/05/01"} for row in spring)]))
    problems = london.outcome(officer, again)["problems"]
    asked = [one for one in problems if one["code"] == "loaded_before"]
    assert len(asked) == first["placed"] + first["unplaced"] > 100
    assert {one["column"] for one in asked} == {"accident_index"}


def written(rows: list[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()

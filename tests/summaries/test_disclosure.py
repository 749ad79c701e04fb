"""A council leader who adds, subtracts, reads the source and saves the pictures learns nothing of what is hidden."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from uuid import uuid4
from xml.etree.ElementTree import Element, tostring

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from sqlalchemy import update

from hub.access import Grant, Released, Role, Viewer
from hub.db import EVERYWHERE
from hub.disclosure.service import SHIPPED
from hub.summaries import exports, service
from hub.summaries.releases import Counts, Period, Years, withheld
from hub.uploads.models import Version
from tests.client import Page, StrictClient, words_of
from tests.conftest import HOME, PASSWORD
from tests.summaries.conftest import TAKEN, Read
from tests.summaries.counted import (
    BEFORE,
    EAST,
    GROUPS,
    LAST,
    LATEST,
    MONTHS,
    NOWHERE,
    WEST,
    as_long_file,
    as_met_file,
    even,
    made_up,
    plus,
)
from tests.uploads.desk import Desk

OFFICER, LEADER = Role.CSP_OFFICER, Role.COUNCIL_LEADER
PATH = f"/areas/{HOME}/summary"
FIRST, SECOND = GROUPS[:2]

Shown = Sequence[float]
"""Counts as they are read off a page; NaN where it says "fewer than 5"."""


# --- The attack ------------------------------------------------------------------------------------------------------


def possible(
    total: float, breakdowns: Mapping[str, Shown], left_out: Sequence[str]
) -> dict[str, list[tuple[int, int]]]:
    """Work out by linear programming the least and greatest count that each hidden one may have, all taken together.

    `left_out` are the breakdowns from which lines may have been left out: they may add up to less than the total.
    """
    shown = [("total", total), *((name, count) for name, counts in breakdowns.items() for count in counts)]
    shown += [(f"left out of {name}", np.nan) for name in left_out]
    bounds = [
        (0, None if name.startswith("left out") else 4) if np.isnan(count) else (max(5, count - 2), count + 2)
        for name, count in shown
    ]
    sums = [
        [-1.0 if name == "total" else float(name in {breakdown, f"left out of {breakdown}"}) for name, _ in shown]
        for breakdown in breakdowns
    ]
    found: dict[str, list[tuple[int, int]]] = {}
    for place, (name, count) in enumerate(shown):
        if np.isnan(count):
            ends = []
            for sign in (1, -1):
                solved = linprog(
                    [sign * float(each == place) for each in range(len(shown))],
                    A_eq=np.array(sums) if sums else None,
                    b_eq=np.zeros(len(sums)) if sums else None,
                    bounds=bounds,
                )
                ends.append(10**9 if solved.status == 3 else round(solved.x[place]))
            found.setdefault(name, []).append((ends[0], ends[1]))
    return found


def nothing_was_narrowed(found: Mapping[str, list[tuple[int, int]]]) -> bool:
    """Whether every hidden count may still be anything from 0 to 4, and whatever was left out nothing at all."""
    return all(
        least == 0 and (name.startswith("left out") or most == 4)
        for name, ends in found.items()
        for least, most in ends
    )


def test_the_attack_finds_what_naive_figures_give_away() -> None:
    assert not nothing_was_narrowed(possible(105, {"groups": [100, np.nan]}, []))
    assert not nothing_was_narrowed(possible(105, {"groups": [100]}, ["groups"]))
    assert not nothing_was_narrowed(possible(10, {"groups": [5, np.nan], "months": [5, np.nan]}, []))
    assert nothing_was_narrowed(possible(100, {"groups": [100, np.nan], "months": [50, 50]}, ["groups"]))


# --- What may stand together -----------------------------------------------------------------------------------------

CELLS = st.lists(st.integers(0, 9), min_size=2 * 2 * 24, max_size=2 * 2 * 24)
THINNED = st.lists(st.sampled_from([0, 0, 0, 0, 0, 1]), min_size=2 * 2 * 24, max_size=2 * 2 * 24)


def leader_of_alder() -> Viewer:
    return Viewer(uuid4(), "", "", (Grant(Role.COUNCIL_LEADER, frozenset({HOME})),), None)  # type: ignore[arg-type]


@settings(max_examples=25, deadline=None)
@given(CELLS, THINNED)
def test_no_breakdown_is_left_from_which_a_hidden_count_could_be_narrowed(cells: list[int], kept: list[int]) -> None:
    rows = even(0, groups=(FIRST, SECOND)).assign(count=np.array(cells) * np.array(kept), borough_code=HOME)
    rows = rows[rows["count"] > 0]
    counts = Counts(leader_of_alder(), HOME, "ward_counts", SHIPPED, Period(LAST), frozenset(), rows)
    total, wards, months = (
        counts.years("borough_code", [HOME]),
        counts.years("ward_code", [WEST, EAST]),
        counts.months(),
    )
    groups = counts.years("group", [FIRST, SECOND])
    listed = groups.only(groups.are_shown)
    parts = {"groups": [listed], "wards": [wards], "months": [months]}
    not_shown = withheld(total, parts, SHIPPED, open_ended={"groups"})
    shown: dict[str, Years] = {"groups": listed, "wards": wards, "months": months}
    for year in ("latest", "before"):
        on_the_page = {
            name: getattr(years, year).counts.tolist() for name, years in shown.items() if name not in not_shown
        }
        found = possible(
            float(getattr(total, year).counts[0]), on_the_page, ["groups"] if "groups" in on_the_page else []
        )
        assert nothing_was_narrowed(found), (year, on_the_page)


def test_nothing_is_withheld_from_who_sees_exact_counts() -> None:
    def exact(*counts: float) -> Years:
        no = np.zeros(len(counts), dtype=bool)
        released = Released(np.array(counts), no, ~no, is_rounded=False)
        return Years(released, released)

    groups = exact(3, 100)
    assert withheld(exact(103), {"groups": [groups]}, SHIPPED, open_ended={"groups"}) == frozenset()


# --- On the page -----------------------------------------------------------------------------------------------------


@pytest.fixture
def leader(client: StrictClient, people: dict[Role, str]) -> StrictClient:
    """A council leader at a browser."""
    client.sign_in(people[LEADER], PASSWORD)
    return client


def count_of(words: str) -> float:
    return np.nan if words == "fewer than 5" else float(words.replace(",", ""))


def table(page: Page, caption: str) -> list[list[str]]:
    """The rows of a table by the start of its caption; none where it is not there."""
    found = [each for each in page.all("table") if words_of(next(each.iter("caption"))).startswith(caption)]
    body = [row for each in found for part in each.iter("tbody") for row in part.iter("tr")]
    return [[words_of(cell) for cell in row if cell.tag in {"th", "td"}] for row in body]


def read_off(page: Page, year: int) -> tuple[float, dict[str, Shown]]:
    """All counts that a page shows of a year: 0 is the latest, 1 the one before."""
    tiles = [words_of(tile) for tile in page.all("dd")]
    months = [count_of(row[1]) for row in table(page, "Offences by month")]
    breakdowns = {
        "groups": [count_of(row[1 + year]) for row in table(page, "Change by offence group")],
        "wards": [count_of(row[1 + year]) for row in table(page, "All recorded crime by ward")],
        "months": months[12:] if year == 0 else months[:12],
    }
    return count_of(tiles[year]), {name: counts for name, counts in breakdowns.items() if counts}


@pytest.mark.parametrize("seed", range(4))
def test_nothing_can_be_worked_out_from_a_page(
    desk: Desk, people: dict[Role, str], leader: StrictClient, seed: int
) -> None:
    desk.commit(people[OFFICER], as_met_file(made_up(seed, most=2 + seed, wards=(WEST,))))
    leader.get(PATH)
    for year in (0, 1):
        total, breakdowns = read_off(leader.page, year)
        assert "groups" in breakdowns or "Offence groups are not shown" in leader.page.main
        assert nothing_was_narrowed(possible(total, breakdowns, [name for name in breakdowns if name == "groups"]))


def test_a_total_that_would_give_a_group_away_stands_without_groups(
    desk: Desk, people: dict[Role, str], leader: StrictClient, read: Read
) -> None:
    """102 and 3 are 105: beside 105 and 100, a second group could be neither nil nor more than it is."""
    counts = plus(even(0), (LAST, WEST, FIRST, 102), (LAST, EAST, SECOND, 3), (BEFORE[0], WEST, FIRST, 100))
    desk.commit(people[OFFICER], as_met_file(counts))
    leader.get(PATH)
    total, breakdowns = read_off(leader.page, 0)
    assert total == 105
    assert "groups" not in breakdowns
    assert "Offence groups are not shown. A count below 5 could be worked out" in leader.page.main
    assert nothing_was_narrowed(possible(total, breakdowns, []))
    assert read(LEADER).detail == ""
    assert [line.change.latest.count for line in read(OFFICER).groups] == [102, 3]


def test_a_group_that_may_be_nil_is_not_listed(desk: Desk, people: dict[Role, str], leader: StrictClient) -> None:
    """The measure of it that the borough chose stands there for nil as for two, and is not shown either time."""
    told = set()
    for robberies in (0, 2):
        counts = plus(even(50), (LAST, WEST, "Robbery", robberies))
        desk.commit(people[OFFICER], as_met_file(counts))
        leader.get(PATH)
        assert [row[0] for row in table(leader.page, "Change by offence group")] == [FIRST, SECOND]
        told.add(re.sub(r"version \d+", "version", leader.page.main))
    assert len(told) == 1
    assert "Robbery Not shown, to protect people" in leader.page.main
    assert "Offence groups with fewer than 5 offences in both years are not listed." in leader.page.main


# Each way of hiding one count: where it stands, beside counts such that whatever it is, all that is shown stays alike.
HIDDEN: dict[str, tuple[pd.DataFrame, str | None, str]] = {
    "a group": (plus(even(10), (LAST, WEST, FIRST, 3)), WEST, "Robbery"),
    "a ward": (plus(even(10, wards=(WEST,)), (LAST, WEST, FIRST, 3)), EAST, FIRST),
    "a month": (
        plus(even(10, wards=(WEST, EAST)).query("month != @LAST"), (LATEST[0], WEST, FIRST, 3)),
        WEST,
        FIRST,
    ),
    "what is not placed": (plus(even(10), (LAST, WEST, FIRST, 3)), NOWHERE, FIRST),
}


@pytest.mark.parametrize("where", HIDDEN)
def test_pages_and_files_are_the_same_whatever_a_hidden_count_is(
    desk: Desk, people: dict[Role, str], leader: StrictClient, where: str
) -> None:
    counts, ward, group = HIDDEN[where]
    seen = set()
    for hidden in (0, 1, 4):
        content = as_long_file(plus(counts, (LAST, ward, group, hidden)))
        desk.commit(people[OFFICER], content, because={"repeated_row": "The rest of the same count."})
        leader.get(PATH)
        with desk.reading(people[LEADER]) as viewer:
            summary = service.summary(viewer, HOME)
            files = exports.as_page(viewer, summary, TAKEN) + exports.as_json(viewer, summary, TAKEN)
        told = tostring(next(leader.page.all("main")), encoding="unicode") + files.decode()
        seen.add(re.sub(r"version \d+|\"versions\": \[[\s\d]*\]", "version", told))
        with desk.reading(people[OFFICER]) as viewer:
            seen_by_officer = service.summary(viewer, HOME).total.latest.count
        assert seen_by_officer == counts.loc[counts["month"].isin(LATEST), "count"].sum() + hidden
    assert len(seen) == 1


# --- In the source ---------------------------------------------------------------------------------------------------


def drawn(page: Element) -> Iterator[str]:
    """The source of every picture in a page."""
    for image in page.iter():
        for name in ("src", "srcset"):
            if (address := image.get(name, "")).startswith("data:image/svg+xml;base64,"):
                yield base64.b64decode(address.partition(",")[2]).decode()


def test_no_exact_count_is_anywhere_in_the_source(
    desk: Desk, people: dict[Role, str], leader: StrictClient, read: Read
) -> None:
    counts = made_up(30, most=3000)
    desk.commit(people[OFFICER], as_met_file(counts))
    answer = leader.get(PATH)
    with desk.reading(people[LEADER]) as viewer:
        summary = service.summary(viewer, HOME)
        files = exports.as_page(viewer, summary, TAKEN).decode() + exports.as_json(viewer, summary, TAKEN).decode()
    pictures = list(drawn(leader.page.tree)) + list(drawn(Page(exports_page(files)).tree))
    assert len(pictures) == 12, "months, map and ranges of the wards, wide and narrow, on the page and in the file"
    told = "\n".join([answer.text, files, *pictures]).replace(",", "")
    exact = read(OFFICER)
    secrets = {exact.total.latest.count, exact.total.before.count, *(each.figure.count for each in exact.months)}
    for line in (*exact.groups, *exact.wards):
        secrets |= {line.change.latest.count, line.change.before.count, line.change.difference}
    secret_words = {str(count) for count in secrets if count is not None and abs(count) > 999 and count % 5}
    assert len(secret_words) > 20
    assert not [count for count in secret_words if re.search(rf"(?<![\d.]){count}(?![\d])", told)]
    bars = re.findall(r'aria-label="month: [^"]*; Offences: ([^;"]+)', "".join(pictures))
    assert len(bars) == 4 * len(MONTHS)
    assert all(int(bar.replace(",", "")) % 5 == 0 for bar in bars)


def exports_page(files: str) -> str:
    return files[: files.index("</html>") + len("</html>")]


def test_months_that_were_small_are_not_told_once_all_is_loaded_anew(
    desk: Desk, people: dict[Role, str], read: Read
) -> None:
    """What was given of the old load was given when its months were not: they would be subtracted from it."""

    def told(before: pd.DataFrame, after: pd.DataFrame) -> set[tuple[int | None, int | None]]:
        desk.commit(people[OFFICER], as_met_file(before))
        long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=90)
        with desk.database.writing() as session, session.scoped(EVERYWHERE):
            session.execute(update(Version).values(committed_at=long_ago))
        desk.commit(people[OFFICER], as_met_file(after))
        with desk.reading(people[OFFICER]) as viewer:
            assert service.restated(viewer, read(), now=dt.datetime.now(dt.UTC))
        with desk.reading(people[LEADER]) as viewer:
            found = service.restated(viewer, read(LEADER), now=dt.datetime.now(dt.UTC))
        return {(one.before.count, one.after.count) for one in found}

    small = even(3)
    small.loc[small["month"] == LATEST[3], "count"] = 1
    assert told(small, even(4)) == set()
    assert told(even(5), even(6)) == {(20, 25)}

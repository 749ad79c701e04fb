"""A world in which every word that people of a borough wrote says whose it is, and each count is peculiar."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import openpyxl
import shapely
from sqlalchemy import Enum, String, select
from sqlalchemy.orm import InstrumentedAttribute, Mapper

from hub.access import Permission, Viewer
from hub.accounts.models import Person
from hub.assessments import service as assessments
from hub.assessments.models import Assessment, AssessmentPart
from hub.assessments.working import METHOD
from hub.baselines.models import Baseline, BaselineGround, BaselinePart
from hub.baselines.models import Role as GroundRole
from hub.borders.bands import Band
from hub.borders.models import BorderBand, BorderChoice
from hub.columns import AppendOnly, Base, Fenced
from hub.db import EVERYWHERE, HubSession
from hub.hotspots import service as hotspots
from hub.jobs import Job, JobState
from hub.measures.models import MeasureChoice
from hub.measures.service import UNLESS_CHOSEN
from hub.places import service as places
from hub.problems.models import Attachment, Entry, OutsideAddress, Problem
from hub.problems.terms import Kind, Origin, Stage
from hub.questions.models import Question
from hub.reports.models import Report, ReportFile, ReportSubscription, State
from hub.tasking.models import Occasion, TaskLetter
from hub.uploads import corrections
from hub.uploads.models import Share, Upload, Version
from tests.conftest import ELSEWHERE, EMAILS, HOME, SIBLING, Role
from tests.test_routes import MARK, OWN_COUNT, OWN_MARK, PECULIAR_COUNT, WARDS_OF, World, read_drafts
from tests.uploads.desk import Desk

WORDS_OF_THE_HUB = {
    *(
        "area_key",
        "borough_code",
        "boundary_set",
        "category",
        "classification",
        "code",
        "dataset",
        "extension",
        "form",
        "inputs_hash",
        "item",
        "kind",
        "lsoa_code",
        "media_type",
    ),
    *("measure", "offence_group", "offence_subgroup", "placed_by", "provider", "sha256", "subcategory", "unit"),
    *("borough_set", "owner_body", "premises"),
    *("asking_key", "owner_code", "show", "source_code", "units", "ward_code"),
    *("rule", "why_none"),
}
"""Columns whose words the hub knows or made itself: with others in them its pages would fail or say nothing."""


NOW = dt.datetime.now(dt.UTC)


def counts_and(word: str, count: int) -> re.Pattern[str]:
    """A borough's word, or what its count of a month adds up to, by itself or with the one beside it."""
    totals = {monthly * months for monthly in (count, count + 1) for months in (1, 12, 24)}
    written = "|".join(form for total in sorted(totals) for form in (str(total), f"{total:,}"))
    return re.compile(rf"{word}(?: [a-z_]+\.[a-z_]+)?|(?<![\w.])(?:{written})(?![\w.])")


THEIRS, OURS = counts_and(MARK, PECULIAR_COUNT), counts_and(OWN_MARK, OWN_COUNT)
"""What only ELSEWHERE's own people may read, and what HOME's may."""


def fenced() -> Iterator[Mapper[Base]]:
    """Every kind of row that belongs to boroughs."""
    return (mapper for mapper in Base.registry.mappers if issubclass(mapper.class_, Fenced))


def written_columns(mapper: Mapper[Base]) -> Iterator[InstrumentedAttribute[str]]:
    """The columns of a table in which people write what they like."""
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        is_free = isinstance(column.type, String) and not isinstance(column.type, Enum)
        is_bound = column.foreign_keys or column.primary_key or column.unique
        if is_free and not is_bound and column.name not in WORDS_OF_THE_HUB:
            yield getattr(mapper.class_, attribute.key)


def mark(world: World) -> set[str]:
    """Fill what the world leaves empty, and mark every word written in both boroughs; returns the columns marked."""
    desk = Desk(world.database)
    for of, word, email in (
        ("theirs", OWN_MARK, EMAILS[Role.CSP_OFFICER]),
        ("others", MARK, f"{MARK}@test.example"),
    ):
        with desk.writing(email) as viewer:
            corrections.edit(viewer, UUID(world.uploads[of, "faulty"]), [corrections.Cell(3, "Count", "x")])
            corrections.confirm(viewer, UUID(world.uploads[of, "repeating"]), {"repeated_row": "Two in one night."})
        world.uploads[of, "workbook"] = str(
            desk.check(email, a_faulty_workbook(f"Burglary {word}", WARDS_OF[of]), "faulty.xlsx")
        )
        with desk.writing(email) as viewer:
            _keep_a_map(viewer, HOME if of == "theirs" else ELSEWHERE)
    marked = set()
    with world.database.writing() as session:
        session.set_scope(EVERYWHERE)
        for code, word, email in (
            (HOME, OWN_MARK, EMAILS[Role.CSP_OFFICER]),
            (ELSEWHERE, MARK, f"{MARK}@test.example"),
        ):
            _add_what_is_missing(session, code, word, email)
            session.flush()
            for mapper in fenced():
                marked |= mark_rows(session, mapper, code, word)
    writers = {"theirs": EMAILS[Role.CSP_OFFICER], "others": f"{MARK}@test.example"}
    world.uploads |= read_drafts(world.database, world.uploads, writers)
    kept = world.files.with_name("kept")
    shutil.rmtree(kept)
    shutil.copytree(world.files, kept)
    return marked


def a_faulty_workbook(word: str, ward_code: str = "F05000000") -> bytes:
    """A workbook that comes back with its problems marked, and a word in it."""
    workbook, content = openpyxl.Workbook(), io.BytesIO()
    for row in (
        ("WardCode", "Month", "Category", "Count"),
        (ward_code, "2025-01", "Burglary", 5),
        (ward_code, "2025-02", word, "one"),
    ):
        workbook.active.append(row)
    workbook.save(content)
    return content.getvalue()


def _keep_a_map(viewer: Viewer, borough_code: str) -> None:
    area = places.area(viewer, borough_code, Permission.OVERLAY_READ)
    year = {"first_month": dt.date(2025, 1, 1), "last_month": dt.date(2025, 12, 1)}
    hotspots.keep(viewer, hotspots.overlay(viewer, area, units="wards", method="rate", category=None, **year))


def _add_what_is_missing(session: HubSession, code: str, word: str, email: str) -> None:
    asker = session.scalars(select(Person.id).where(Person.email == email)).one()
    versions = session.scalars(select(Version).where(Version.borough_code == code)).all()
    for version in versions:  # figures put in place by no particular person
        version.committed_by = session.get_one(Upload, version.upload_id).owner_id = asker
    session.add(BorderChoice(borough_code=code, publishes=True, chosen_by=asker, chosen_at=dt.datetime.now(dt.UTC)))
    year = {"first_month": dt.date(2025, 1, 1), "last_month": dt.date(2025, 12, 1)}
    band = {"units": "wards", "unit": "F05000002", "category": f"Burglary {word}", "band": next(iter(Band))}
    session.add(BorderBand(borough_code=code, source_code=SIBLING, **band, **year))
    share = {"measure": f"Trust {word}", "month": dt.date(2025, 1, 1), "share": 0.5}
    session.add(Share(version_id=versions[0].id, borough_code=code, **share))
    session.add(MeasureChoice(borough_code=code, codes=list(UNLESS_CHOSEN), chosen_by=asker, chosen_at=NOW))
    answered = {"figure": "total:2025-12", "title": word, "shown": word, "is_for_all": True, "words": word}
    asked = {"asked_by": asker, "asked_at": NOW, "answered_by": asker, "answered_at": NOW}
    session.add(Question(borough_code=code, **answered, **asked))  # beside the one that still waits
    session.add(ReportSubscription(borough_code=code, person_id=asker, made_at=dt.datetime.now(dt.UTC)))
    _add_a_problem(session, code, word, asker)
    approved = select(Report).where(Report.borough_code == code, Report.state == State.APPROVED).limit(1)
    report = session.scalars(approved).one()
    session.add(
        ReportFile(report_id=report.id, borough_code=code, form="csv", content=word.encode(), **of_a_file(word))
    )
    session.add(
        Job(
            kind="upload.check",
            asker_id=asker,
            arguments={"upload_id": word},
            state=JobState.FAILED,
            asked_at=dt.datetime.now(dt.UTC),
            progress=f"{word} job.progress",
            failure=f"{word} job.failure",
        )
    )


def _add_a_problem(session: HubSession, code: str, word: str, asker: UUID) -> None:
    year = {"first_month": dt.date(2025, 1, 1), "last_month": dt.date(2025, 12, 1)}
    place = {"place_name": word, "cells": [], "premises": "park", "categories": [f"Burglary {word}"]}
    stands = {"kind": "burglary", "stage": Stage.ANALYSIS, "origin": Origin.BY_HAND, "owner_body": "police"}
    problem = Problem(
        borough_set=code, year=2025, number=99, title=word, **place, **stands, **year, owner_id=asker, opened_by=asker,
        opened_at=NOW, changed_at=NOW,
    )  # fmt: skip
    session.add(problem)
    session.flush()
    of_it = {"problem_id": problem.id, "borough_set": code}
    said = {"words": f"{word} problem_entry.body", "source": word}
    wrote = {"written_by": asker, "written_at": NOW}
    session.add(Entry(**of_it, number=1, kind=Kind.FINDING, thing=problem.id, body=said, **wrote))
    session.add(
        Attachment(
            **of_it, file_name="a.csv", content=word.encode(), sha256=of_a_file(word)["sha256"], added_by=asker,
            added_at=NOW,
        )
    )  # fmt: skip
    session.add(OutsideAddress(**of_it, address=f"{word.replace(' ', '.')}@body.example"))
    session.add(
        TaskLetter(**of_it, task=problem.id, recipient=asker, occasion=Occasion.ASKED, day=NOW.date(), asked_at=NOW)
    )
    others = select(Problem).where(Problem.borough_set == code, Problem.id != problem.id)
    first = session.scalars(others.order_by(Problem.opened_at)).first()
    _add_a_baseline(session, code, word, asker, first.id)


def _add_a_baseline(session: HubSession, code: str, word: str, asker: UUID, problem_id: UUID) -> None:
    """One of a year, in another's place; its rows are written once, so that they are marked as they are written."""
    version = session.scalars(select(Version).where(Version.borough_code == code)).first()
    months = [f"2025-{month:02}" for month in range(1, 13)]
    source = {"borough_code": code, "version": str(version.public_id), "extract": "2026-02-03", "months": months}
    baseline = Baseline(
        problem_id=problem_id, borough_set=code, number=2, reason=f"{word} problem_baseline.reason",
        dataset=version.dataset, category=f"Burglary {word}", boundary_set="2022", months=months, carried_over=[],
        sources=[source], ring_metres=0.0, considered=3, why_none="", sha256="-", frozen_by=asker, frozen_at=NOW,
    )  # fmt: skip
    session.add(baseline)
    session.flush()
    ward_code = WARDS_OF["theirs" if code == HOME else "others"]
    for position, role in enumerate(GroundRole):
        session.add(
            BaselineGround(
                baseline_id=baseline.id, borough_set=code, position=position, role=role, unit=ward_code,
                name=f"{word} problem_ground.name", ward_codes=[ward_code], outline=shapely.box(0, 0, 900, 900),
                rule="suitable" if role is GroundRole.CONTROL else "",
            )
        )  # fmt: skip
    _add_an_assessment(session, code, word, asker, problem_id, version, source)
    counts = [[OWN_COUNT if code == HOME else PECULIAR_COUNT] * 12] * len(GroundRole)
    session.add(
        BaselinePart(
            baseline_id=baseline.id, borough_code=code, version_id=version.id, months=months, counts=counts,
            evidence=word.encode(),
        )
    )  # fmt: skip


def _add_an_assessment(
    session: HubSession,
    code: str,
    word: str,
    asker: UUID,
    problem_id: UUID,
    version: Version,
    source: dict[str, object],
) -> None:
    """Half of its year before a response and half after, marked as it is written."""
    months = [f"2025-{month:02}" for month in range(1, 13)]
    response = {name: f"{word} assessment.responses {name}" for name in ("words", "technique", "status", "delivered")}
    row = Assessment(
        id=uuid4(), problem_id=problem_id, borough_set=code, number=1, result="cannot_tell", reason="too_uncertain",
        waits_for="", dataset=version.dataset, category=f"Burglary {word}", months=months, months_before=6,
        left_out=[], chosen_by=[], is_delivered=True, cost=0, sources=[source], method=METHOD,
        grounds=[{"role": role.value, "name": f"{word} assessment.grounds"} for role in GroundRole],
        responses=[{**response, "start": "2025-07-01", "in_place": "2025-07-01"}], run_for=asker, run_at=NOW,
    )  # fmt: skip
    counts = [[OWN_COUNT if code == HOME else PECULIAR_COUNT] * 12] * len(GroundRole)
    part = AssessmentPart(assessment_id=row.id, borough_code=code, version_id=version.id, months=months, counts=counts)
    row.sha256 = assessments.digest(row, [part])
    session.add(row)
    session.flush()
    session.add(part)


def of_a_file(word: str) -> dict[str, str]:
    """What is kept beside the bytes of a report's file."""
    return {"extension": "csv", "media_type": "text/csv", "sha256": hashlib.sha256(word.encode()).hexdigest()}


def mark_rows(session: HubSession, mapper: Mapper[Base], code: str, word: str) -> set[str]:
    """Write in every row of one borough whose it is, and where."""
    fence = getattr(mapper.class_, mapper.class_.fence)
    columns = [] if issubclass(mapper.class_, AppendOnly) else list(written_columns(mapper))
    if not columns:
        return set()
    for number, row in enumerate(session.scalars(select(mapper.class_).where(fence == code))):
        for column in columns:
            if word in (getattr(row, column.key) or "") and column.key == "address":
                continue  # with more words in it, it would be no address that anybody can ask to have erased
            room = column.type.length or 1_000
            # A file keeps its ending, by which the hub knows how to give it back.
            ending = Path(getattr(row, column.key) or "").suffix if column.key == "file_name" else ""
            words = f"{word} {mapper.local_table.name}.{column.key} {number}{ending}"
            setattr(row, column.key, words[-room:] if len(words) > room else words)
    return {f"{mapper.local_table.name}.{column.key}" for column in columns}


def without_rows(world: World) -> set[str]:
    """Tables that belong to a borough of which one of the two has no row: what is in them was not looked for."""
    empty = set()
    with world.database.reading() as session:
        session.set_scope(EVERYWHERE)
        for mapper in fenced():
            fence = getattr(mapper.class_, mapper.class_.fence)
            if not {HOME, ELSEWHERE} <= set(session.scalars(select(fence).distinct())):
                empty.add(mapper.local_table.name)
    return empty

"""The fictional city's two responses, assessed by the worker: one worked and reads fell, the other did not fall."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from hub import audit
from hub.access import Role
from hub.accounts import service as accounts
from hub.assessments import due
from hub.assessments import service as assessments
from hub.db import Database
from hub.demo.service import FILES, Demo
from hub.jobs import Job, Worker
from hub.problems import service as problems
from hub.problems.terms import Result, Stage


@pytest.mark.slow
def test_the_planted_response_that_worked_reads_fell_and_the_one_that_did_nothing_reads_did_not_fall(
    tmp_path: Path, prepare_demo: Callable[..., Demo]
) -> None:
    made = prepare_demo(tmp_path / "demo", FILES)
    database = Database(made.settings)
    today = problems.today()
    administrator = next(one.email for one in made.people if one.role == Role.ADMINISTRATOR.title)
    assert due.ask_due(database, today, audit.MACHINE) == 2
    # The demonstration's other jobs are not of this test.
    others = _kinds_of_others(database)
    worker = Worker(database, due.handlers(database, made.settings), accounts.viewer_of, others=others)
    while worker.run_one():
        pass
    with database.reading() as session:
        viewer = accounts.viewer_by_email(session, administrator)
        found = {one.stage: one.result for one in problems.problems(viewer)}
    database.engine.dispose()
    assert found[Stage.ASSESSMENT] is Result.FELL
    assert found[Stage.RESPONSE] is Result.DID_NOT_FALL


def _kinds_of_others(database: Database) -> set[str]:
    with database.reading() as session:
        return set(session.scalars(select(Job.kind))) - {assessments.RUN}

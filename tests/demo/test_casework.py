"""The fictional city's problems stand on the ground that its data has something planted on, at three stages."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from hub import audit
from hub.access import Permission, Role
from hub.accounts import service as accounts
from hub.db import Database
from hub.demo import casework
from hub.places import loading
from hub.places import service as places
from hub.problems import service
from hub.problems.terms import Kind, Stage
from hub.responses import service as patrols
from hub.tasking import service as tasking
from tests.conftest import PASSWORD


@pytest.mark.slow
def test_three_problems_are_opened_where_something_is_planted(database: Database, folder: Path) -> None:
    planted = orjson.loads((folder / "planted.json").read_bytes())
    hotspots = {one["id"]: one for one in planted["hotspots"]}
    responses = {one["hotspot"]: one for one in planted["responses"]}
    with database.writing() as session:
        loading.load_places(session, [folder], actor=audit.MACHINE)
        role, email = Role.ADMINISTRATOR, "administrator@demo.example"
        accounts.create_person(session, email, role.title, PASSWORD, role, london=True, actor=audit.MACHINE)
    with database.writing() as session:
        viewer = accounts.viewer_by_email(session, email)
        opened = casework.open_problems(viewer, planted)
        stages = {}
        for hotspot, problem_id in opened.items():
            record = service.record(viewer, problem_id)
            stages[record.problem.stage] = hotspot
            assert record.problem.borough_codes == {hotspots[hotspot]["borough_code"]}
            assert record.warnings == ()
            assert record.problem.place.outline is not None
            assert record.problem.place.outline.area > 0
            begins = [one.body["start"][:7] for one in record.of(Kind.RESPONSE)]
            assert begins == ([responses[hotspot]["started"]] if hotspot in responses else [])
        assert stages.keys() == {Stage.SCANNING, Stage.RESPONSE, Stage.ASSESSMENT}
        assert responses[stages[Stage.ASSESSMENT]]["worked"]
        assert not responses[stages[Stage.RESPONSE]]["worked"]
        assert {problem.stage for problem in service.problems(viewer)} == set(stages)
        for hotspot in ("H06", "H12"):
            ours = places.area(viewer, hotspots[hotspot]["borough_code"], Permission.PROBLEM_READ)
            met = tasking.meeting(viewer, ours, service.today())
            assert met.late, hotspot
            assert met.due, hotspot
        assert met.decided
        casework.walk_patrols(viewer, planted, opened)
        for hotspot, is_running in (("H10", False), ("H12", True)):
            [walked] = patrols.patrols(viewer, opened[hotspot], service.today())
            assert walked.is_running is is_running, hotspot
            assert walked.dosage.short_weeks, hotspot
            assert 0.5 < walked.dosage.total.given / walked.dosage.total.planned < 1, hotspot

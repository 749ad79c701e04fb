"""The fictional city's hidden hotspots are found and rightly called; one that is not there is said to be missed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hub import cli
from hub.demo.service import Demo
from hub.errors import BadRequest
from hub.proofs import planted

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("proofs")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, prepare_demo: Callable[..., Demo]) -> Path:
    """A demonstration of the city with its street-level points."""
    folder = tmp_path_factory.mktemp("planted") / "demo"
    prepare_demo(folder, planted.POINT_FILES)
    return folder


def test_every_hotspot_is_found_and_rightly_called(made: Path) -> None:
    proof = planted.prove_planted(made, print)
    called = {answer.id: (answer.kind, answer.found_as) for answer in proof.answers}
    assert [answer.id for answer in proof.answers if not answer.is_right] == [], called
    assert len(called) == len(json.loads((made / planted.ANSWERS).read_bytes())["hotspots"]) == 13
    assert proof.is_held
    # The interchange lasts and fades at once: what was done there halved it.
    assert called["H10"] == ("persistent", "diminishing")
    assert {kind for kind, _ in called.values()} == set(planted.RIGHT)
    of_id = {answer.id: answer for answer in proof.answers}
    assert (of_id["H08"].last_month, of_id["H05"].last_month) == ("2025-12", "2026-10")
    assert (of_id["H05"].category, of_id["H07"].category) == ("Robbery", "Public order")
    assert proof.lines()[-1] == "13 of 13 planted hotspots found and rightly called (100%)."


def test_a_hotspot_that_is_not_there_is_missed_and_the_command_says_so(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "demo"
    shutil.copytree(made, folder)
    answers = json.loads((folder / planted.ANSWERS).read_bytes())
    (real,) = (hotspot for hotspot in answers["hotspots"] if hotspot["id"] == "H01")
    lies = [real | {"id": "none", "easting": real["easting"] + 1_500}, real | {"id": "other", "kind": "emerging"}]
    (folder / planted.ANSWERS).write_text(json.dumps(answers | {"hotspots": [real, *lies]}))
    assert cli.main(["check", "planted", "--data", str(folder), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["planted"], said["found"]) == (3, 1)
    assert {each["id"]: each["is_right"] for each in said["hotspots"]} == {"H01": True, "none": False, "other": False}
    (folder / planted.ANSWERS).write_text(json.dumps(answers | {"hotspots": [real]}))
    assert cli.main(["check", "planted", "--data", str(folder)]) == 0
    assert capsys.readouterr().out.endswith("1 of 1 planted hotspots found and rightly called (100%).\n")


def test_a_folder_without_a_demonstration_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    with pytest.raises(BadRequest, match="no finished demonstration"):
        planted.prove_planted(tmp_path, print)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]

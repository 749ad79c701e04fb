"""Measures as data: what comes with the hub hangs together, and what a file may not say is refused by name."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest

from hub.errors import BadFile
from hub.measures.definitions import Kind, read, refuse_loose_ends, shipped
from hub.measures.service import UNLESS_CHOSEN
from hub.uploads import classification

OURS = """
[[measures]]
code = "shoplifting"
title = "Shoplifting"
kind = "recorded"
unit = "offences"
direction = "lower"
definition = "Theft from shops."
source = "The borough's community safety plan"
version = "1"
subgroups = ["Theft: Shoplifting"]
partner = "listens"
"""


def test_every_shipped_measure_counts_what_the_hub_knows() -> None:
    known = shipped()
    flags = {
        code
        for field in tomllib.loads(
            resources.files("hub.uploads.catalogue").joinpath("met_dashboard.toml").read_text("utf-8")
        )["fields"]
        for code in field.get("codes", [])
    }
    survey = tomllib.loads(resources.files("hub.uploads.catalogue").joinpath("perception.toml").read_text("utf-8"))
    questions = {code for field in survey["fields"] for code in field.get("codes", [])}
    for measure in known.measures:
        assert set(measure.groups) <= set(classification.GROUPS), measure.code
        for group, subgroup in measure.subgroups:
            assert classification.offence(group, subgroup) == classification.Offence(group, subgroup, is_known=True)
        assert measure.flag in {"", *flags}, measure.code
        assert set(measure.questions) <= questions, measure.code
        assert measure.source, measure.code
    held = {one.code for one in known.measures if one.is_held}
    assert set(UNLESS_CHOSEN) <= held
    asked = [name for one in known.measures for name in one.questions]
    assert sorted(asked) == sorted(questions)
    assert {plan.code: [theme.code for theme in plan.themes] for plan in known.plans} == {
        "2025-29": ["violence", "communities", "reform", "victims"],
        "2021-25": ["violence", "trust", "victims", "exploitation"],
    }
    for plan in known.plans:
        for theme in plan.themes:
            assert any(one.theme(plan.code) == theme.code for one in known.measures), theme.code


def test_what_nobody_checked_says_so() -> None:
    known = {one.code: one for one in shipped().measures}
    assert known["violence-with-injury"].is_verified
    assert not known["lethal-barrel-discharges"].is_verified
    assert not known["lethal-barrel-discharges"].is_held
    assert not any(plan.is_verified for plan in shipped().plans)


def test_a_definition_that_cannot_be_read_is_refused_by_name() -> None:
    known = shipped()
    found = read(OURS)
    refuse_loose_ends(known.with_these(found))
    assert found.measures[0].subgroups == (("Theft", "Shoplifting"),)
    assert found.measures[0].kind is Kind.RECORDED
    for text, said in (
        ("measures", "not written as TOML"),
        ("", "no plan and no measure"),
        ("[[targets]]\n", "says 'targets'"),
        (OURS + OURS, "defined twice"),
        (OURS.replace('"shoplifting"', '"Shop lifting"'), "code 'Shop lifting'"),
        (OURS.replace('source = "The borough\'s community safety plan"', ""), "no 'source'"),
        (OURS.replace('"recorded"', '"counted"'), "kind 'counted'"),
        (OURS.replace('"lower"', '"down"'), "direction 'down'"),
        (OURS.replace("Theft: Shoplifting", "Shoplifting"), "without its group"),
        (OURS + "is_all = true\n", "says it twice"),
        (OURS.replace('subgroups = ["Theft: Shoplifting"]', ""), "does not say what it counts"),
        (OURS.replace('partner = "listens"', ""), "has no partner"),
        (OURS.replace('title = "Shoplifting"', f'title = "{"S" * 81}"'), "title that is too long"),
        (OURS + "target = 5\n", "says 'target'"),
    ):
        with pytest.raises(BadFile, match=said):
            read(text)
    for text, said in (
        (OURS.replace('"listens"', '"robbery"'), "no perception measure"),
        (OURS + 'plans = [{ plan = "2025-29", theme = "shops" }]\n', "theme 'shops'"),
    ):
        with pytest.raises(BadFile, match=said):
            refuse_loose_ends(known.with_these(read(text)))

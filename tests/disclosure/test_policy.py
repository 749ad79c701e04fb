"""The policy on small numbers: versions that are never rewritten, obeyed at once, by whom and why on the record."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from hub.access import Permission, Policy, Role, Unprotected, release
from hub.accounts import service as accounts
from hub.audit import AuditEntry
from hub.db import Database
from hub.disclosure import service
from hub.disclosure.service import SHIPPED
from hub.errors import BadRequest, Conflict, NotAllowed
from tests.client import StrictClient
from tests.conftest import HOME, PASSWORD

EXACT = replace(SHIPPED, unprotected=Unprotected.EXACT)
ADMINISTRATOR, LEADER = Role.ADMINISTRATOR, Role.COUNCIL_LEADER


@pytest.mark.parametrize(
    ("dataset", "group", "is_protected"),
    [
        ("met_ward_counts", "Sexual offences", True),
        ("street_points", "Violence and sexual offences", True),
        ("met_ward_counts", "Violence against the person", True),
        ("met_ward_counts", "Public order offences", True),
        ("ward_counts", "DOMESTIC ABUSE", True),
        ("ambulance", "Falls", True),
        ("met_ward_counts", None, True),
        ("met_ward_counts", "Theft", False),
    ],
)
def test_a_group_is_protected_with_any_of_its_subgroups(dataset: str, group: str | None, is_protected: bool) -> None:
    assert EXACT.protects(dataset, group) == is_protected
    assert SHIPPED.protects(dataset, group), "as shipped, everything is"


def test_release_obeys_the_policy_and_the_reader(database: Database, people: dict[Role, str]) -> None:
    strict = replace(EXACT, threshold=10, base=10)
    groups, counts = ["Theft", "Sexual offences", "Theft", "Sexual offences"], [3, 9, 101, 101]
    with database.reading() as session:
        leader = accounts.viewer_by_email(session, people[LEADER])
        shown = release(leader, [HOME], counts, strict, dataset="met_ward_counts", groups=groups)
        assert (shown.hidden.tolist(), shown.exact.tolist()) == ([False, True, False, False], [True, False] * 2)
        assert (shown.counts[0], shown.counts[2], shown.counts[3], shown.is_rounded) == (3, 101, 100, True)
        throughout = release(leader, [HOME], counts, strict, dataset="met_ward_counts")
        assert throughout.hidden.tolist() == [True, True, False, False]
        officer = accounts.viewer_by_email(session, people[Role.CSP_OFFICER])
        assert release(officer, [HOME], counts, strict, dataset="met_ward_counts").counts.tolist() == counts


def test_a_change_is_a_new_version_on_the_record_and_the_old_one_stays(
    database: Database, people: dict[Role, str]
) -> None:
    with database.writing() as session:
        administrator = accounts.viewer_by_email(session, people[ADMINISTRATOR])
        assert service.in_force(session) == SHIPPED
        changed = service.change(administrator, replace(SHIPPED, threshold=8, categories=(" a  b ", "", "a b")), "Why.")
        assert (changed.version, changed.threshold, changed.categories) == (2, 8, ("a b",))
        assert service.in_force(session) == changed
        newest, shipped = service.versions(session)
        assert (newest.policy, newest.reason, newest.by) == (changed, "Why.", administrator.name)
        assert (shipped.policy, shipped.at) == (SHIPPED, None)
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
        assert entry is not None
        assert (entry.action, entry.subject) == ("policy.changed", "version 2")
        with pytest.raises(Conflict, match="Somebody has changed"):
            service.change(administrator, replace(SHIPPED, threshold=9), "Too late.")
        with pytest.raises(Conflict, match="already in force"):
            service.change(administrator, changed, "The same.")


@pytest.mark.parametrize(
    ("policy", "reason", "said"),
    [
        (replace(SHIPPED, threshold=2), "x", "no limit"),
        (replace(SHIPPED, threshold=21), "x", "no limit"),
        (replace(SHIPPED, threshold=4, base=9), "x", "rounded to 9"),
        (replace(SHIPPED, base=2), "x", "rounded to 2"),
        (replace(SHIPPED, threshold=6), "  ", "reason is missing"),
        (replace(SHIPPED, threshold=6), "x" * 501, "too long"),
        (replace(SHIPPED, categories=("x" * 161,)), "x", "too long"),
        (replace(EXACT, categories=()), "x", "Nothing would be protected"),
    ],
)
def test_what_cannot_be_applied_is_refused(
    database: Database, people: dict[Role, str], policy: Policy, reason: str, said: str
) -> None:
    with database.writing() as session:
        administrator = accounts.viewer_by_email(session, people[ADMINISTRATOR])
        with pytest.raises(BadRequest, match=said):
            service.change(administrator, policy, reason)
        assert service.in_force(session) == SHIPPED


def test_only_who_decides_for_every_borough_changes_it(database: Database, people: dict[Role, str]) -> None:
    with database.writing() as session:
        for role in set(Role) - {ADMINISTRATOR}:
            viewer = accounts.viewer_by_email(session, people[role])
            assert not viewer.may(Permission.POLICY_WRITE)
            with pytest.raises(NotAllowed):
                service.change(viewer, replace(SHIPPED, threshold=9), "Mine.")


def test_the_page_says_the_rule_and_the_form_keeps_what_was_typed(
    client: StrictClient, people: dict[Role, str]
) -> None:
    client.sign_in(people[LEADER], PASSWORD)
    client.get("/small-numbers")
    assert "0 to 4 are all shown as “fewer than 5”" in client.page.main
    assert "whatever has “sexual” in its name" in client.page.main
    assert "Public order …: Racially or religiously aggravated …" in client.page.main
    assert "*" not in client.page.main
    assert "Change the rule" not in client.page.main
    client.sign_out()
    client.sign_in(people[ADMINISTRATOR], PASSWORD)
    client.get("/small-numbers/change")
    form = {"version": "1", "threshold": "30", "base": "5", "categories": "Odd one", "unprotected": "exact"}
    refused = client.submit("/small-numbers/change", form | {"reason": "Typed."})
    assert (refused.status_code, "Odd one" in refused.text, "Typed." in refused.text) == (400, True, True)
    assert "Enter a number from 3 to 20." in client.page.main
    client.submit("/small-numbers/change", form | {"threshold": "6", "reason": "Typed."})
    client.get("/small-numbers")
    assert "0 to 5 are all shown as “fewer than 6”" in client.page.main
    assert "Odd one" in client.page.main

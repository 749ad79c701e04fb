"""Roles, permissions and the scope that follows from grants: a table of what is expected, and its edges."""

from __future__ import annotations

from uuid import UUID

import pytest

from hub.access import GRANTED, Grant, Permission, Role, Viewer, scope_of
from hub.columns import InArea, InBorough
from hub.db import EVERYTHING, NOWHERE, HubSession
from hub.errors import NotAllowed, NotFound

A, B, C, D = (f"F0900000{number}" for number in (1, 2, 3, 4))
LONDON = frozenset({A, B, C, D})
BCUS = [frozenset({A, B}), frozenset({C, D})]

EXPECTED = {
    Role.CSP_OFFICER: "upload:read upload:write upload:commit agreement:read agreement:write overlay:read summary:read "
    "place:mute zone:write counts:exact question:ask question:answer measure:choose report:write priority:write "
    "problem:read problem:write problem:publish",
    Role.CSP_ANALYST: "upload:read agreement:read overlay:read place:mute zone:write share:ask summary:read "
    "counts:exact question:ask question:answer measure:choose report:write problem:read problem:write",
    Role.BOROUGH_POLICE_LEAD: "agreement:read overlay:read place:mute zone:write summary:read counts:exact "
    "question:ask priority:write problem:read problem:write problem:publish",
    Role.LIAISON_OFFICER: "share:decide record:read person:see_as agreement:read overlay:read place:mute zone:write "
    "summary:read counts:exact question:ask report:approve problem:read problem:write",
    Role.BCU_COMMANDER: "share:ask agreement:read overlay:read place:mute zone:write summary:read counts:exact "
    "question:ask problem:read problem:write problem:publish",
    Role.COUNCIL_LEADER: "summary:read question:ask report:publish",
    Role.ADMINISTRATOR: "upload:read upload:write upload:commit agreement:read agreement:write prescribed:write "
    "weights:write overlay:read place:mute zone:write summary:read counts:exact record:read person:see_as person:write "
    "policy:write question:ask question:answer measure:choose measure:write report:write priority:write "
    "problem:read problem:write problem:publish",
}


def viewer(*grants: tuple[Role, set[str]]) -> Viewer:
    held = tuple(Grant(role, frozenset(boroughs)) for role, boroughs in grants)
    return Viewer(UUID(int=1), "me@example.org", "Me", held, HubSession())


def test_each_role_may_do_what_the_table_says_and_no_more() -> None:
    assert EXPECTED.keys() == GRANTED.keys() == set(Role)
    for role, words in EXPECTED.items():
        someone = viewer((role, {A}))
        for permission in Permission:
            assert someone.may(permission, {A}) == (permission in words.split()), (role, permission)
            assert not someone.may(permission, {B})
            assert not someone.may(permission, {A, B})


def test_a_permission_holds_only_where_its_role_does() -> None:
    someone = viewer((Role.CSP_OFFICER, {A}), (Role.COUNCIL_LEADER, {B}))
    assert someone.boroughs() == {A, B}
    assert someone.boroughs(Permission.UPLOAD_COMMIT) == {A}
    assert someone.boroughs(Permission.SUMMARY_READ) == {A, B}
    assert someone.may(Permission.SUMMARY_READ, {A, B})
    assert not someone.may(Permission.UPLOAD_COMMIT, {A, B})
    assert someone.may(Permission.UPLOAD_COMMIT)
    assert someone.roles == {Role.CSP_OFFICER, Role.COUNCIL_LEADER}


def test_no_boroughs_are_no_permission() -> None:
    everybody, officer, nobody = viewer(*((role, {A}) for role in Role)), viewer((Role.CSP_OFFICER, {A})), viewer()
    for permission in Permission:
        assert everybody.may(permission)
        assert not everybody.may(permission, [])
        assert not nobody.may(permission)
        assert not nobody.may(permission, [])
        assert not nobody.may(permission, [A])
    with pytest.raises(NotFound):
        officer.require(Permission.UPLOAD_COMMIT, [])


def test_outside_ones_scope_is_not_found_and_inside_it_not_allowed() -> None:
    someone = viewer((Role.CSP_OFFICER, {A}), (Role.COUNCIL_LEADER, {B}))
    someone.require(Permission.UPLOAD_COMMIT, [A])
    someone.require(Permission.SUMMARY_READ, iter([A, B]))
    with pytest.raises(NotAllowed):
        someone.require(Permission.UPLOAD_COMMIT, [A, B])
    for foreign in ([C], [A, C], ["no such borough"]):
        with pytest.raises(NotFound):
            someone.require(Permission.SUMMARY_READ, foreign)


def grants(*boroughs: set[str]) -> list[Grant]:
    return [Grant(Role.CSP_OFFICER, frozenset(codes)) for codes in boroughs]


@pytest.mark.parametrize(
    ("held", "areas"),
    [
        ([{A}], {A}),
        ([{A}, {C}], {A, C, f"{A}+{C}"}),
        ([{A, B}], {A, B, f"{A}+{B}"}),
        ([{A}, {B}], {A, B, f"{A}+{B}"}),
        ([{A, B, C}], {A, B, C, f"{A}+{B}", f"{A}+{B}+{C}"}),
        ([{A, B, C, D}], {EVERYTHING}),
        ([{A, B}, {C, D}], {EVERYTHING}),
    ],
)
def test_shared_rows_are_seen_by_those_who_cover_them(held: list[set[str]], areas: set[str]) -> None:
    scope = scope_of(grants(*held), BCUS, every_borough=LONDON)
    assert scope.boroughs == set().union(*held)
    assert scope.areas == areas
    assert not scope.is_everywhere


def test_what_a_permission_is_held_for_is_an_area_of_its_own() -> None:
    """A file is sent for the boroughs one uploads for, which may be some of those one reads in."""
    held = [Grant(Role.CSP_OFFICER, frozenset({A, C})), Grant(Role.COUNCIL_LEADER, frozenset({B}))]
    assert f"{A}+{C}" in scope_of(held, BCUS, every_borough=LONDON).areas


def test_without_grants_there_is_no_scope_even_where_there_are_no_boroughs() -> None:
    assert scope_of([], BCUS, every_borough=LONDON) == NOWHERE
    assert scope_of(grants(set()), BCUS, every_borough=LONDON) == NOWHERE
    assert scope_of([], [], every_borough=frozenset()) == NOWHERE
    assert scope_of([], [frozenset()], every_borough=LONDON) == NOWHERE
    assert scope_of(grants({A}), [frozenset()], every_borough=LONDON).areas == {A}


def test_all_of_london_is_not_everywhere() -> None:
    """It sees shared rows of whatever boroughs, but of borough rows those of London alone."""
    scope = scope_of(grants(set(LONDON)), BCUS, every_borough=LONDON)
    assert scope.admits_key(InArea, f"{A}+F09000099")
    assert scope.admits_key(InBorough, A)
    assert not scope.admits_key(InBorough, "F09000099")
    assert not scope.admits_key(InBorough, None)
    assert not scope.admits_key(InArea, None)

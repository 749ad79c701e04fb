"""Roles that follow from a group of somebody's own organisation, as an administrator of their place decided.

Such a role is marked with its group, renewed at each sign-in by that organisation, and ends when the group is gone.
A role that an administrator gave by hand is never touched.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from hub import audit
from hub.access import Role, Viewer
from hub.accounts import memberships, service
from hub.accounts.memberships import Ground
from hub.accounts.models import LONGEST_GROUP, GroupRole, Membership, Person
from hub.db import HubSession
from hub.errors import BadRequest, Conflict, NotFound

LASTS = dt.timedelta(days=7)
"""After a sign-in by the organisation: somebody whom it no longer lets in keeps the role no longer than this."""

_Key = tuple[Role, str | None, int | None, bool]


@dataclass(frozen=True)
class GroupView:
    """What a group gives."""

    id: UUID
    group: str
    role: Role
    place: str


# --- For administrators ----------------------------------------------------------------------------------------------


def listed(viewer: Viewer) -> list[GroupView]:
    """List what groups give for the places of the viewer's scope."""
    ground = memberships.ground_of(viewer)
    found = viewer.session.scalars(select(GroupRole).where(ground.holds(GroupRole)).order_by(GroupRole.group))
    return [_view(ground, one) for one in found]


def add(viewer: Viewer, group: str, role: Role, place: str) -> None:
    """Let members of a group hold a role for a place of the viewer's scope, from their next sign-in on.

    Raises
    ------
    BadRequest
        If the role is not held for such a place, or the group cannot be one.
    NotFound
        If the place is not in the viewer's scope.
    Conflict
        If the group gives that role already.
    """
    group = group.strip()
    if not 1 <= len(group) <= LONGEST_GROUP or not group.isprintable():
        raise BadRequest("The group cannot be used.", remedy=f"Give its name in 1 to {LONGEST_GROUP} characters.")
    area = memberships.ground_of(viewer).area(place)
    held = memberships.made_for(viewer.session, role, area)
    rule = GroupRole(
        group=group,
        role=role,
        borough_code=held.borough_code,
        bcu_id=held.bcu_id,
        is_london=held.is_london,
        made_by=viewer.person_id,
        made_at=dt.datetime.now(dt.UTC),
    )
    same = viewer.session.scalars(select(GroupRole).where(GroupRole.group == group))
    if any(_key(one) == _key(rule) for one in same):
        raise Conflict(f"The group “{group}” gives that role already.", remedy="There is nothing to do.")
    viewer.session.add(rule)
    viewer.session.flush()
    audit.record(viewer, "group_role.added", rule.id, boroughs=area.borough_codes, role=role, place=place)


def remove(viewer: Viewer, rule_id: UUID) -> None:
    """Let a group give a role no more; whoever holds it from there holds it no longer.

    Raises
    ------
    NotFound
        If there is no such rule in the viewer's scope.
    """
    ground = memberships.ground_of(viewer)
    rule = viewer.session.scalar(select(GroupRole).where(GroupRole.id == rule_id, ground.holds(GroupRole)))
    if rule is None:
        raise NotFound
    today = memberships.today()
    from_it = viewer.session.scalars(
        select(Membership).where(Membership.from_group == rule.group, Membership.role == rule.role)
    )
    ended = [one for one in from_it if _key(one) == _key(rule) and _is_lasting(one, today)]
    for one in ended:
        one.ends_on = today - dt.timedelta(days=1)
    viewer.session.delete(rule)
    viewer.session.flush()
    area = ground.area_of(rule)
    codes = area.borough_codes if area else ()
    audit.record(viewer, "group_role.removed", rule_id, boroughs=codes, roles_ended=len(ended))


def _view(ground: Ground, rule: GroupRole) -> GroupView:
    area = ground.area_of(rule)
    return GroupView(rule.id, rule.group, rule.role, area.name if area else "")


# --- At each sign-in -------------------------------------------------------------------------------------------------


def give_any(session: HubSession, groups: Collection[str]) -> bool:
    """Whether any of some groups gives a role."""
    return session.scalar(select(GroupRole.id).where(GroupRole.group.in_(groups)).limit(1)) is not None


def apply(session: HubSession, person: Person, groups: Collection[str]) -> None:
    """Give somebody the roles that follow from their groups today, and end those that no longer do."""
    today = memberships.today()
    rules = session.scalars(select(GroupRole).where(GroupRole.group.in_(groups)).order_by(GroupRole.group))
    wanted = {(rule.group, *_key(rule)): rule for rule in rules}
    ended: list[Membership] = []
    for held in person.memberships:
        if held.from_group is None or not _is_lasting(held, today):
            continue
        if wanted.pop((held.from_group, *_key(held)), None):
            held.ends_on = today + LASTS
        else:
            held.ends_on = today - dt.timedelta(days=1)
            ended.append(held)
    given = [_from(rule, today) for rule in wanted.values()]
    person.memberships.extend(given)
    session.flush()
    if given or ended:
        audit.record_as(
            session,
            str(person.id),
            "memberships.from_groups",
            person.id,
            boroughs=frozenset().union(
                *(service.boroughs_of(session, one.borough_code, one.bcu_id) for one in (*given, *ended))
            ),
            given=[one.id for one in given],
            ended=[one.id for one in ended],
        )


def _from(rule: GroupRole, today: dt.date) -> Membership:
    return Membership(
        role=rule.role,
        borough_code=rule.borough_code,
        bcu_id=rule.bcu_id,
        is_london=rule.is_london,
        starts_on=today,
        ends_on=today + LASTS,
        from_group=rule.group,
    )


def _key(row: Membership | GroupRole) -> _Key:
    return row.role, row.borough_code, row.bcu_id, bool(row.is_london)


def _is_lasting(held: Membership, today: dt.date) -> bool:
    return held.ends_on is None or held.ends_on >= today

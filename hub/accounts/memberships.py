"""Roles held for places: which may be held for what, made from what somebody chose, and told in words.

A place is a borough, a BCU or London, named by its slug as in `places.Area`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_

from hub.access import Permission, Role, Viewer
from hub.accounts.models import GroupRole, Membership
from hub.db import HubSession
from hub.errors import BadRequest, NotFound
from hub.places import service as places
from hub.places.service import Area
from hub.words import LONDON

_BOROUGHS, _BCU, _LONDON = "one or more boroughs", "a BCU", "London"
_HELD_FOR = {
    Role.CSP_OFFICER: (_BOROUGHS,),
    Role.CSP_ANALYST: (_BOROUGHS, _BCU, _LONDON),
    Role.BOROUGH_POLICE_LEAD: (_BOROUGHS,),
    Role.LIAISON_OFFICER: (_BOROUGHS,),
    Role.BCU_COMMANDER: (_BCU, _BOROUGHS),
    Role.COUNCIL_LEADER: (_BOROUGHS,),
    Role.ADMINISTRATOR: (_BOROUGHS, _BCU, _LONDON),
}


# --- Made from what was chosen ---------------------------------------------------------------------------------------


def made(
    session: HubSession, role: Role, boroughs: Sequence[str], bcu: str | None, *, london: bool
) -> list[Membership]:
    """Make memberships of one role from today on, for boroughs, for a BCU or for London.

    Raises
    ------
    BadRequest
        If the role is not held for such a place, or there is none such.
    """
    given = [place for place, is_given in ((_BOROUGHS, boroughs), (_BCU, bcu), (_LONDON, london)) if is_given]
    if len(given) != 1 or given[0] not in _HELD_FOR[role]:
        raise BadRequest(
            f"The role of {role.title} is held for {' or '.join(_HELD_FOR[role])}, "
            f"and {' and '.join(given) or 'no place'} was given.",
            remedy="Name one kind of place that goes with the role.",
        )
    starts_on = today()
    if boroughs:
        codes = _known_boroughs(session, boroughs)
        return [Membership(role=role, borough_code=code, is_london=False, starts_on=starts_on) for code in codes]
    bcu_id = _known_bcu(session, bcu) if bcu else None
    return [Membership(role=role, bcu_id=bcu_id, is_london=london, starts_on=starts_on)]


def made_for(session: HubSession, role: Role, area: Area) -> Membership:
    """Make a membership of one role from today on, for one area.

    Raises
    ------
    BadRequest
        If the role is not held for such a place.
    """
    [membership] = made(
        session,
        role,
        [area.slug] if area.kind == "borough" else (),
        area.slug if area.kind == "bcu" else None,
        london=area.kind == "london",
    )
    return membership


def _known_boroughs(session: HubSession, codes: Iterable[str]) -> list[str]:
    wanted = {code.strip().upper() for code in codes}
    unknown = sorted(wanted - places.every_borough(session))
    if unknown:
        raise BadRequest(
            f"There is no borough with the code {', '.join(unknown)}.",
            remedy="Use codes of the boroughs loaded in this hub, for example E09000007.",
        )
    return sorted(wanted)


def _known_bcu(session: HubSession, slug_or_name: str) -> int:
    bcus = {borough.bcu.slug: borough.bcu for borough in places.boroughs(session) if borough.bcu}
    for bcu in bcus.values():
        if slug_or_name.strip().lower() in {bcu.slug, bcu.name.lower()}:
            return bcu.id
    names = ", ".join(sorted(bcu.name for bcu in bcus.values()))
    raise BadRequest(
        f"There is no BCU called '{slug_or_name}'.",
        remedy=f"The BCUs are: {names}." if names else "Load the places first, with 'hub load-places'.",
    )


# --- What an administrator may give, see and change ------------------------------------------------------------------


@dataclass(frozen=True)
class Ground:
    """The places for which an administrator may give and take roles."""

    areas: Mapping[str, Area]
    """By slug."""
    bcu_slugs: Mapping[int, str]

    def area_of(self, row: Membership | GroupRole) -> Area | None:
        """The place that a role is held for; None where it reaches beyond this ground."""
        slug = places.LONDON if row.is_london else row.borough_code or self.bcu_slugs.get(row.bcu_id or 0, "")
        return self.areas.get(slug)

    def area(self, slug: str) -> Area:
        """Find one of these places.

        Raises
        ------
        NotFound
            If there is none such, or it reaches beyond this ground.
        """
        if slug not in self.areas:
            raise NotFound
        return self.areas[slug]

    def holds(self, table: type[Membership | GroupRole]) -> ColumnElement[bool]:
        """What a statement asks of a row to find no role but those held for these places."""
        bcu_ids = [bcu_id for bcu_id, slug in self.bcu_slugs.items() if slug in self.areas]
        inside = or_(table.borough_code.in_(self.areas), table.bcu_id.in_(bcu_ids))
        return or_(inside, table.is_london) if places.LONDON in self.areas else inside


def ground_of(viewer: Viewer) -> Ground:
    """Find the places for which somebody may give and take roles."""
    bcus = (borough.bcu for borough in places.boroughs(viewer.session))
    return Ground(
        {area.slug: area for area in places.areas(viewer, Permission.PEOPLE_WRITE)},
        {bcu.id: bcu.slug for bcu in bcus if bcu is not None},
    )


def today() -> dt.date:
    """The day it is in London, by which roles begin and end."""
    return dt.datetime.now(LONDON).date()

"""Who may do what: permissions, roles, and the viewer that every service takes first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

import numpy as np
import numpy.typing as npt

from geo.disclosure import protect
from hub.db import EVERYTHING, HubSession, Scope, area_key
from hub.errors import NotAllowed, NotFound


class Permission(StrEnum):
    """One thing that can be done to data."""

    UPLOAD_READ = "upload:read"
    UPLOAD_WRITE = "upload:write"
    UPLOAD_COMMIT = "upload:commit"
    AGREEMENT_READ = "agreement:read"
    AGREEMENT_WRITE = "agreement:write"
    PRESCRIBED_WRITE = "prescribed:write"
    WEIGHTS_WRITE = "weights:write"
    OVERLAY_READ = "overlay:read"
    PLACE_MUTE = "place:mute"
    ZONE_WRITE = "zone:write"
    SUMMARY_READ = "summary:read"
    EXACT_COUNTS = "counts:exact"


class Role(StrEnum):
    """What a person is to a place. Each role is held for a borough, a BCU or London."""

    CSP_OFFICER = "csp_officer"
    CSP_ANALYST = "csp_analyst"
    BOROUGH_POLICE_LEAD = "borough_police_lead"
    BCU_COMMANDER = "bcu_commander"
    COUNCIL_LEADER = "council_leader"
    ADMINISTRATOR = "administrator"

    @property
    def title(self) -> str:  # type: ignore[override]  # a role is a word, but nobody writes it in title case
        """The role as a person would say it."""
        return _TITLES[self]


_TITLES = {
    Role.CSP_OFFICER: "CSP officer",
    Role.CSP_ANALYST: "CSP analyst",
    Role.BOROUGH_POLICE_LEAD: "Borough police lead",
    Role.BCU_COMMANDER: "BCU commander",
    Role.COUNCIL_LEADER: "Council leader",
    Role.ADMINISTRATOR: "Administrator",
}

_READERS = frozenset({Permission.OVERLAY_READ, Permission.SUMMARY_READ, Permission.EXACT_COUNTS})
_PARTNERS = _READERS | {Permission.AGREEMENT_READ, Permission.PLACE_MUTE, Permission.ZONE_WRITE}
_UPLOADERS = _PARTNERS | {
    Permission.UPLOAD_READ,
    Permission.UPLOAD_WRITE,
    Permission.UPLOAD_COMMIT,
    Permission.AGREEMENT_WRITE,
}

GRANTED: dict[Role, frozenset[Permission]] = {
    Role.CSP_OFFICER: _UPLOADERS,
    Role.CSP_ANALYST: _PARTNERS | {Permission.UPLOAD_READ},
    Role.BOROUGH_POLICE_LEAD: _PARTNERS,
    Role.BCU_COMMANDER: _PARTNERS,
    Role.COUNCIL_LEADER: frozenset({Permission.SUMMARY_READ}),
    Role.ADMINISTRATOR: _UPLOADERS | {Permission.PRESCRIBED_WRITE, Permission.WEIGHTS_WRITE},
}


@dataclass(frozen=True)
class Grant:
    """One role, and the boroughs it is held for."""

    role: Role
    boroughs: frozenset[str]


@dataclass(frozen=True)
class Viewer:
    """A person at work: who they are, what they may do where, and the session fenced to it."""

    person_id: UUID
    email: str
    name: str
    grants: tuple[Grant, ...]
    session: HubSession = field(repr=False, compare=False)

    @property
    def roles(self) -> frozenset[Role]:
        """Every role held anywhere."""
        return frozenset(grant.role for grant in self.grants)

    def boroughs(self, permission: Permission | None = None) -> frozenset[str]:
        """The boroughs in which this person has a permission; without one, every borough of their scope."""
        held = (grant.boroughs for grant in self.grants if permission is None or permission in GRANTED[grant.role])
        return frozenset().union(*held)

    def may(self, permission: Permission, borough_codes: Iterable[str] | None = None) -> bool:
        """Whether this person has a permission in all the boroughs named, of which there must be one.

        Without the argument, whether they have it in some borough.
        """
        allowed = self.boroughs(permission)
        codes = allowed if borough_codes is None else set(borough_codes)
        return bool(codes) and codes <= allowed

    def require(self, permission: Permission, borough_codes: Iterable[str]) -> None:
        """Refuse unless the permission is held in all the boroughs named.

        Raises
        ------
        NotAllowed
            If a borough is in this person's scope, but not for this.
        NotFound
            If a borough is not in this person's scope: the same answer as for one that does not exist.
        """
        codes = set(borough_codes)
        if not codes or not codes <= self.boroughs():
            raise NotFound
        if not self.may(permission, codes):
            raise NotAllowed("Your role does not let you do this here.", remedy="Ask an administrator if it should.")


def scope_of(grants: Iterable[Grant], named_areas: Iterable[frozenset[str]], *, every_borough: frozenset[str]) -> Scope:
    """Work out the fence from the grants.

    Shared rows (uploads, overlays) are visible when made for one of the person's boroughs, for a named area (a BCU)
    that lies wholly in their scope, or for exactly the boroughs in which they hold any role, or one permission; to
    someone whose scope is London, always.
    """
    held = [(grant.boroughs, GRANTED[grant.role]) for grant in grants]
    boroughs: frozenset[str] = frozenset().union(*(codes for codes, _ in held))
    sets = {frozenset({code}) for code in boroughs} | {area for area in named_areas if area <= boroughs} | {boroughs}
    sets |= {frozenset().union(*(codes for codes, may in held if one in may)) for one in Permission}
    sets.discard(frozenset())
    if boroughs and boroughs == every_borough:
        return Scope(boroughs, frozenset({EVERYTHING}))
    return Scope(boroughs, frozenset(map(area_key, sets)))


@dataclass(frozen=True)
class Released:
    """Counts as one reader may see them.

    `counts` is NaN where a count is hidden; `hidden` says where; `is_rounded` whether this reader gets exact figures.
    """

    counts: npt.NDArray[np.float64]
    hidden: npt.NDArray[np.bool_]
    is_rounded: bool


def release(viewer: Viewer, borough_codes: Iterable[str], counts: npt.ArrayLike) -> Released:
    """Make counts fit for this viewer: the gate that every figure leaves through.

    Exact for those who work with the data. For aggregate readers 0 to 4 show alike and all else is rounded to 5; rates
    and changes are to be made of what is released, and totals released in their own right.
    """
    exact = np.asarray(counts, dtype=np.float64)
    if viewer.may(Permission.EXACT_COUNTS, borough_codes):
        return Released(exact, np.zeros(exact.shape, dtype=np.bool_), is_rounded=False)
    protected = protect(exact)
    return Released(protected.rounded, protected.hidden, is_rounded=True)

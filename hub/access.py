"""Who may do what: permissions, roles, and the viewer that every service takes first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from uuid import UUID

import numpy as np
import numpy.typing as npt

from geo.disclosure import protect
from hub.columns import area_key
from hub.db import EVERYTHING, HubSession, Scope
from hub.errors import HubError, NotAllowed, NotFound


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
    PROBLEM_READ = "problem:read"
    PROBLEM_WRITE = "problem:write"
    PROBLEM_PUBLISH = "problem:publish"
    SHARE_ASK = "share:ask"
    SHARE_DECIDE = "share:decide"
    SUMMARY_READ = "summary:read"
    QUESTION_ASK = "question:ask"
    QUESTION_ANSWER = "question:answer"
    PRIORITY_WRITE = "priority:write"
    MEASURE_CHOOSE = "measure:choose"
    MEASURE_WRITE = "measure:write"
    REPORT_WRITE = "report:write"
    REPORT_APPROVE = "report:approve"
    REPORT_PUBLISH = "report:publish"
    EXACT_COUNTS = "counts:exact"
    RECORD_READ = "record:read"
    SEE_AS = "person:see_as"
    PEOPLE_WRITE = "person:write"
    POLICY_WRITE = "policy:write"


class Role(StrEnum):
    """What a person is to a place. Each role is held for a borough, a BCU or London."""

    CSP_OFFICER = "csp_officer"
    CSP_ANALYST = "csp_analyst"
    BOROUGH_POLICE_LEAD = "borough_police_lead"
    LIAISON_OFFICER = "liaison_officer"
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
    Role.LIAISON_OFFICER: "Liaison officer",
    Role.BCU_COMMANDER: "BCU commander",
    Role.COUNCIL_LEADER: "Council leader",
    Role.ADMINISTRATOR: "Administrator",
}

_READERS = frozenset({Permission.SUMMARY_READ, Permission.QUESTION_ASK})
_PARTNERS = _READERS | {
    Permission.OVERLAY_READ,
    Permission.EXACT_COUNTS,
    Permission.AGREEMENT_READ,
    Permission.PLACE_MUTE,
    Permission.ZONE_WRITE,
    Permission.PROBLEM_READ,
    Permission.PROBLEM_WRITE,
}
_WRITERS = frozenset({Permission.QUESTION_ANSWER, Permission.MEASURE_CHOOSE, Permission.REPORT_WRITE})
_UPLOADERS = (
    _PARTNERS
    | _WRITERS
    | {
        Permission.UPLOAD_READ,
        Permission.UPLOAD_WRITE,
        Permission.UPLOAD_COMMIT,
        Permission.AGREEMENT_WRITE,
        Permission.PRIORITY_WRITE,
        Permission.PROBLEM_PUBLISH,
    }
)

GRANTED: dict[Role, frozenset[Permission]] = {
    Role.CSP_OFFICER: _UPLOADERS,
    Role.CSP_ANALYST: _PARTNERS | _WRITERS | {Permission.UPLOAD_READ, Permission.SHARE_ASK},
    Role.BOROUGH_POLICE_LEAD: _PARTNERS | {Permission.PRIORITY_WRITE, Permission.PROBLEM_PUBLISH},
    Role.LIAISON_OFFICER: _PARTNERS
    | {Permission.SHARE_DECIDE, Permission.RECORD_READ, Permission.SEE_AS, Permission.REPORT_APPROVE},
    Role.BCU_COMMANDER: _PARTNERS | {Permission.SHARE_ASK, Permission.PROBLEM_PUBLISH},
    Role.COUNCIL_LEADER: _READERS | {Permission.REPORT_PUBLISH},
    Role.ADMINISTRATOR: _UPLOADERS
    | {
        Permission.PRESCRIBED_WRITE,
        Permission.WEIGHTS_WRITE,
        Permission.MEASURE_WRITE,
        Permission.RECORD_READ,
        Permission.SEE_AS,
        Permission.PEOPLE_WRITE,
        Permission.POLICY_WRITE,
    },
}


@dataclass(frozen=True)
class Grant:
    """One role, and the boroughs it is held for."""

    role: Role
    boroughs: frozenset[str]


@dataclass(frozen=True)
class SeenAs:
    """The role that somebody sees the hub as, instead of their own, and the name of the one borough."""

    role: Role
    borough: str


@dataclass(frozen=True)
class Viewer:
    """A person at work: who they are, what they may do where, and the session fenced to it."""

    person_id: UUID
    email: str
    name: str
    grants: tuple[Grant, ...]
    session: HubSession = field(repr=False, compare=False)
    seen_as: SeenAs | None = None
    """None while they see the hub as themselves; else `grants` are of the role seen as, and they change nothing."""

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
        refusal: HubError | None = None
        if not codes or not codes <= self.boroughs():
            refusal = NotFound()
        elif not self.may(permission, codes):
            refusal = NotAllowed(
                "Your role does not let you do this here.", remedy="Ask an administrator if it should."
            )
        if refusal is not None:
            refusal.concerns = frozenset(codes)
            raise refusal


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


class Unprotected(StrEnum):
    """How an aggregate reader sees counts of categories that are not protected."""

    AS_PROTECTED = "as_protected"
    EXACT = "exact"


@dataclass(frozen=True)
class Policy:
    """What the partnership decided of small numbers. `version` names it: what rests on another is not used again.

    A line of `categories` is an offence group, or `group: subgroup`, in which `*` stands for anything.
    """

    version: int
    threshold: int
    base: int
    datasets: tuple[str, ...]
    """Keys of the kinds of dataset that are protected whole."""
    categories: tuple[str, ...]
    unprotected: Unprotected

    def protects(self, dataset: str, group: str | None) -> bool:
        """Whether a count of a group holds anything protected; None stands for all groups together.

        A group is protected with any of its subgroups, by name alone: that a subgroup occurs is not told either.
        """
        if self.unprotected is Unprotected.AS_PROTECTED or group is None or dataset in self.datasets:
            return True
        names = (line.partition(":")[0].strip().casefold() for line in self.categories)
        return any(fnmatchcase(group.casefold(), name) for name in names)

    def is_named_in(self, words: str) -> bool:
        """Whether some words name a protected group or subgroup, whatever holds for the others."""
        names = (line.rpartition(":")[2].strip().casefold() for line in self.categories)
        return any(fnmatchcase(words.casefold(), f"*{name}*") for name in names)


@dataclass(frozen=True)
class Released:
    """Counts as one reader may see them.

    `counts` is NaN where a count is hidden; `hidden` says where, `exact` where a count is what it says; `is_rounded`
    whether this reader sees less than there is.
    """

    counts: npt.NDArray[np.float64]
    hidden: npt.NDArray[np.bool_]
    exact: npt.NDArray[np.bool_]
    is_rounded: bool

    def only(self, lines: npt.NDArray[np.bool_]) -> Released:
        """Some of the counts."""
        return Released(self.counts[lines], self.hidden[lines], self.exact[lines], self.is_rounded)


def release(
    viewer: Viewer,
    borough_codes: Iterable[str],
    counts: npt.ArrayLike,
    policy: Policy,
    *,
    dataset: str,
    groups: Sequence[str] | None = None,
) -> Released:
    """Make counts fit for this viewer: the gate that every figure leaves through.

    Exact for those who work with the data. For aggregate readers small counts show alike and all else is rounded, but
    for counts of a group that the policy leaves open; rates and changes are to be made of what is released, and totals
    released in their own right.

    Parameters
    ----------
    viewer, borough_codes
        Who reads, and of which boroughs the counts are.
    counts
        Whole numbers.
    policy
        The one in force.
    dataset, groups
        Of what kind of dataset, and of which offence group each count is; of all groups together unless given.
    """
    exact = np.asarray(counts, dtype=np.float64)
    if viewer.may(Permission.EXACT_COUNTS, borough_codes):
        return Released(exact, np.zeros(exact.shape, np.bool_), np.ones(exact.shape, np.bool_), is_rounded=False)
    protected = protect(exact, threshold=policy.threshold, base=policy.base)
    of_groups = [None] * exact.size if groups is None else groups
    is_open = ~np.array([policy.protects(dataset, group) for group in of_groups], np.bool_).reshape(exact.shape)
    return Released(np.where(is_open, exact, protected.rounded), protected.hidden & ~is_open, is_open, is_rounded=True)

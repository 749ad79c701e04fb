"""The partnership's policy on small numbers: which version is in force, which there were, and the next one.

No version is ever changed; the first is shipped with the hub.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import select

from hub import audit, db
from hub.access import Permission, Policy, Unprotected, Viewer
from hub.accounts import service as accounts
from hub.db import HubSession
from hub.disclosure.models import DisclosurePolicy
from hub.errors import BadRequest, Conflict, NotAllowed
from hub.places import service as places

THRESHOLDS = range(3, 21)
BASES = range(3, 21)
LONGEST_REASON = 500
LONGEST_CATEGORY = 160
MOST_CATEGORIES = 200

SHIPPED = Policy(
    version=1,
    threshold=5,
    base=5,
    datasets=("ambulance", "hospital_assaults"),
    categories=(
        "*sexual*",
        "*domestic*",
        "*hate*",
        "*slavery*",
        "*exploitation*",
        "*stalking*",
        "*under 18*",
        "Violence against the person: Stalking and harassment",
        "Violence against the person: Homicide",
        "Public order*: Racially or religiously aggravated*",
    ),
    unprotected=Unprotected.AS_PROTECTED,
)
"""Version 1: what ONS and NHS guidance ask of sensitive counts, of every count."""


@dataclass(frozen=True)
class PolicyVersion:
    """One version of the policy, with who wrote it, when and why; nobody wrote the shipped one."""

    policy: Policy
    reason: str = "The rule that the hub is shipped with."
    by: str = ""
    at: dt.datetime | None = None


def in_words(category: str) -> str:
    """Say a line of the protected categories as a reader would, who knows no stars."""
    inside = category.strip("*")
    if category == f"*{inside}*" and "*" not in inside:
        return f"whatever has “{inside}” in its name"
    return category.replace("*", " …")


def in_force(session: HubSession) -> Policy:
    """Give the policy that now holds for every borough."""
    row = session.scalar(select(DisclosurePolicy).order_by(DisclosurePolicy.version.desc()).limit(1))
    return _policy(row) if row else SHIPPED


def versions(session: HubSession) -> list[PolicyVersion]:
    """List all versions of the policy, the newest first."""
    rows = session.scalars(select(DisclosurePolicy).order_by(DisclosurePolicy.version.desc())).all()
    names = accounts.names(session, {row.written_by for row in rows})
    written = [PolicyVersion(_policy(row), row.reason, names[row.written_by], row.written_at) for row in rows]
    return [*written, PolicyVersion(SHIPPED)]


def require_all_boroughs(viewer: Viewer) -> None:
    """Refuse whoever may not decide for every borough.

    Raises
    ------
    NotAllowed
        As said.
    """
    if not may_write(viewer):
        raise NotAllowed(
            "The rule for small numbers holds for every borough.", remedy="Ask an administrator of the whole city."
        )


def may_write(viewer: Viewer) -> bool:
    """Whether this person decides for every borough."""
    return viewer.may(Permission.POLICY_WRITE, places.every_borough(viewer.session))


def change(viewer: Viewer, policy: Policy, reason: str) -> Policy:
    """Put the next version of the policy in force; `policy.version` is the one that it follows.

    Raises
    ------
    BadRequest
        If it cannot be applied, or no reason is given.
    Conflict
        If somebody else has changed the policy meanwhile, or nothing would change.
    """
    require_all_boroughs(viewer)
    db.lock(viewer.session, "disclosure_policy")
    now = in_force(viewer.session)
    if policy.version != now.version:
        raise Conflict(
            "Somebody has changed the rule since you opened this page.", remedy="Look at the new one, then try again."
        )
    policy = replace(policy, datasets=_tidied(policy.datasets), categories=_tidied(policy.categories))
    _refuse_unfit(policy, reason.strip())
    if policy == now:
        raise Conflict("This is the rule already in force.", remedy="Change something, or leave it as it is.")
    following = replace(policy, version=now.version + 1)
    viewer.session.add(
        DisclosurePolicy(
            version=following.version,
            threshold=following.threshold,
            base=following.base,
            datasets=list(following.datasets),
            categories=list(following.categories),
            unprotected=following.unprotected,
            reason=reason.strip(),
            written_by=viewer.person_id,
            written_at=dt.datetime.now(dt.UTC),
        )
    )
    viewer.session.flush()
    audit.record(
        viewer,
        "policy.changed",
        f"version {following.version}",
        threshold=following.threshold,
        base=following.base,
        unprotected=following.unprotected.value,
        categories=len(following.categories),
        datasets=len(following.datasets),
    )
    return following


def _policy(row: DisclosurePolicy) -> Policy:
    return Policy(
        row.version, row.threshold, row.base, tuple(row.datasets), tuple(row.categories), Unprotected(row.unprotected)
    )


def _tidied(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(" ".join(line.split()) for line in lines if line.strip()))


def _refuse_unfit(policy: Policy, reason: str) -> None:
    if policy.threshold not in THRESHOLDS:
        raise BadRequest(f"{policy.threshold} is no limit for small numbers.", remedy="Enter a number from 3 to 20.")
    if policy.base not in BASES or policy.base > 2 * policy.threshold:
        most = min(BASES[-1], 2 * policy.threshold)
        raise BadRequest(f"Counts cannot be rounded to {policy.base}.", remedy=f"Enter a number from 3 to {most}.")
    if not reason:
        raise BadRequest("The reason is missing.", remedy="Say in a sentence why the rule is changed.")
    if len(reason) > LONGEST_REASON:
        raise BadRequest("The reason is too long.", remedy=f"Use {LONGEST_REASON} characters or fewer.")
    if len(policy.categories) > MOST_CATEGORIES or any(len(line) > LONGEST_CATEGORY for line in policy.categories):
        raise BadRequest(
            "The list of protected categories is too long.",
            remedy=f"Write up to {MOST_CATEGORIES} lines of up to {LONGEST_CATEGORY} characters each.",
        )
    if policy.unprotected is Unprotected.EXACT and not policy.categories:
        raise BadRequest(
            "Nothing would be protected.", remedy="List the categories that are, or protect all counts alike."
        )

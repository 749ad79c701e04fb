"""The memory of what aggregate readers were offered: which versions were live together, and under which policy.

Whatever a set of live versions offered is held to have been read. It holds no figures, and outlives the data.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import Select, select

from hub.access import Policy, Viewer
from hub.db import HubSession
from hub.disclosure import service
from hub.disclosure.models import ReleasedSet
from hub.words import month_code, parse_month


@dataclass(frozen=True)
class Offer:
    """What was live, a version's public id for each month, while one policy was in force."""

    months: Mapping[dt.date, str]
    policy: Policy


def remember(session: HubSession, borough_code: str, dataset: str, months: Mapping[dt.date, str]) -> None:
    """Keep what is live of a borough's dataset from now on; to be called in the transaction that makes it live."""
    policy = service.in_force(session).version
    named = {month_code(month): str(version) for month, version in sorted(months.items())}
    digest = hashlib.sha256(json.dumps([named, policy]).encode()).hexdigest()
    last = session.scalar(_of(borough_code, dataset).order_by(ReleasedSet.number.desc()).limit(1))
    if last is not None and last.digest == digest:
        return
    session.add(
        ReleasedSet(
            borough_code=borough_code,
            dataset=dataset,
            number=last.number + 1 if last else 1,
            months=named,
            policy=policy,
            digest=digest,
            since=dt.datetime.now(dt.UTC),
        )
    )
    session.flush()


def offers(viewer: Viewer, borough_code: str, dataset: str, live: Mapping[dt.date, str]) -> list[Offer]:
    """List what was ever offered of a borough's dataset, in order; last what is offered now, `live`.

    A policy that came into force while something was live offered it anew.
    """
    rows = viewer.session.scalars(_of(borough_code, dataset).order_by(ReleasedSet.number)).all()
    written = list(reversed(service.versions(viewer.session)))
    policies = {one.policy.version: one.policy for one in written}
    ends = [following.since for _, following in pairwise(rows)]
    found = []
    for row, until in zip(rows, [*ends, None], strict=False):
        months = {parse_month(code, what="month"): version for code, version in row.months.items()}
        later = [
            one.policy
            for one in written
            if one.policy.version > row.policy and one.at is not None and (until is None or one.at < until)
        ]
        found += [Offer(months, policy) for policy in [policies[row.policy], *later]]
    now = Offer(dict(live), written[-1].policy)
    return [one for one in found if one != now] + [now]


def _of(borough_code: str, dataset: str) -> Select[ReleasedSet]:
    return select(ReleasedSet).where(ReleasedSet.borough_code == borough_code, ReleasedSet.dataset == dataset)

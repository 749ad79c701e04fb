"""Whether an upload may come at all: what partners alone may see comes only under a sharing agreement in force."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from hub.access import Viewer
from hub.agreements import service as agreements
from hub.uploads.kinds import DatasetKind


def agreements_of(viewer: Viewer, kind: DatasetKind, borough_codes: Collection[str]) -> dict[str, UUID]:
    """Find the agreement under which each borough's part comes; none for a kind that is published.

    Raises
    ------
    NoAgreement
        If one of the boroughs has none in force today.
    """
    if not kind.needs_agreement:
        return {}
    return agreements.require(viewer, borough_codes, kind.key, kind.title, agreements.today())


def refuse_without_any(viewer: Viewer, kind: DatasetKind, borough_codes: Collection[str]) -> None:
    """Refuse a file for whose boroughs there is no agreement at all; of which its rows speak is not known yet.

    Raises
    ------
    NoAgreement
        If none of the boroughs has one in force today.
    """
    if kind.needs_agreement and not agreements.in_force(viewer, borough_codes, [kind.key], agreements.today()):
        agreements_of(viewer, kind, borough_codes)

"""Which weights harm is made of: those that an administrator loaded last, or those that come with the library.

One list for every borough. A version is never altered, since figures made of it name it.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from geo.frames import GeoError
from geo.harm import WeightSet, default_weights, read_weights
from hub import audit
from hub.access import Permission, Viewer
from hub.db import HubSession
from hub.errors import BadFile, Conflict, NotAllowed
from hub.hotspots.models import HarmWeights
from hub.places import service as places

LONGEST = {"name": 200, "version": 60}


def in_use(session: HubSession) -> WeightSet:
    """Read the weights that harm is made of now."""
    newest = session.scalar(select(HarmWeights.content).order_by(HarmWeights.id.desc()).limit(1))
    return default_weights() if newest is None else read_weights(newest)


def load(viewer: Viewer, text: str) -> tuple[WeightSet, bool]:
    """Take a set of weights into use for the whole city; returns it, and whether it was not in use already.

    An older version is taken up again by loading it again.

    Raises
    ------
    NotAllowed
        If the viewer does not administer the whole city.
    BadFile
        If the text is no set of weights, or its name or version is too long to keep.
    Conflict
        If that version is known, and says otherwise.
    """
    if not viewer.may(Permission.WEIGHTS_WRITE, places.every_borough(viewer.session)):
        raise NotAllowed(
            "Weights of harm are one list for every borough.", remedy="Ask an administrator of the whole city."
        )
    weight_set = _read(text)
    if weight_set == in_use(viewer.session):
        return weight_set, False
    kept = select(HarmWeights.content).where(
        HarmWeights.name == weight_set.name, HarmWeights.version == weight_set.version
    )
    known = [default_weights(), *map(read_weights, viewer.session.scalars(kept))]
    if any(_label(each) == _label(weight_set) and each != weight_set for each in known):
        raise Conflict(
            f"Version {weight_set.version} of '{weight_set.name}' is known already, and says otherwise.",
            remedy="Give the set another version, so that nobody takes one for the other.",
        )
    viewer.session.add(
        HarmWeights(
            name=weight_set.name,
            version=weight_set.version,
            content=text,
            loaded_at=dt.datetime.now(dt.UTC),
            loaded_by=viewer.person_id,
        )
    )
    viewer.session.flush()
    audit.record(viewer, "weights.loaded", weight_set.name, version=weight_set.version, labels=len(weight_set.weights))
    return weight_set, True


def _label(weight_set: WeightSet) -> tuple[str, str]:
    return weight_set.name, weight_set.version


def _read(text: str) -> WeightSet:
    try:
        weight_set = read_weights(text)
    except GeoError as error:
        sentence, _, remedy = str(error).partition(". ")
        raise BadFile(f"{sentence}.", remedy=remedy) from error
    for field, longest in LONGEST.items():
        if len(getattr(weight_set, field)) > longest:
            raise BadFile(f"The {field} of the set has more than {longest} characters.", remedy="Shorten it.")
    return weight_set

"""How the busiest places of a map would have done as a plan of patrols, tried on the year before, and its keeping.

It says what is kept, and works out the rest when it is told to, so that no map waits for it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

import orjson

from hub.access import Viewer
from hub.errors import BadRequest
from hub.hotspots import back_tests, service
from hub.hotspots.back_tests import Basis, NothingHappened, Ranking
from hub.hotspots.checking import ALL_CRIME
from hub.hotspots.scoring import METHOD_VERSION
from hub.hotspots.wording import inside_sentence
from hub.places.service import Area
from hub.words import months_before

TRIAL_VERSION = 1
"""Raised whenever the same data would be said in another way, so that no sentence kept before is shown again."""
MONTHS_TRIED = 12
NOT_YET = (
    "How these places would have done as a plan of patrols in the year before is being worked out: load this page "
    "again in a moment."
)


@dataclass(frozen=True)
class Trial:
    """What is said of a map's busiest places; without a sentence, what it takes to find one."""

    area: Area
    category: str
    sentence: str
    basis: Basis | None = None

    @property
    def words(self) -> str:
        """What the page says."""
        return self.sentence or NOT_YET

    @property
    def is_due(self) -> bool:
        """Whether it is still to be worked out."""
        return not self.sentence


def trial_of(viewer: Viewer, area: Area, *, category: str, dataset: str, last_month: dt.date) -> Trial:
    """Read back how the busiest places of a category would have done in the year to a month, or why that is unknown.

    Raises
    ------
    NotAllowed, NotFound
        If counts of small places in all of the area are not the viewer's to see.
    """
    try:
        basis = back_tests.basis_of(
            viewer,
            area,
            category=category,
            dataset=dataset,
            first_month=months_before(last_month, MONTHS_TRIED - 1),
            last_month=last_month,
        )
    except BadRequest as refusal:
        return Trial(area, category, f"These places cannot be tried on months gone by. {refusal.sentence}")
    kept = service.kept_result(viewer, area.key, _name(basis))
    return Trial(area, category, "" if kept is None else kept.decode(), basis)


def work_out(viewer: Viewer, trial: Trial) -> Trial:
    """Try the busiest places month by month, each on the quarter before it."""
    if trial.basis is None:
        return trial
    topic = "recorded crime" if trial.category == ALL_CRIME else inside_sentence(trial.category)
    try:
        tried = back_tests.try_on(viewer, trial.basis, rankings=[Ranking.COUNT])
        sentence = back_tests.said_back_test(
            tried.tests[Ranking.COUNT], topic=topic, area_name=tried.area_name, months=tried.months
        )
    except NothingHappened as nothing:
        sentence = f"These places cannot be tried on months gone by. {nothing.sentence}"
    return Trial(trial.area, trial.category, sentence, trial.basis)


def keep(viewer: Viewer, trial: Trial) -> None:
    """Keep what was found, unless it is kept already."""
    if trial.basis is not None:
        made_of = _made_of(trial.basis)
        service.keep_result(viewer, trial.area.key, _name(trial.basis), made_of, trial.sentence.encode())


def _made_of(basis: Basis) -> dict[str, object]:
    return {
        "trial": TRIAL_VERSION,
        "method_version": METHOD_VERSION,
        "dataset": basis.source.kind.key,
        "category": basis.source.category,
        "versions": basis.source.months_by_version,
        "outline": hashlib.sha256(basis.outline.wkb).hexdigest(),
    }


def _name(basis: Basis) -> str:
    return hashlib.sha256(orjson.dumps(_made_of(basis), option=orjson.OPT_SORT_KEYS)).hexdigest()

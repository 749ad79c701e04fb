"""One borough's outcomes board: each figure asked of the summary and of the survey, theme by theme of a plan.

Counts nothing itself but harm, and that only for those who see exact counts.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hub.access import Permission, Viewer
from hub.errors import NotFound
from hub.hotspots import weights
from hub.measures import service as measures
from hub.measures.definitions import Kind, Measure, Plan, Theme
from hub.outcomes.flags import flagged
from hub.outcomes.harm import Harm, harm_of
from hub.places import service as places
from hub.summaries import perception
from hub.summaries import service as summaries
from hub.summaries.earlier import YearFigure, earlier, years
from hub.summaries.lines import Measured
from hub.summaries.perception import Opinion, Survey
from hub.summaries.service import NoFigures, Summary
from hub.uploads import figures
from hub.uploads.kinds import catalogue
from hub.words import months_before

EARLIER_DRAWN, MONTHS_APART = 2, 6
"""Of how many earlier summaries, and how far apart, years are drawn too: each gives its year and the one before."""
STALE_MONTHS = 6
"""From how many months on between the survey and recorded crime the board warns that they are of different times."""


@dataclass(frozen=True)
class Recorded:
    """A recorded measure and what to read beside it."""

    measure: Measure
    measured: Measured | None
    """None where no figures are loaded."""
    series: tuple[YearFigure, ...]
    partner: Measure | None
    opinion: Opinion | None
    """Of the partner; None where it was not asked, or there is no partner."""

    @property
    def has_figure(self) -> bool:
        """Whether this reader is shown a figure of what was recorded."""
        return self.measured is not None and self.measured.is_shown

    @property
    def why_not(self) -> str:
        """Why no figure is shown; empty where one is."""
        if self.measured is None:
            return self.measure.not_held or "No recorded crime is loaded."
        return self.measured.why_not


@dataclass(frozen=True)
class ThemeBoard:
    """One theme of the plan: what is recorded, and what people say."""

    theme: Theme
    recorded: tuple[Recorded, ...]
    perception: tuple[tuple[Measure, Opinion | None], ...]


@dataclass(frozen=True)
class Board:
    """What a reader sees of one borough under one plan."""

    borough_code: str
    borough_name: str
    plan: Plan
    plans: tuple[Plan, ...]
    summary: Summary | None
    """What is recorded, of which the figures here are; None where no recorded crime is loaded."""
    no_figures: str
    """Why nothing recorded is shown; empty where something is."""
    themes: tuple[ThemeBoard, ...]
    survey: Survey
    survey_month: dt.date | None
    """The last of the survey's year; None where none is loaded."""
    asked_compared: int
    harm: Harm | None
    """None for who sees no exact counts, and where some month of the two years is not loaded."""

    @property
    def survey_is_old(self) -> bool:
        """Whether what people say is of another time than what was recorded."""
        return (
            self.summary is not None
            and self.survey_month is not None
            and months_before(self.summary.last_month, STALE_MONTHS) >= self.survey_month
        )


def covered_months(viewer: Viewer, borough_code: str) -> list[dt.date]:
    """The months that the recorded year of a board may end with, newest first."""
    return summaries.covered_months(viewer, borough_code)


def board(viewer: Viewer, borough_code: str, *, plan: str | None = None, last_month: dt.date | None = None) -> Board:
    """Make the board of a borough under a plan (the newest unless given).

    Raises
    ------
    NotFound
        If the borough is not in the viewer's scope, or there is no such plan.
    NoFigures
        If nothing is offered for the month asked for.
    """
    area = places.area(viewer, borough_code, Permission.SUMMARY_READ)
    if area.kind != "borough":
        raise NotFound
    plans = measures.plans(viewer.session)
    found = next((one for one in plans if plan in {None, one.code}), None)
    if found is None:
        raise NotFound
    of_plan = measures.measures(viewer.session, found.code)
    summary, no_figures = _summary(viewer, area.slug, last_month)
    older = earlier(viewer, summary, months_apart=MONTHS_APART, most=EARLIER_DRAWN) if summary else ()
    series = years((summary, *older)) if summary else {}
    measured = {**summary.measures, **flagged(viewer, summary)} if summary else {}
    said = summary.said if summary else perception.of_borough(viewer, area.slug, last_month)
    known = {one.code: one for one in measures.measures(viewer.session)}

    def beside(one: Measure) -> Recorded:
        drawn = series.get(("measure", one.code), ())
        return Recorded(one, measured.get(one.code), drawn, known.get(one.partner), said.get(one.partner))

    themes = []
    for theme in found.themes:
        own = [one for one in of_plan if one.theme(found.code) == theme.code]
        themes.append(
            ThemeBoard(
                theme,
                tuple(beside(one) for one in own if one.kind is Kind.RECORDED),
                tuple((one, said.get(one.code)) for one in own if one.kind is Kind.PERCEPTION),
            )
        )
    return Board(
        borough_code=area.slug,
        borough_name=area.name,
        plan=found,
        plans=plans,
        summary=summary,
        no_figures=no_figures,
        themes=tuple(themes),
        survey=perception.public_attitudes(),
        survey_month=max((one.latest.month for one in said.values()), default=None),
        asked_compared=next((one.compared for one in said.values()), 0),
        harm=_harm(viewer, summary) if summary else None,
    )


def _summary(viewer: Viewer, borough_code: str, last_month: dt.date | None) -> tuple[Summary | None, str]:
    """What is recorded; or, where no recorded crime is loaded at all, none and the sentence that says so."""
    try:
        return summaries.summary(viewer, borough_code, last_month=last_month), ""
    except NoFigures as error:
        if last_month is not None:
            raise
        return None, f"{error.sentence} {error.remedy}"


def _harm(viewer: Viewer, summary: Summary) -> Harm | None:
    """Weigh the offences of two years, for a reader who sees each count behind it."""
    if summary.missing or not viewer.may(Permission.EXACT_COUNTS, {summary.borough_code}):
        return None
    rows = figures.ward_counts(
        viewer,
        {summary.borough_code},
        next(key for key, kind in catalogue(viewer.session).items() if kind.title == summary.dataset),
        first_month=months_before(summary.first_month, 12),
        last_month=summary.last_month,
        by=("month", "offence_group", "offence_subgroup"),
    )
    return harm_of(rows.assign(is_latest=rows["month"] >= summary.first_month), weights.in_use(viewer.session))

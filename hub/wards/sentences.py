"""What is said of a ward's figures, in plain words. Pure; figures arrive released."""

from __future__ import annotations

from hub.summaries.changes import Verdict
from hub.summaries.lines import Line
from hub.summaries.service import Summary
from hub.wards.ground import WardPlace
from hub.wards.series import Series
from hub.words import listed, month_name, number


def year_sentence(ward: WardPlace, line: Line | None, summary: Summary) -> str:
    """Say what happened in a ward in a year, or why nothing can be said."""
    year = f"the 12 months to {month_name(summary.last_month)}"
    if line is None or (line.change.latest.count is None and not line.change.latest.is_hidden):
        return _why_none(ward, summary, year)
    latest = line.change.latest
    said = f"fewer than {summary.policy.threshold}" if latest.is_hidden else number(latest.count)
    about = "About " if summary.is_rounded and not latest.is_hidden else ""
    count = f"{about}{said} {summary.measure}"
    start = f"{count[:1].upper()}{count[1:]} were recorded in {ward.name} in {year}."
    percent = line.change.percent
    by_about = "" if percent is None else f" by about {max(1, round(abs(percent)))}%"
    match line.change.verdict:
        case Verdict.ROSE | Verdict.FELL:
            return f"{start} That {line.change.verdict.lower()}{by_about} from the year before."
        case Verdict.NO_CLEAR_CHANGE:
            return f"{start} There was no clear change from the year before."
    why = ", since it was counted on other wards" if summary.wards_changed else ""
    return f"{start} It cannot be compared with the year before{why}."


def _why_none(ward: WardPlace, summary: Summary, year: str) -> str:
    if "wards" in summary.withheld:
        other = summary.wards_given_to
        instead = f" The newest year that has them is that to {month_name(other)}." if other else ""
        return (
            f"Figures by ward are not shown for {year}: a count below {summary.policy.threshold} could be worked out "
            f"from them.{instead}"
        )
    if summary.boundary_set != ward.boundary_set:
        return (
            f"In {year} crime was counted on the wards of {summary.boundary_set}, and {ward.name} is not one of them."
        )
    return f"There are no complete figures for {ward.name} in {year}."


def series_sentences(ward: WardPlace, series: Series, summary: Summary) -> list[str]:
    """Say how the line was made, and what of it is an estimate."""
    found = []
    if summary.is_rounded:
        found.append(
            f"Only years counted on the wards of {summary.boundary_set} are shown. Figures that are rounded to protect "
            "people are given for one set of wards: two sets side by side could give a small count away."
        )
    if series.carried_from:
        by_what = (
            "by where people live: each small census area has about as many residents as the next"
            if series.is_by_people
            else "by the ground that they cover, since the hub knows no smaller areas here"
        )
        found.append(
            f"Ward boundaries have changed. Years counted on the wards of {listed(series.carried_from)} are carried "
            f"over to {ward.name} as it is in {ward.boundary_set}, {by_what}."
        )
        found.append(_shared_out(ward, series))
    if not ward.is_newest:
        found.append(
            f"{ward.name} was a ward in the boundaries of {ward.boundary_set}, and is none now. Its line ends where "
            "the boundaries changed."
        )
    if series.left_out:
        found.append(f"Months counted on the wards of {listed(series.left_out)} could not be carried over.")
    return found


def _shared_out(ward: WardPlace, series: Series) -> str:
    estimates = [year for year in series.years if year.is_shared_out]
    if not estimates:
        return f"All of {ward.name} came from whole older wards, so nothing had to be shared out."
    most = max(estimates, key=lambda year: year.percent_shared_out)
    return (
        f"Up to {most.percent_shared_out:.0f}% of a year's figure came from older wards that were split, so it is an "
        "estimate. Those years have hollow points and a broken line. Do not take a rise or fall between them and the "
        "others for a real one: it may come from the sharing out alone."
    )

"""What a reader must know of an overlay before acting on it. It never says what was found."""

from __future__ import annotations

from geo.harm import WeightSet
from hub.hotspots.changes import days_of
from hub.hotspots.facts import Beside, Facts, Gap
from hub.hotspots.scoring import Method, Units
from hub.hotspots.wording import inside_sentence, listed, said_percent, said_span
from hub.words import month_name, months_before, number, plural

MOSTLY_SHARED_OUT = 0.5


def notes_of(facts: Facts) -> tuple[str, ...]:
    """Say what a reader must know before acting on it."""
    said = [_gap_note(facts, gap) for gap in facts.gaps]
    said += _edition_notes(facts)
    if facts.unplaced:
        share = facts.unplaced / max(facts.total, 1)
        verb = "is" if facts.unplaced == 1 else "are"
        said.append(
            f"{number(facts.unplaced)} of {number(facts.total)} {facts.measure} ({said_percent(share)}) {verb} not "
            f"placed in a {facts.unit}, and {verb} in no figure on the map."
        )
    if facts.beside is not None:
        said += _beside_notes(facts, facts.beside)
    elif facts.weight_set is not None:
        said += _harm_notes(facts, facts.weight_set)
    if facts.provisional:
        verb = "is" if len(facts.provisional) == 1 else "are"
        said.append(f"{said_span(facts.provisional)} {verb} provisional: later extracts still change recent months.")
    if facts.has_points:
        said.append(
            "Street-level points are moved to the nearest of a fixed set of map points, so places are approximate."
        )
    if facts.method is Method.RATE:
        said.append("Rates are by residents. Where many more people visit, work or travel than live, they look high.")
    elif facts.method is Method.EMERGING:
        said.append(f"Kinds of hotspot follow {facts.period_words}, whichever first month is chosen.")
    if facts.method not in {Method.RATE, Method.CHANGE} and facts.units is Units.WARDS:
        said.append("Wards differ in size: use them for strategic choices, and small areas for patrols.")
    if facts.method is Method.CHANGE:
        said += _change_notes(facts)
    return tuple(said)


def _change_notes(facts: Facts) -> list[str]:
    said = []
    is_changed = facts.table["count"].notna() & facts.table["count_before"].isna()
    if is_changed.any():
        said.append(
            f"Wards changed between the two periods ({facts.boundary_set_before} and {facts.boundary_set} wards): "
            f"{number(is_changed.sum())} of {plural(len(facts.known), 'ward')} are not the same as before, and are "
            "not compared."
        )
    if months_before(facts.months[0], 12) != facts.months_before[0]:
        said.append("The two periods are of different seasons: part of any change may be the time of year.")
    days, days_before = days_of(facts.months), days_of(facts.months_before)
    if days != days_before:
        said.append(
            f"The periods have {days} and {days_before} days: percentages and tests allow for that, differences do not."
        )
    said.append(
        "The test takes each incident to come by itfacts. Where they come in series, as with one prolific "
        "offender, counts vary more, and a change just past the mark may still be chance."
    )
    return said


def _harm_notes(facts: Facts, weight_set: WeightSet) -> list[str]:
    said = []
    if facts.scores.left_out:
        count = sum(facts.scores.left_out.values())
        named = listed([f"{label} ({number(of_it)})" for label, of_it in facts.scores.left_out.items()])
        verb = "has" if count == 1 else "have"
        said.append(f"{plural(count, 'incident')} {verb} no weight in this set, and no part in the harm: {named}.")
    if facts.has_points and weight_set.mixed:
        named = listed([f"{inside_sentence(label)} {weight:g}" for label, weight in weight_set.mixed.items()])
        said.append(
            f"Some street-level categories mix grave and lesser offences. Each incident of them counts for the average "
            f"of {weight_set.mixed_by}, in {weight_set.unit}: {named}. A place with more of the graver ones had more "
            "harm than is shown, and its largest event is not known."
        )
    said.append(
        "Harm is a judgement: it is as good as its weights, each of which stands for offences of very different "
        f"gravity. Never compare figures made with two versions. These are {facts.weights_words}."
    )
    said.append(
        "One grave event can make a place look harmful for as long as it is counted: read 'Largest event', and the "
        f"capped harm, in which no event counts for more than {weight_set.cap:g} {weight_set.unit}."
    )
    return said


def _beside_notes(facts: Facts, beside: Beside) -> list[str]:
    said = []
    if facts.scores.unplaced_beside:
        said.append(
            f"{number(facts.scores.unplaced_beside)} of {number(facts.total_beside)} {beside.topic} are not placed in "
            f"a {facts.unit}, and are in no figure on the map."
        )
    if beside.provisional:
        verb = "is" if len(beside.provisional) == 1 else "are"
        said.append(f"Of {beside.topic}, {said_span(beside.provisional)} {verb} provisional.")
    said.append(
        f"Each {facts.unit} is judged together with {facts.its_neighbours}: it may itself have few. Police record "
        "no more than elsewhere where their figures are within what chance gives."
    )
    if facts.units is Units.WARDS:
        said.append("A gap smaller than a ward seldom shows here: look at the small areas too.")
    said.append(
        "A gap is a question, not a finding: it may be crime that nobody reports to police, calls to a hospital, "
        "station or hostel, or places recorded in another way. Some incidents are in both counts."
    )
    return said


def _edition_notes(facts: Facts) -> list[str]:
    """Say what was counted on other wards, and what became of it."""
    said = [
        f"{each.title} of {said_span(each.months)} were made on {each.boundary_set} wards, and are carried over to "
        f"{facts.boundary_set} wards by where people live, each small area (LSOA) taken for equally many. Borough "
        "totals are as published."
        for each in facts.carried_over
    ]
    if facts.carried_over:
        most = facts.table["label"][facts.shared_out >= MOSTLY_SHARED_OUT]
        share = facts.table["shared_out"].sum() / max(facts.total + facts.total_beside, 1)
        named = f", most of it in {listed(list(most), most=5)}" if len(most) else ""
        said.append(f"Of all that is shown, {said_percent(share)} was shared out from wards that were split{named}.")
    if facts.set_aside:
        verb = "was" if len(facts.set_aside) == 1 else "were"
        said.append(
            f"{said_span(facts.set_aside)} {verb} counted on other wards and left out: where a boundary moved, a ward "
            "would seem to come or go."
        )
    return said


def _gap_note(facts: Facts, gap: Gap) -> str:
    if gap.is_left_out:
        period = "both periods" if facts.months_before else "this period"
        of = f" of both {facts.dataset_title} and {facts.beside.title}" if facts.beside else ""
        return f"{gap.borough_name} has no data{of} in {period} and is left out."
    if facts.beside is not None:
        return (
            f"{gap.borough_name} does not have both {facts.dataset_title} and {facts.beside.title} for "
            f"{listed([month_name(month) for month in gap.months])}; left out for every borough, so that all are "
            "compared over the same time."
        )
    if facts.months_before:
        return (
            f"{gap.borough_name} does not have {listed([month_name(month) for month in gap.months])} in both "
            "periods; left out for every borough, so that all are compared over the same time."
        )
    verb = "that month is" if len(gap.months) == 1 else "those months are"
    return (
        f"{gap.borough_name} has no data for {listed([month_name(month) for month in gap.months])}; {verb} left "
        "out for every borough, so that all are compared over the same time."
    )

"""The back-test of the map's methods on what is live, category by category, for any analyst to run again and print.

It reads what its asker may read, and nothing else.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from hub.access import Viewer
from hub.errors import BadRequest
from hub.hotspots import back_tests
from hub.hotspots.back_tests import Ranking, Tried
from hub.places.service import Area
from hub.uploads import figures
from hub.words import month_code, number

POINTS = "street_points"
NAMES = {
    Ranking.COUNT: "count",
    Ranking.DENSITY: "density",
    Ranking.GI_STAR: "Gi*",
    Ranking.EMERGING: "Gi*, last two months",
}


@dataclass(frozen=True)
class BackTested:
    """Every category that could be tried, and those that could not."""

    tried: tuple[Tried, ...]
    left_out: tuple[str, ...]
    """Categories of which there was nothing in the months to try on."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        first = self.tried[0]
        return {
            "area": first.area_name,
            "months": [month_code(month) for month in first.months],
            "training_months": first.training_months,
            "squares": first.squares,
            "cell_metres": first.cell_metres,
            "bandwidth_metres": first.bandwidth_metres,
            "left_out": list(self.left_out),
            "categories": [
                {
                    "category": each.category,
                    "incidents": each.incidents,
                    "favoured": each.favoured.value,
                    "is_clear": each.is_clear,
                    "methods": {name.value: _figures(each, name) for name in each.tests},
                }
                for each in self.tried
            ],
        }

    def lines(self) -> list[str]:
        """For a person."""
        first = self.tried[0]
        share = next(iter(first.tests.values())).area_share
        months = f"{month_code(first.months[0])} to {month_code(first.months[-1])}"
        given = f"each month but the first {first.training_months}, by the {first.training_months} just before it"
        chosen = f"{share:.2%} of the area, in squares of {first.cell_metres} m ({number(first.squares)} of them)"
        lines = [
            f"{first.area_name}, {months}: {given}.",
            f"Each method chooses {chosen}; the density has a bandwidth of {first.bandwidth_metres:g} m.",
            "Share of the month's incidents that were met (95% interval), and how many times what chance gives (PAI):",
            "".join(["Category".ljust(32), "Incidents".rjust(10), *(NAMES[name].rjust(30) for name in first.tests)]),
        ]
        for each in self.tried:
            cells = [
                f"{test.hit_rate:.1%} ({test.hit_rate_lower:.1%} to {test.hit_rate_upper:.1%}) "
                f"{test.pai:5.1f}{'*' if name is each.favoured else ' '}"
                for name, test in each.tests.items()
            ]
            lines.append(
                "".join(
                    [each.category.ljust(32), number(each.incidents).rjust(10), *(cell.rjust(30) for cell in cells)]
                )
            )
        return [*lines, *self._verdict()]

    def _verdict(self) -> list[str]:
        led = Counter(each.favoured for each in self.tried)
        clear = sum(each.is_clear for each in self.tried)
        said = ", ".join(f"{NAMES[name]} in {count}" for name, count in led.most_common())
        overlap = f"Its interval lies above all the others' in {clear}; elsewhere intervals overlap."
        lines = [f"* Highest of {len(self.tried)} categories: {said}. {overlap}"]
        if self.left_out:
            lines.append(f"Nothing to try a method on: {', '.join(self.left_out)}.")
        return lines


def back_test(
    viewer: Viewer,
    area: Area,
    *,
    category: str | None,
    dataset: str | None,
    training_months: int,
    area_share: float,
    cell_metres: int | None,
) -> BackTested:
    """Try every method on every live month of an area, for one category or for each.

    Raises
    ------
    BadRequest
        If there is nothing to try them on.
    """
    key = dataset or POINTS
    live = figures.coverage(viewer, area.borough_codes, key)
    if live.empty:
        figures.refuse_closed(viewer, area.borough_codes, key)
        raise BadRequest(
            f"There are no points of '{key}' for {area.name}.", remedy="Upload some, or name another dataset of points."
        )
    tried, left_out, refusal = [], [], None
    for name in [category] if category else back_tests.categories_to_try(viewer, area, key):
        try:
            tried.append(
                back_tests.try_methods(
                    viewer,
                    area,
                    category=name,
                    dataset=key,
                    first_month=min(live["month"]),
                    last_month=max(live["month"]),
                    training_months=training_months,
                    area_share=area_share,
                    cell_metres=cell_metres,
                )
            )
        except back_tests.NothingHappened as nothing:
            left_out.append(name)
            refusal = nothing
    if refusal is not None and not tried:
        raise refusal
    return BackTested(tuple(tried), tuple(left_out))


def _figures(tried: Tried, name: Ranking) -> dict[str, float]:
    test = tried.tests[name]
    kept = ("area_share", "hit_rate", "hit_rate_lower", "hit_rate_upper", "pai", "pai_lower", "pai_upper")
    counted = {"hits": float(test.hits.sum()), "incidents": float(test.totals.sum())}
    return counted | {name: float(getattr(test, name)) for name in kept}

"""Charts are read without colour: lines differ by dash and mark, are named at their ends, and may be hollow."""

from __future__ import annotations

import re
from dataclasses import replace

from lxml import etree

from hub.documents import charts
from hub.documents.model import Chart, ChartKind, Series
from tests.documents.made import BURGLARY, HIDDEN, MONTHS, WARDS, line_chart, ward_chart


def drawn(chart: Chart) -> etree._Element:
    return etree.fromstring(charts.svg(chart, charts.PRINTED).encode())


def words_in(picture: etree._Element) -> list[str]:
    return [text for one in picture.iter("{*}text") if (text := "".join(one.itertext()))]


def test_lines_are_told_apart_without_colour_and_named_where_they_end() -> None:
    chart = line_chart()
    close = Series("Bicycle theft", chart.series[0].points)
    picture = drawn(replace(chart, series=(*chart.series, close)))
    lines = [one for one in picture.iter("{*}path") if one.get("stroke-width") == "2.2"]
    assert len({one.get("stroke-dasharray") for one in lines}) == 3
    marks = [one for one in picture.iter("{*}path") if one.get("stroke") in charts.COLOURS and one not in lines]
    assert len({one.get("d") for one in marks}) == 3
    assert len(marks) == 3 * len(MONTHS) - 1, "a figure that is not shown is no mark"
    hollow = [one for one in marks if one.get("fill") == charts.PAPER]
    assert len(hollow) == 3, "the last month may still change"
    ends = {"".join(one.itertext()): one for one in picture.iter("{*}text")}
    heights = [float(re.findall(r"[-\d.]+", ends[name].get("transform"))[1]) for name in ("Burglary", "Bicycle theft")]
    assert abs(heights[0] - heights[1]) >= charts.PRINTED.font, "names cover each other"
    assert charts.key(chart) == (
        "A hollow mark is a figure that may still change.",
        "A gap in a line is a figure that is not shown.",
    )


def test_rows_have_their_figures_beside_them_and_a_hidden_one_its_words() -> None:
    for kind in (ChartKind.BAR, ChartKind.INTERVAL):
        said = words_in(drawn(ward_chart(kind)))
        for name, _, rate, _ in WARDS:
            assert name in said
            assert (HIDDEN if rate is None else f"{rate:.2f}") in said
        assert "Borough: 15.5" in said


def test_more_lines_than_can_be_told_apart_get_panels_on_one_scale() -> None:
    chart = line_chart()
    many = replace(chart, series=tuple(Series(f"Measure {at}", chart.series[at % 2].points) for at in range(8)))
    said = words_in(drawn(many))
    assert {one.name for one in many.series} <= {*said}
    assert charts.span(many) == (0, charts.ROOM_ABOVE * max(BURGLARY))
    assert said.count("1,000") == len(many.series)


def test_long_names_make_no_picture_wider_so_that_large_print_stays_large() -> None:
    words = "Offences recorded by the police for every 1,000 residents and visitors " * 4
    for made in (line_chart(), line_chart(ChartKind.PANELS), ward_chart(), ward_chart(ChartKind.BAR)):
        series = tuple(replace(one, name=words) for one in made.series)
        long = replace(made, value_title=words, series=series)
        for look in (charts.PRINTED, charts.LARGE):
            assert charts.width_of(charts.svg(long, look)) <= 1.06 * look.width, (made.kind, look)

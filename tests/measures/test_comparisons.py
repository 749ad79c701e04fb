"""What measures are compared with, as data: each has a source, and says what nobody checked."""

from __future__ import annotations

import datetime as dt

from hub.measures.comparisons import Against, known, usual
from hub.measures.definitions import shipped


def test_every_shipped_comparison_hangs_together_and_says_where_it_comes_from() -> None:
    measures = {one.code: one for one in shipped().measures}
    assert {one.against for one in known().values()} == set(Against)
    for code, one in known().items():
        assert (one.code, bool(one.title), bool(one.source)) == (code, True, True)
        is_published, is_baseline = one.against is Against.PUBLISHED, one.against is Against.BASELINE
        assert (one.measure in measures, bool(one.place), bool(one.denominator)) == (is_published,) * 3, code
        assert (one.rate is not None and one.rate > 0) == is_published, code
        assert (one.last_month is not None) == is_baseline, code
        assert bool(one.to_verify) == (is_published or is_baseline), "none of these could be checked in its source"
    assert known()["year-to-2016-05"].last_month == dt.date(2016, 5, 1)
    rates = [one.rate for one in known().values() if one.measure == "violence-against-the-person"]
    assert rates == [27.8, 32.9], "the Met's area beside England and Wales, year to June 2024"


def test_a_published_rate_is_of_its_measure_alone_and_the_usual_is_the_area_where_it_is_told() -> None:
    measures = {one.code: one for one in shipped().measures}
    published = known()["published-met-2024-06"]
    assert published.fits(measures["violence-against-the-person"])
    assert not published.fits(measures["burglary"])
    assert known()["alike"].fits(measures["burglary"])
    assert [usual(area_is_told=told).against for told in (True, False)] == [Against.AREA, Against.BEFORE]

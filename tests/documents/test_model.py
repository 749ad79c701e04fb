"""A document holds each figure once, lets no hidden value in, and is the same after it was frozen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hub.documents.frozen import from_json, to_json
from hub.documents.model import Cell, Column, KeyFigure, Length, Paragraph, Point, Series, Table
from tests.documents.made import HIDDEN, document, figure, line_chart, ward_chart


def test_a_frozen_document_comes_back_the_same_byte_for_byte() -> None:
    made = document()
    frozen = to_json(made)
    assert from_json(frozen) == made
    assert to_json(from_json(frozen)) == frozen == to_json(document())
    with pytest.raises(ValueError, match="frozen in version 99"):
        from_json(frozen.replace(b'"version":1', b'"version":99'))


def test_a_figure_that_was_reckoned_with_arrays_is_a_plain_number() -> None:
    reckoned = [Cell("3", value) for value in (np.int64(3), np.float32(3))]
    assert [type(one.value) for one in reckoned] == [int, float]
    made = replace(document(), parts=(KeyFigure("Burglary", reckoned[0]),))
    assert from_json(to_json(made)) == made


def test_a_document_refuses_what_would_give_a_hidden_figure_away_or_not_fit() -> None:
    assert figure(None) == Cell(HIDDEN, is_hidden=True)
    with pytest.raises(ValueError, match="hidden"):
        Cell(HIDDEN, 3, is_hidden=True)
    with pytest.raises(ValueError, match="finite"):
        Cell("a lot", float("inf"))
    with pytest.raises(ValueError, match="one cell for each"):
        Table("Wards", (Column("Ward"), Column("Count")), ((Cell("Abbey"),),))
    chart = line_chart()
    short = Series("Short", chart.series[0].points[1:])
    with pytest.raises(ValueError, match="share their labels"):
        replace(chart, series=(chart.series[0], short))
    with pytest.raises(ValueError, match="one series"):
        replace(ward_chart(), series=ward_chart().series * 2)
    with pytest.raises(ValueError, match="UTC"):
        replace(document(), made_at=document().made_at.replace(tzinfo=None))


def test_words_are_one_line_that_every_form_can_hold() -> None:
    assert Paragraph("a\x00b\n\tc\u202eD\ud800").text == "ab cD"
    assert Point("J\x1ban", figure(1)).label == "Jan"
    assert Paragraph("\u200fעברית 😀 é").text == "\u200fעברית 😀 é"


def test_each_reading_has_the_parts_that_belong_to_it() -> None:
    made = document()
    sentence, page, full = (made.read(length) for length in Length)
    assert [part.text for part in sentence.parts] == ["Burglary fell by about a tenth."]
    assert set(sentence.parts) < set(page.parts) < set(full.parts) == set(made.parts)


def test_the_table_behind_a_chart_says_what_the_chart_shows() -> None:
    behind = line_chart().table
    assert [column.heading for column in behind.columns] == [
        "Month", "Burglary (Offences)", "Robbery (Offences)", "Status",
    ]  # fmt: skip
    assert [cell.shown for cell in behind.rows[2]] == ["Sep 2025", "1,085", HIDDEN, "Settled"]
    assert behind.rows[-1][-1].shown == "Provisional"
    by_ward = ward_chart().table
    assert [cell.shown for cell in by_ward.rows[0]] == ["Abbey", "18.40", "16.40", "20.90"]
    assert [cell.shown for cell in by_ward.rows[2]] == ["Castle & Keep", HIDDEN, "–", "–"]
    assert by_ward.notes == ("Borough: 15.5.",)
    assert [table.title for table in document().tables][:2] == ["Key figures", "Offences by month, line"]

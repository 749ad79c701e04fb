"""A document's charts as PowerPoint's own, which whoever gets the slides can edit: the same values, and no others."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import xlsxwriter
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_MARKER_STYLE
from pptx.enum.dml import MSO_LINE
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Pt

from hub.documents.charts import COLOURS
from hub.documents.fitting import number_form
from hub.documents.model import Chart, ChartKind, Document, Kind, Point
from hub.documents.packing import repacked

INK, WHITE, PALE = "0B0C0C", "FFFFFF", "D8D8D8"
DASHES = (
    MSO_LINE.SOLID,
    MSO_LINE.DASH,
    MSO_LINE.ROUND_DOT,
    MSO_LINE.DASH_DOT,
    MSO_LINE.LONG_DASH,
    MSO_LINE.DASH_DOT_DOT,
)
MARKS = (
    XL_MARKER_STYLE.CIRCLE,
    XL_MARKER_STYLE.SQUARE,
    XL_MARKER_STYLE.TRIANGLE,
    XL_MARKER_STYLE.DIAMOND,
    XL_MARKER_STYLE.PLUS,
    XL_MARKER_STYLE.X,
)
ONLY_TEXT = {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}


@dataclass(frozen=True)
class Native:
    """A chart as PowerPoint knows it: categories and columns of values. A figure that is not shown is in none."""

    kind: Any
    categories: tuple[str, ...]
    columns: tuple[tuple[str, tuple[float | int | None, ...]], ...]
    pattern: str

    @property
    def data(self) -> Any:
        """For the library."""
        made: Any = CategoryChartData(number_format=self.pattern)  # type: ignore[no-untyped-call]
        made.categories = self.categories
        for name, values in self.columns:
            made.add_series(name, values)
        return made


def values_of(chart: Chart) -> Native:
    """A chart's values, in PowerPoint's order."""
    columns = [(one.name, tuple(point.figure.value for point in one.points)) for one in chart.series]
    points = chart.series[0].points
    categories = chart.labels
    is_lying = chart.kind in {ChartKind.BAR, ChartKind.INTERVAL}
    if is_lying:
        categories = tuple(map(_named, points))
    if chart.kind is ChartKind.INTERVAL:
        columns.append(("From", tuple(point.low.value if point.low else None for point in points)))
        columns.append(("To", tuple(point.high.value if point.high else None for point in points)))
    if chart.reference and chart.reference.figure.value is not None and not is_lying:
        columns.append((chart.reference.name, (chart.reference.figure.value,) * len(categories)))
    kind = XL_CHART_TYPE.BAR_CLUSTERED if chart.kind is ChartKind.BAR else XL_CHART_TYPE.LINE_MARKERS
    forms = (
        number_form(point.figure) for one in chart.series for point in one.points if point.figure.value is not None
    )
    form = next((each for each in forms if each), None)
    return Native(kind, categories, tuple(columns), form.pattern if form else "General")


def _named(point: Point) -> str:
    """A row's name; where its figure is not shown, what stands instead of it too."""
    return point.label if point.figure.value is not None else f"{point.label} ({point.figure.shown})"


def workbook(native: Native, document: Document) -> bytes:
    """The values behind a chart, for whoever edits it: as the library lays them out, but with text that stays text."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True, **ONLY_TEXT})
    book.set_properties({"created": document.made_at.replace(tzinfo=None)})
    sheet, form = book.add_worksheet(), book.add_format({"num_format": native.pattern})
    for row, category in enumerate(native.categories, start=1):
        sheet.write_string(row, 0, category)
    for at, (name, values) in enumerate(native.columns, start=1):
        sheet.write_string(0, at, name)
        for row, value in enumerate(values, start=1):
            if value is not None:
                sheet.write_number(row, at, value, form)
    book.close()
    return repacked(content.getvalue(), document.made_at)


def dress(made: Any, chart: Chart, native: Native, scale: tuple[float, float]) -> None:
    """Give a chart its look: readable type, one scale from nil, names at the lines' ends, and no colour needed."""
    made.has_legend = made.has_title = False
    made.font.size, made.font.color.rgb = Pt(14), _colour(INK)
    made.value_axis.has_title = True
    made.value_axis.axis_title.text_frame.text = chart.value_title
    made.value_axis.tick_labels.number_format = "General" if chart.value_kind is Kind.RATE else native.pattern
    made.value_axis.tick_labels.number_format_is_linked = False
    made.value_axis.major_gridlines.format.line.color.rgb = _colour(PALE)
    made.value_axis.minimum_scale, made.value_axis.maximum_scale = scale
    if chart.kind is ChartKind.BAR:
        _dress_bars(made, chart, native)
    elif chart.kind is ChartKind.INTERVAL:
        _dress_intervals(made, chart)
    else:
        _dress_lines(made, chart)


def _dress_bars(made: Any, chart: Chart, native: Native) -> None:
    made.category_axis.reverse_order = True
    plot = made.plots[0]
    plot.gap_width, plot.has_data_labels = 45, True
    plot.data_labels.number_format, plot.data_labels.number_format_is_linked = native.pattern, False
    series = plot.series[0]
    series.format.fill.solid()
    series.format.fill.fore_color.rgb = _colour(COLOURS[0])
    for at, point in enumerate(chart.series[0].points):
        if point.is_provisional:
            bar = series.points[at].format
            bar.fill.solid()
            bar.fill.fore_color.rgb = _colour(WHITE)
            bar.line.color.rgb, bar.line.dash_style = _colour(COLOURS[0]), MSO_LINE.DASH


def _dress_lines(made: Any, chart: Chart) -> None:
    _leave_room(made)
    for at, one in enumerate(chart.series):
        series = made.plots[0].series[at]
        _draw_line(series, at)
        for place, point in enumerate(one.points):
            if point.is_provisional and point.figure.value is not None:
                _hollow(series.points[place])
        known = [place for place, point in enumerate(one.points) if point.figure.value is not None]
        if len(chart.series) > 1 and known:
            _name_at(series.points[known[-1]], one.name, _beside(chart, at))
    _dress_reference(made, chart)


def _beside(chart: Chart, at: int) -> Any:
    """Where a line's name stands at its end: of two lines above the higher and below the lower, else to the right."""
    if len(chart.series) != 2:
        return XL_LABEL_POSITION.RIGHT
    ends = [
        next((p.figure.value for p in reversed(one.points) if p.figure.value is not None), 0) for one in chart.series
    ]
    is_higher = ends[at] > ends[1 - at] or (ends[at] == ends[1 - at] and at == 0)
    return XL_LABEL_POSITION.ABOVE if is_higher else XL_LABEL_POSITION.BELOW


def _dress_intervals(made: Any, chart: Chart) -> None:
    middle, low, high = list(made.plots[0].series)[:3]
    for at, series in enumerate((middle, low, high)):
        series.smooth = False
        series.format.line.fill.background()
        series.marker.style = XL_MARKER_STYLE.DIAMOND if at == 0 else XL_MARKER_STYLE.DASH
        series.marker.size = 11 if at == 0 else 7
        series.marker.format.fill.solid()
        series.marker.format.fill.fore_color.rgb = _colour(COLOURS[0])
    for place, point in enumerate(chart.series[0].points):
        if point.is_provisional and point.figure.value is not None:
            _hollow(middle.points[place])
    lines = made.plots[0]._element  # noqa: SLF001 - the library has no lines from high to low
    through = '<a:ln w="22225"><a:solidFill><a:srgbClr val="0B0C0C"/></a:solidFill></a:ln>'
    through = f"<c:hiLowLines {nsdecls('c', 'a')}><c:spPr>{through}</c:spPr></c:hiLowLines>"
    lines.find(qn("c:marker")).addprevious(parse_xml(through))


def _dress_reference(made: Any, chart: Chart) -> None:
    """The line that the points are seen against."""
    series = list(made.plots[0].series)[len(chart.series) :]
    if series and chart.reference:
        series[0].smooth = False
        series[0].format.line.color.rgb, series[0].format.line.width = _colour(INK), Pt(1.5)
        series[0].format.line.dash_style = MSO_LINE.SQUARE_DOT
        series[0].marker.style = XL_MARKER_STYLE.NONE
        _name_at(series[0].points[len(chart.labels) - 1], f"{chart.reference.name}: {chart.reference.figure.shown}")


def _draw_line(series: Any, at: int) -> None:
    series.smooth = False
    series.format.line.color.rgb, series.format.line.width = _colour(COLOURS[at % len(COLOURS)]), Pt(2.5)
    series.format.line.dash_style = DASHES[at % len(DASHES)]
    series.marker.style, series.marker.size = MARKS[at % len(MARKS)], 8
    series.marker.format.fill.solid()
    series.marker.format.fill.fore_color.rgb = _colour(COLOURS[at % len(COLOURS)])
    series.marker.format.line.color.rgb = _colour(COLOURS[at % len(COLOURS)])


def _hollow(point: Any) -> None:
    point.marker.format.fill.solid()
    point.marker.format.fill.fore_color.rgb = _colour(WHITE)


def _name_at(point: Any, name: str, position: Any = XL_LABEL_POSITION.RIGHT) -> None:
    label = point.data_label
    label.position = position
    label.text_frame.text = name


def _leave_room(made: Any) -> None:
    """Keep the right of a chart free for the names of its lines."""
    area = made._chartSpace.chart.plotArea  # noqa: SLF001 - the library lays out no plot
    for layout in area.findall(qn("c:layout")):
        area.remove(layout)
    sides = {"x": 0.08, "y": 0.03, "w": 0.72, "h": 0.78}
    modes = '<c:layoutTarget val="inner"/><c:xMode val="edge"/><c:yMode val="edge"/>'
    places = "".join(f'<c:{side} val="{share}"/>' for side, share in sides.items())
    area.insert(0, parse_xml(f"<c:layout {nsdecls('c')}><c:manualLayout>{modes}{places}</c:manualLayout></c:layout>"))


def _colour(code: str) -> Any:
    return RGBColor.from_string(code.removeprefix("#").upper())  # type: ignore[no-untyped-call]

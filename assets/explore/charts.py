"""The plots of the page, drawn by Vega-Altair into SVG that stands in the page itself.

The sizes of a plot rest on no font, for labels stand inside fixed margins: so it has the same bytes on every machine.
Text has no font of its own and takes that of the page.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
import polars as pl

from assets.explore.i18n import MARK, word
from warehouse.codes import CHINA, UNION

if TYPE_CHECKING:
    import altair as alt

    Single = TypeVar("Single", alt.Chart, alt.LayerChart)

CHINA_COLOUR, UNION_COLOUR, OTHER_COLOUR = "#b3372f", "#1f5fa8", "#a85f00"
BAND_COLOUR, END_COLOUR, INK, LINES = "#e3e7ec", "#aab2bc", "#454b54", "#e9ecf0"
FONT = "Liberation Sans"
ROWS = "rows"
# Letters that no number has, and that the fonts at hand have: Latin Extended-A and B, more than a plot has words.
LETTERS = [chr(letter) for letter in range(0x100, 0x250)]
DECADES = [10**power for power in range(8)]
# Numbers on axes: k, M and G for thousands, millions and thousand millions.
SHORT = "abs(datum.value) < 1000 ? format(datum.value, '~g') : format(datum.value, '~s')"
# Panels: how many stand beside each other, how wide and high they are, and the room between them for their axes.
PANELS, WIDTH, HEIGHT, ROOM = 3, 296, 104, {"row": 52, "column": 62}
CONFIG: dict[str, Any] = {
    "aria": False,
    "font": FONT,
    "background": None,
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "labelFontSize": 11,
        "titleColor": INK,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "domainColor": "#b9bfc7",
        "gridColor": LINES,
        "tickColor": "#b9bfc7",
        "tickSize": 4,
        "labelOverlap": False,
    },
    "header": {
        "labelColor": "#1c2025",
        "labelFontSize": 12,
        "labelFontWeight": "bold",
        "labelAnchor": "start",
        "labelLimit": 340,
    },
}
# Bytes that Vega writes for its own scripts, of no use in a page that has none.
_NOISE = re.compile(r' (?:class|pointer-events|aria-[a-z]+|role|version|xmlns(?::xlink)?)="[^"]*"| font-family="[^"]*"')
_EMPTY = re.compile(r'<path d="[^"]*" display="none"/>|<path d="[^"]*" fill="none"/>')


def svg(chart: "alt.Chart | alt.LayerChart | alt.FacetChart", frame: pl.DataFrame, name: str) -> str:
    """A chart of the rows of a frame as SVG, whose ids begin with ``name``; nothing of no rows.

    It is hidden from who listens: its table is not. A letter stands for each word that depends on the language: to
    measure text takes most of the time of a plot.
    """
    if frame.is_empty():
        return ""
    import vl_convert
    from altair.utils.schemapi import debug_mode

    # The specification alone is Altair's: it would copy every row of data at every step.
    with debug_mode(False):
        spec = {**chart.to_dict(validate=False), "config": CONFIG, "datasets": {ROWS: frame.to_dicts()}}
    given = orjson.dumps(spec).decode()
    letters = dict(zip(dict.fromkeys(mark[0] for mark in MARK.finditer(given)), LETTERS, strict=False))
    drawn = vl_convert.vegalite_to_svg(MARK.sub(lambda mark: letters[mark[0]], given))
    worded = drawn.translate({ord(letter): mark for mark, letter in letters.items()})
    plain = _EMPTY.sub("", _NOISE.sub("", worded))
    named = re.sub(r'(id="|url\(#)', rf"\g<1>{name}-", plain)
    return named.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1)


def _single(chart: "Single", size: tuple[int, int], left: int, **others: int) -> "Single":
    """A chart of one view with margins that are given and not measured."""
    margins = {"left": left, "right": 60, "top": 8, "bottom": 24} | others
    return chart.properties(width=size[0], height=size[1], padding=margins, autosize={"type": "none"})


def _chart() -> "alt.Chart":
    import altair as alt

    return alt.Chart(alt.NamedData(ROWS))


def dumbbell(order: Sequence[str], years: tuple[int, int]) -> "alt.LayerChart":
    """Two years of each state on a logarithmic scale, from ``place``, ``year``, ``value``."""
    import altair as alt

    place = alt.Y("place:N", sort=list(order), title=None, axis=alt.Axis(grid=True, domain=False, ticks=False))
    value = alt.X("value:Q", scale=alt.Scale(type="log"), title=None, axis=alt.Axis(format=",", values=DECADES))
    colour = alt.Color("year:O", scale=alt.Scale(domain=list(years), range=["#8fb0d4", UNION_COLOUR]), legend=None)
    base = _chart()
    line = base.mark_line(color="#b9c6d6", strokeWidth=2).encode(y=place, x=value, detail="place:N")
    points = base.mark_circle(size=60, opacity=1).encode(y=place, x=value, color=colour)
    both: alt.LayerChart = line + points
    return _single(both, (560, 20 * len(order)), 130)


def two_sources(order: Sequence[str], years: tuple[int, int]) -> "alt.FacetChart":
    """A panel for each state with the series of two sources, from ``place``, ``source``, ``year``, ``value``."""
    import altair as alt

    source = alt.Color("source:N", scale=alt.Scale(range=[UNION_COLOUR, OTHER_COLOUR]), legend=None)
    base = (
        alt.Chart()
        .mark_line(strokeWidth=1.8, point={"size": 14, "filled": True})
        .encode(
            x=_years(years),
            y=alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=3, format=",d", domain=False, ticks=False)),
            color=source,
            strokeDash=alt.StrokeDash("source:N", scale=alt.Scale(range=[[1, 0], [4, 2]]), legend=None),
        )
        .properties(width=WIDTH, height=HEIGHT)
    )
    return _panels(base, order)


def _years(years: tuple[int, int]) -> "alt.X":
    import altair as alt

    ticks = [year for year in range(years[0], years[1] + 1) if year % 5 == 0]
    scale = alt.Scale(domain=[years[0] - 0.7, years[1] + 0.7], nice=False)
    # As words, years are as cheap to measure as those.
    labels = ", ".join(f"{year}: '{word('year', str(year))}'" for year in ticks)
    axis = alt.Axis(values=ticks, labelExpr=f"{{{labels}}}[datum.value]", grid=False)
    return alt.X("year:Q", scale=scale, title=None, axis=axis)


def _panels(base: "alt.Chart | alt.LayerChart", order: Sequence[str]) -> "alt.FacetChart":
    """A panel for each ``place``, laid out by the sizes of the plots alone, so that no text moves them."""
    import altair as alt

    panel = alt.Facet("place:N", title=None, sort=list(order), header=alt.Header(labelPadding=6))
    faceted = base.facet(panel, columns=PANELS, data=alt.NamedData(ROWS), bounds="flush", spacing=ROOM)
    shown: alt.FacetChart = faceted.resolve_scale(y="independent").resolve_axis(x="independent")
    return shown


def small_multiples(order: Sequence[str], years: tuple[int, int]) -> "alt.FacetChart":
    """A panel for each measure: the span of the member states as bars, and China and the Union as lines over them.

    Rows have ``place`` (the measure) and ``year``, and either ``low`` and ``high`` or ``series`` and ``value``. A year
    without a figure is a gap.
    """
    import altair as alt

    axis = alt.Axis(tickCount=3, labelExpr=SHORT, domain=False, ticks=False)
    base = alt.Chart().encode(x=_years(years))
    # The outline shows what is too flat for a bar.
    span = base.mark_bar(color=BAND_COLOUR, stroke=END_COLOUR, strokeWidth=1, size=9).encode(
        y=alt.Y("low:Q", title=None, axis=axis), y2="high:Q"
    )
    domain = [CHINA, UNION]
    lines = base.mark_line(strokeWidth=2, point={"size": 18, "filled": True}).encode(
        y=alt.Y("value:Q", title=None, axis=axis),
        color=alt.Color("series:N", scale=alt.Scale(domain=domain, range=[CHINA_COLOUR, UNION_COLOUR]), legend=None),
        strokeDash=alt.StrokeDash("series:N", scale=alt.Scale(domain=domain, range=[[1, 0], [4, 2]]), legend=None),
    )
    layered: alt.LayerChart = span + lines
    return _panels(layered.properties(width=WIDTH, height=HEIGHT), order)


def waivers(order: Sequence[str]) -> "alt.Chart":
    """A bar for each waiver, from ``place``, ``since``, ``until`` and ``days``."""
    import altair as alt

    place = alt.Y("place:N", sort=list(order), title=None, axis=alt.Axis(grid=True, domain=False, ticks=False))
    axis = alt.Axis(format="%Y-%m", tickCount=8, grid=True, labelOverlap=True)
    colour = alt.Color("days:O", scale=alt.Scale(domain=[15, 30], range=["#e0a39d", CHINA_COLOUR]), legend=None)
    since = alt.X("since:T", title=None, axis=axis, scale=alt.Scale(type="utc"))
    bars: alt.Chart = _chart().mark_bar(height=9).encode(y=place, x=since, x2="until:T", color=colour)
    return _single(bars, (640, 20 * len(order)), 130)


def apart(colour: str, years: tuple[int, int]) -> "alt.Chart":
    """One series on a scale of its own, from ``year`` and ``value``."""
    import altair as alt

    y = alt.Y("value:Q", title=None, axis=alt.Axis(labelExpr=SHORT, tickCount=4, domain=False, ticks=False))
    line: alt.Chart = _chart().mark_line(color=colour, point={"size": 30, "color": colour, "filled": True})
    drawn: alt.Chart = line.encode(x=_years(years), y=y)
    return _single(drawn, (330, 170), 50, right=16)


def heat_map(places: Sequence[str], themes: Sequence[str]) -> "alt.LayerChart":
    """Coverage of each place by theme in per cent, from ``place``, ``theme``, ``score``."""
    import altair as alt

    x = alt.X(
        "place:N",
        sort=list(places),
        title=None,
        axis=alt.Axis(orient="top", labelAngle=0, domain=False, ticks=False),
    )
    y = alt.Y("theme:N", sort=list(themes), title=None, axis=alt.Axis(domain=False, ticks=False, labelLimit=190))
    base = _chart().encode(x=x, y=y)
    colour = alt.Color("score:Q", scale=alt.Scale(domain=[0, 100], range=["#f3f5f8", "#123f73"]), legend=None)
    written = alt.condition("datum.score > 45", alt.value("#ffffff"), alt.value("#1c2025"))
    cells = base.mark_rect(stroke="#ffffff", strokeWidth=1.5).encode(color=colour)
    text = base.mark_text(fontSize=10).encode(text=alt.Text("score:Q", format=".0f"), color=written)
    both: alt.LayerChart = cells + text
    return _single(both, (31 * len(places), 26 * len(themes)), 190, bottom=6, right=6, top=24)

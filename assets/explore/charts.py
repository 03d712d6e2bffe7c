"""The plots of the page, drawn by Vega-Altair as SVG inside the page.

All margins are fixed, so that the size of a plot depends on no font and its bytes are the same on every machine. Text
has the font of the page.
"""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from assets.explore.elements import PLACEHOLDER, Plot, word
from warehouse.codes import CHINA, UNION

if TYPE_CHECKING:
    import altair as alt

    Single = TypeVar("Single", alt.Chart, alt.LayerChart)

CHINA_COLOUR, UNION_COLOUR, OTHER_COLOUR = "#b3372f", "#1f5fa8", "#a85f00"
BAND_COLOUR, END_COLOUR, INK, LINES = "#e3e7ec", "#aab2bc", "#454b54", "#e9ecf0"
FONT = "Liberation Sans"
ROWS = "rows"
# Letters that occur in no number and that common fonts have: Latin Extended-A and B. A plot has fewer words.
LETTERS = [chr(letter) for letter in range(0x100, 0x250)]
DECADES = [10**power for power in range(8)]
# Numbers on axes: k for thousands, M for millions, bn for billions.
SHORT = "abs(datum.value) < 1000 ? format(datum.value, '~g') : replace(format(datum.value, '~s'), 'G', 'bn')"
# The number of panels in a row, their width and height, and the space between them for the axes.
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
# Attributes that only Vega's scripts use. The page has no scripts.
_NOISE = re.compile(r' (?:class|pointer-events|aria-[a-z]+|role|version|xmlns(?::xlink)?)="[^"]*"| font-family="[^"]*"')
_EMPTY = re.compile(r'<path d="[^"]*" display="none"/>|<path d="[^"]*" fill="none"/>')


def svg(plot: Plot) -> str:
    """The plot as SVG; an empty text if it has no rows. Its ids begin with the name of the plot.

    The SVG is hidden from screen readers, which read the table below the plot. Each word that depends on the language
    is a single letter while Vega draws, because measuring text takes most of the time of a plot.
    """
    if plot.frame.is_empty():
        return ""
    import vl_convert
    from altair.utils.schemapi import debug_mode

    # Validation by Altair would copy all rows at every step.
    with debug_mode(False):
        chart = _CHARTS[plot.kind](plot)
        spec = {**chart.to_dict(validate=False), "config": CONFIG, "datasets": {ROWS: plot.frame.to_dicts()}}
    text = orjson.dumps(spec).decode()
    letters = dict(zip(dict.fromkeys(match[0] for match in PLACEHOLDER.finditer(text)), LETTERS, strict=False))
    drawn = vl_convert.vegalite_to_svg(PLACEHOLDER.sub(lambda match: letters[match[0]], text))
    worded = drawn.translate({ord(letter): placeholder for placeholder, letter in letters.items()})
    plain = _EMPTY.sub("", _NOISE.sub("", worded))
    prefixed = re.sub(r'(id="|url\(#)', rf"\g<1>{plot.name}-", plain)
    return prefixed.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1)


def _single(chart: "Single", size: tuple[int, int], left: int, **others: int) -> "Single":
    """A chart with one view and fixed margins."""
    margins = {"left": left, "right": 60, "top": 8, "bottom": 24} | others
    return chart.properties(width=size[0], height=size[1], padding=margins, autosize={"type": "none"})


def _chart() -> "alt.Chart":
    import altair as alt

    return alt.Chart(alt.NamedData(ROWS))


def _dumbbell(plot: Plot) -> "alt.LayerChart":
    """Two years of each place on a logarithmic scale, from ``place``, ``year``, ``value``."""
    import altair as alt

    place = alt.Y("place:N", sort=list(plot.places), title=None, axis=alt.Axis(grid=True, domain=False, ticks=False))
    value = alt.X("value:Q", scale=alt.Scale(type="log"), title=None, axis=alt.Axis(format=",", values=DECADES))
    colour = alt.Color("year:O", scale=alt.Scale(domain=list(plot.years), range=["#8fb0d4", UNION_COLOUR]), legend=None)
    base = _chart()
    line = base.mark_line(color="#b9c6d6", strokeWidth=2).encode(y=place, x=value, detail="place:N")
    points = base.mark_circle(size=60, opacity=1).encode(y=place, x=value, color=colour)
    both: alt.LayerChart = line + points
    return _single(both, (560, 20 * len(plot.places)), 130)


def _two_sources(plot: Plot) -> "alt.FacetChart":
    """A panel for each place with the series of two sources, from ``place``, ``source``, ``year``, ``value``."""
    import altair as alt

    source = alt.Color("source:N", scale=alt.Scale(range=[UNION_COLOUR, OTHER_COLOUR]), legend=None)
    base = (
        alt.Chart()
        .mark_line(strokeWidth=1.8, point={"size": 14, "filled": True})
        .encode(
            x=_years(plot.years),
            y=alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=3, format=",d", domain=False, ticks=False)),
            color=source,
            strokeDash=alt.StrokeDash("source:N", scale=alt.Scale(range=[[1, 0], [4, 2]]), legend=None),
        )
        .properties(width=WIDTH, height=HEIGHT)
    )
    return _panels(base, plot.places)


def _years(years: tuple[int, int]) -> "alt.X":
    import altair as alt

    ticks = [year for year in range(years[0], years[1] + 1) if year % 5 == 0]
    scale = alt.Scale(domain=[years[0] - 0.7, years[1] + 0.7], nice=False)
    # Years are placeholders too, so that Vega measures single letters.
    labels = ", ".join(f"{year}: '{word('year', str(year))}'" for year in ticks)
    axis = alt.Axis(values=ticks, labelExpr=f"{{{labels}}}[datum.value]", grid=False)
    return alt.X("year:Q", scale=scale, title=None, axis=axis)


def _panels(base: "alt.Chart | alt.LayerChart", order: Sequence[str]) -> "alt.FacetChart":
    """A panel for each ``place``. Only the sizes of the plots decide the layout, so that no text moves a panel."""
    import altair as alt

    panel = alt.Facet("place:N", title=None, sort=list(order), header=alt.Header(labelPadding=6))
    faceted = base.facet(panel, columns=PANELS, data=alt.NamedData(ROWS), bounds="flush", spacing=ROOM)
    shown: alt.FacetChart = faceted.resolve_scale(y="independent").resolve_axis(x="independent")
    return shown


def _small_multiples(plot: Plot) -> "alt.FacetChart":
    """A panel for each measure: bars for the range of the member states, lines for China and the Union.

    Rows have ``place`` (the measure) and ``year``, and either ``low`` and ``high`` or ``series`` and ``value``. A year
    without a figure is a gap.
    """
    import altair as alt

    axis = alt.Axis(tickCount=3, labelExpr=SHORT, domain=False, ticks=False)
    base = alt.Chart().encode(x=_years(plot.years))
    # The outline keeps a bar visible if its range is too small.
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
    return _panels(layered.properties(width=WIDTH, height=HEIGHT), plot.places)


def _waivers(plot: Plot) -> "alt.Chart":
    """A bar for each waiver, from ``place``, ``since``, ``until`` and ``days``."""
    import altair as alt

    place = alt.Y("place:N", sort=list(plot.places), title=None, axis=alt.Axis(grid=True, domain=False, ticks=False))
    axis = alt.Axis(format="%Y-%m", tickCount=8, grid=True, labelOverlap=True)
    colour = alt.Color("days:O", scale=alt.Scale(domain=[15, 30], range=["#e0a39d", CHINA_COLOUR]), legend=None)
    since = alt.X("since:T", title=None, axis=axis, scale=alt.Scale(type="utc"))
    bars: alt.Chart = _chart().mark_bar(height=9).encode(y=place, x=since, x2="until:T", color=colour)
    return _single(bars, (640, 20 * len(plot.places)), 130)


def _line(plot: Plot) -> "alt.Chart":
    """One series on its own scale, from ``year`` and ``value``."""
    import altair as alt

    colour = CHINA_COLOUR if plot.kind == "china_line" else UNION_COLOUR
    y = alt.Y("value:Q", title=None, axis=alt.Axis(labelExpr=SHORT, tickCount=4, domain=False, ticks=False))
    line: alt.Chart = _chart().mark_line(color=colour, point={"size": 30, "color": colour, "filled": True})
    drawn: alt.Chart = line.encode(x=_years(plot.years), y=y)
    return _single(drawn, (330, 170), 50, right=16)


def _heat_map(plot: Plot) -> "alt.LayerChart":
    """Coverage of each place by theme in per cent, from ``place``, ``theme``, ``score``."""
    import altair as alt

    x = alt.X(
        "place:N",
        sort=list(plot.places),
        title=None,
        axis=alt.Axis(orient="top", labelAngle=0, domain=False, ticks=False),
    )
    y = alt.Y("theme:N", sort=list(plot.themes), title=None, axis=alt.Axis(domain=False, ticks=False, labelLimit=190))
    base = _chart().encode(x=x, y=y)
    colour = alt.Color("score:Q", scale=alt.Scale(domain=[0, 100], range=["#f3f5f8", "#123f73"]), legend=None)
    written = alt.condition("datum.score > 45", alt.value("#ffffff"), alt.value("#1c2025"))
    cells = base.mark_rect(stroke="#ffffff", strokeWidth=1.5).encode(color=colour)
    text = base.mark_text(fontSize=10).encode(text=alt.Text("score:Q", format=".0f"), color=written)
    both: alt.LayerChart = cells + text
    return _single(both, (31 * len(plot.places), 26 * len(plot.themes)), 190, bottom=6, right=6, top=24)


_CHARTS: dict[str, Callable[[Plot], "alt.Chart | alt.LayerChart | alt.FacetChart"]] = {
    "dumbbell": _dumbbell,
    "two_sources": _two_sources,
    "small_multiples": _small_multiples,
    "waivers": _waivers,
    "china_line": _line,
    "union_line": _line,
    "heat_map": _heat_map,
}

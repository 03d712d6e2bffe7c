// The line chart, the small lines of tables, the ranking and the tile map.

const COLOURS = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7", "--c8"];
const DASHES = ["", "7 3", "2 3", "9 3 2 3"];

/** Colour and dashes of each place: fixed for China and the Union, by order for the states. */
function strokes(places) {
  const found = new Map();
  let next = 0;
  for (const place of places) {
    if (place === CHINA) found.set(place, { colour: "var(--china)", dash: "" });
    else if (place === union()) found.set(place, { colour: "var(--union)", dash: "" });
    else {
      found.set(place, {
        colour: `var(${COLOURS[next % COLOURS.length]})`,
        dash: DASHES[Math.floor(next / COLOURS.length) % DASHES.length],
      });
      next += 1;
    }
  }
  return found;
}

/** Round numbers that cover a range, about `count` of them. */
function ticks(low, high, count) {
  const raw = (high - low || 1) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= raw);
  const first = Math.floor(low / step);
  const last = Math.ceil(high / step);
  return Array.from({ length: last - first + 1 }, (_, at) => (first + at) * step);
}

/** Powers of ten that cover a range of positive numbers. */
function decades(low, high) {
  const first = Math.floor(Math.log10(low));
  const last = Math.max(first + 1, Math.ceil(Math.log10(high)));
  return Array.from({ length: last - first + 1 }, (_, at) => 10 ** (first + at));
}

/** The scales of a chart: functions from year and amount to its coordinates, with the ticks of both axes. */
function scales(points, width, height, logarithmic) {
  const amounts = points.map(amount);
  const low = Math.min(0, ...amounts);
  const y = logarithmic
    ? decades(Math.min(...amounts), Math.max(...amounts))
    : ticks(low, Math.max(...amounts, low), height / 60);
  const map = logarithmic ? Math.log10 : (value) => value;
  const margin = { left: 52, right: width > 620 ? 118 : 14, top: 10, bottom: 26 };
  const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
  const years = [state.from, state.to];
  const span = Math.max(1, years[1] - years[0]);
  const step = [1, 2, 5, 10, 20].find((each) => span / each <= inner.width / 46) ?? 20;
  return {
    margin,
    inner,
    yTicks: y,
    xTicks: Array.from({ length: span + 1 }, (_, at) => years[0] + at).filter((year) => year % step === 0),
    x: (year) => margin.left + ((year - years[0]) / span) * inner.width,
    y: (value) => margin.top + (1 - (map(value) - map(y[0])) / (map(y.at(-1)) - map(y[0]))) * inner.height,
  };
}

/** The lines of a series: parts of consecutive years, and thin parts over years without a figure. None crosses a break. */
function parts(points) {
  const found = [];
  for (const [at, point] of points.entries()) {
    const last = points[at - 1];
    if (!last || point.breaks) continue;
    found.push({ last, point, gap: point.year - last.year > 1 });
  }
  return found;
}

/** A line chart of several series, with a point for each figure. `sets` are lists of points. */
function lineChart(sets, label, logarithmic, width) {
  const known = sets.map((points) =>
    points.filter((point) => amount(point) !== null && (!logarithmic || amount(point) > 0)),
  );
  const all = known.flat();
  if (!all.length) return make("p", { class: "empty" }, t("nothing_to_draw"));
  const height = Math.max(260, Math.min(420, width * 0.5));
  const scale = scales(all, width, height, logarithmic);
  const looks = strokes(state.places);
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
  svg.append(axes(scale, width, height), ...known.map((points) => line(points, scale, looks.get(points[0]?.place))));
  if (scale.margin.right > 100) svg.append(endLabels(known, scale, looks));
  return make("div", { class: "chart" }, svg, reader(all, scale, svg));
}

function axes(scale, width, height) {
  const bottom = height - scale.margin.bottom;
  const right = width - scale.margin.right;
  return drawn(
    "g",
    { class: "axes" },
    scale.yTicks.map((value) => [
      drawn("line", {
        x1: scale.margin.left,
        x2: right,
        y1: scale.y(value),
        y2: scale.y(value),
        class: value === 0 ? "zero" : "grid",
      }),
      drawn("text", { x: scale.margin.left - 6, y: scale.y(value) + 4, "text-anchor": "end" }, short(value)),
    ]),
    scale.xTicks.map((year) =>
      drawn("text", { x: scale.x(year), y: bottom + 18, "text-anchor": "middle" }, String(year)),
    ),
  );
}

function line(points, scale, look) {
  const at = (point) => `${scale.x(point.year).toFixed(1)} ${scale.y(amount(point)).toFixed(1)}`;
  const path = (gap) =>
    parts(points)
      .filter((part) => part.gap === gap)
      .map(({ last, point }) => `M${at(last)}L${at(point)}`)
      .join("");
  return drawn(
    "g",
    { style: `color:${look?.colour}` },
    drawn("path", { d: path(true), class: "gap" }),
    drawn("path", { d: path(false), class: "line", "stroke-dasharray": look?.dash || null }),
    points.map((point) =>
      drawn("circle", {
        cx: scale.x(point.year),
        cy: scale.y(amount(point)),
        r: point.breaks ? 4 : 2.6,
        class: point.breaks ? "broken" : "dot",
      }),
    ),
  );
}

/** The names of the places at the right end of their lines, moved so that none covers another. */
function endLabels(known, scale, looks) {
  const ends = known
    .filter((points) => points.length)
    .map((points) => points.at(-1))
    .sort((a, b) => amount(b) - amount(a));
  let free = 0;
  const lowest = scale.margin.top + scale.inner.height + 8;
  return drawn(
    "g",
    { class: "ends" },
    ends.map((point) => {
      const y = Math.max(free, scale.y(amount(point)) + 4);
      if (y > lowest) return null;
      free = y + 13;
      return drawn(
        "text",
        { x: scale.margin.left + scale.inner.width + 8, y, style: `fill:${looks.get(point.place).colour}` },
        placeName(point.place),
      );
    }),
  );
}

/** The part of a chart that shows the figure at the pointer, or the one chosen with the arrow keys. */
function reader(points, scale, svg) {
  const tip = make("div", { class: "tip", hidden: true });
  const ring = drawn("circle", { r: 6, class: "ring", visibility: "hidden" });
  const live = make("p", { class: "visually-hidden", "aria-live": "polite" });
  const sorted = [...points].sort((a, b) => a.year - b.year || amount(b) - amount(a));
  let chosen = null;
  const show = (point) => {
    chosen = point;
    const [x, y] = [scale.x(point.year), scale.y(amount(point))];
    ring.setAttribute("cx", x);
    ring.setAttribute("cy", y);
    ring.setAttribute("visibility", "visible");
    tip.replaceChildren(
      make("strong", {}, `${placeName(point.place)} ${point.year}`),
      make("br"),
      `${amountText(point)} `,
      grade(point) ?? "",
      make("br"),
      make(
        "small",
        {},
        [fact(point, "dataset"), ...flagsOf(point).map((flag) => word("flag", flag))].filter(Boolean).join(" · "),
      ),
    );
    tip.hidden = false;
    tip.style.left = `${Math.min(x + 12, svg.clientWidth - 190)}px`;
    tip.style.top = `${Math.max(0, y - 70)}px`;
    live.textContent = tip.textContent;
  };
  const nearest = (event) => {
    const box = svg.getBoundingClientRect();
    const distance = (point) =>
      Math.hypot(
        (scale.x(point.year) - event.clientX + box.left) * 2,
        scale.y(amount(point)) - event.clientY + box.top,
      );
    return sorted.reduce((best, point) => (distance(point) < distance(best) ? point : best));
  };
  const hide = () => {
    tip.hidden = true;
    ring.setAttribute("visibility", "hidden");
  };
  const keys = {
    ArrowRight: () => move((point) => point.place === chosen.place && point.year > chosen.year, 1),
    ArrowLeft: () => move((point) => point.place === chosen.place && point.year < chosen.year, -1),
    ArrowUp: () => move((point) => point.year === chosen.year && amount(point) > amount(chosen), -1),
    ArrowDown: () => move((point) => point.year === chosen.year && amount(point) < amount(chosen), 1),
    Enter: () => chosen && showFacts(chosen),
    Escape: hide,
  };
  const move = (test, direction) => {
    const found = chosen ? sorted.filter(test) : [sorted.at(-1)];
    const next = found.at(direction > 0 ? 0 : -1);
    if (next) show(next);
  };
  svg.append(ring);
  return make(
    "div",
    {
      class: "reader",
      tabindex: "0",
      role: "group",
      "aria-label": t("chart_keys"),
      onpointermove: (event) => show(nearest(event)),
      onpointerdown: (event) => show(nearest(event)),
      onpointerleave: hide,
      onclick: (event) => showFacts(nearest(event)),
      onkeydown: (event) => {
        if (keys[event.key]) {
          event.preventDefault();
          keys[event.key]();
        }
      },
    },
    tip,
    live,
  );
}

/** A small line of a series for a table, without axes. */
function sparkline(points, colour) {
  const known = points.filter((point) => point.value !== null);
  if (known.length < 2) return null;
  const [width, height] = [90, 24];
  const values = known.map((point) => point.value);
  const [low, high] = [Math.min(0, ...values), Math.max(...values)];
  const x = (point) =>
    2 + ((point.year - known[0].year) / Math.max(1, known.at(-1).year - known[0].year)) * (width - 4);
  const y = (point) => height - 2 - ((point.value - low) / (high - low || 1)) * (height - 4);
  const path = parts(known)
    .map(
      ({ last, point }) => `M${x(last).toFixed(1)} ${y(last).toFixed(1)}L${x(point).toFixed(1)} ${y(point).toFixed(1)}`,
    )
    .join("");
  return drawn(
    "svg",
    {
      class: "spark",
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      "aria-hidden": "true",
      style: `color:${colour}`,
    },
    drawn("path", { d: path, class: "line" }),
    known
      .filter((point, at) => point.breaks || at === 0 || at === known.length - 1)
      .map((point) => drawn("circle", { cx: x(point), cy: y(point), r: 1.8, class: "dot" })),
  );
}

/** The figures of a year as bars, the greatest first. Figures that must not be ranked follow, then missing ones. */
function ranking(points, entry, places) {
  const known = points.filter((point) => amount(point) !== null).sort((a, b) => amount(b) - amount(a));
  const canRank = known.filter(rankable).length > 1;
  const first = known.filter((point) => canRank && rankable(point));
  const others = known.filter((point) => !first.includes(point));
  const missing = points.filter((point) => amount(point) === null);
  const shown = first.length ? first : others.filter((point) => isState(point.place));
  const without = places.filter((place) => !points.some((point) => point.place === place));
  const [low, high] = [Math.min(0, ...shown.map(amount)), Math.max(0, ...shown.map(amount))];
  const bar = (point) => {
    const scale = (value) => (100 * (Math.min(high, Math.max(low, value)) - low)) / (high - low || 1);
    const [left, right] = [scale(0), scale(amount(point))].sort((a, b) => a - b);
    const line = make("i", { class: point.place === CHINA ? "bar china" : isState(point.place) ? "bar" : "bar union" });
    line.style.left = `${left}%`;
    line.style.width = `${Math.max(0.4, right - left)}%`;
    return make("span", { class: "track", "aria-hidden": "true" }, line);
  };
  const row = (point, rank) =>
    make(
      "li",
      {},
      make("span", { class: "rank" }, rank ? String(rank) : ""),
      make("span", { class: "who" }, placeName(point.place)),
      shown.includes(point) ? bar(point) : make("span", { class: "track blank" }),
      figure(point),
    );
  return make(
    "div",
    { class: "ranking" },
    first.length
      ? make(
          "ol",
          {},
          first.map((point) => row(point, 1 + first.filter((other) => amount(other) > amount(point)).length)),
        )
      : null,
    others.length
      ? [
          make("h3", {}, t("not_ranked")),
          make("p", { class: "small" }, t(entry.ranked ? "not_ranked_because" : "measure_not_ranked")),
          make(
            "ol",
            {},
            others.map((point) => row(point, 0)),
          ),
        ]
      : null,
    missing.length
      ? [
          make("h3", {}, t("no_figure")),
          make(
            "ul",
            { class: "absent" },
            missing.map((point) => make("li", {}, `${placeName(point.place)} `, figure(point))),
          ),
        ]
      : null,
    without.length ? make("p", { class: "small" }, t("no_row"), without.map(placeName).join(t("comma"))) : null,
  );
}

// Column and row of each member state in the tile map.
const TILES = {
  SWE: [6, 0],
  FIN: [7, 0],
  IRL: [0, 1],
  DNK: [5, 1],
  EST: [7, 1],
  NLD: [3, 2],
  DEU: [4, 2],
  POL: [5, 2],
  LTU: [6, 2],
  LVA: [7, 2],
  BEL: [2, 3],
  LUX: [3, 3],
  CZE: [4, 3],
  SVK: [5, 3],
  FRA: [2, 4],
  AUT: [4, 4],
  HUN: [5, 4],
  ROU: [6, 4],
  PRT: [0, 5],
  ESP: [1, 5],
  ITA: [3, 5],
  SVN: [4, 5],
  HRV: [5, 5],
  BGR: [6, 5],
  MLT: [3, 6],
  GRC: [6, 6],
  CYP: [7, 6],
};

/** The member states as tiles, coloured in five classes of about equal size, with China and the Union next to them. */
function tileMap(points) {
  const byPlace = new Map(points.map((point) => [point.place, point]));
  const coloured = points.filter((point) => amount(point) !== null && rankable(point));
  const sorted = coloured
    .filter((point) => point.place !== CHINA)
    .map(amount)
    .sort((a, b) => a - b);
  const limits = [1, 2, 3, 4].map((part) => sorted[Math.floor((part * sorted.length) / 5)]);
  const level = (point) => (coloured.includes(point) ? 1 + limits.filter((limit) => amount(point) >= limit).length : 0);
  const tile = (place) => {
    const point = byPlace.get(place);
    const missing = !point || amount(point) === null;
    const text = missing
      ? point
        ? word("missing_reason", fact(point, "missing_reason")) || t("no_figure")
        : t("no_figure")
      : amountText(point);
    const made = make(
      "button",
      {
        type: "button",
        class: `tile ${missing ? "missing" : `level-${level(point)}`}${isState(place) && place !== CHINA ? "" : " wide"}`,
        title: `${placeName(place)}: ${text}`,
        disabled: !point,
        onclick: () => showFacts(point),
      },
      make("b", {}, place in TILES ? place : placeName(place)),
      make("span", {}, missing ? (place in TILES ? "–" : text) : short(amount(point))),
    );
    if (place in TILES) [made.style.gridColumn, made.style.gridRow] = TILES[place].map((at) => at + 1);
    return made;
  };
  const legend =
    sorted.length < 5
      ? null
      : make(
          "ul",
          { class: "legend" },
          [0, 1, 2, 3, 4].map((at) =>
            make(
              "li",
              {},
              make("i", { class: `level-${at + 1}` }),
              at === 0
                ? `< ${short(limits[0])}`
                : at === 4
                  ? `≥ ${short(limits[3])}`
                  : `${short(limits[at - 1])} – ${short(limits[at])}`,
            ),
          ),
          make("li", {}, make("i", { class: "level-0" }), t("not_coloured")),
          make("li", {}, make("i", { class: "missing" }), t("no_figure")),
        );
  return make(
    "div",
    { class: "map" },
    make("div", { class: "tiles", role: "group", "aria-label": t("map_of_union") }, Object.keys(TILES).map(tile)),
    make("div", { class: "sides" }, tile(CHINA), tile(union())),
    legend,
  );
}

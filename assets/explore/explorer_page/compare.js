// The view that compares: the charts and tables of what is chosen, with their sources.

const VIEWS = ["lines", "ranking", "map", "table"];

async function compareView() {
  const chosen = state.measures.map((id) => measureById.get(id));
  await Promise.all(chosen.map((entry) => load(entry, partnerOf(entry))));
  const [first, last] = yearsOf(chosen);
  state.from = Math.min(Math.max(state.from ?? first, first), last);
  state.to = Math.max(Math.min(state.to ?? last, last), state.from);
  return [
    make("h1", {}, t("compare_title")),
    make("p", { class: "lead" }, t("compare_lead")),
    examples(),
    make(
      "div",
      { class: "layout" },
      controls(),
      make(
        "div",
        { class: "results" },
        tabs(),
        chosen.length && state.places.length ? chosen.map(panel) : make("p", { class: "empty" }, t("choose_measure")),
      ),
    ),
  ];
}

function examples() {
  const links = {
    example_corridor: "#corridor/DEU",
    example_asylum: "#compare?m=asylum_applicants&p=CHN&j=all&v=ranking",
    example_born: "#compare?m=chinese_born&j=all&v=map",
    example_country: "#country/DEU",
    example_permits: "#compare?m=first_permits_work,first_permits_study&j=CHN,EU27_2020,DEU,FRA,ITA,POL",
  };
  return make(
    "ul",
    { class: "examples", "aria-label": t("examples") },
    Object.entries(links).map(([key, href]) => make("li", {}, make("a", { href }, t(key)))),
  );
}

function tabs() {
  return make(
    "div",
    { class: "tabs", role: "group", "aria-label": t("show_as") },
    VIEWS.map((view) =>
      make(
        "button",
        {
          type: "button",
          "aria-pressed": String(state.view === view),
          onclick: () => go({ view }),
          "data-keep": `v-${view}`,
        },
        t(`view_${view}`),
      ),
    ),
  );
}

/** The chosen figures of a measure: a list of points for each jurisdiction. */
function chosenSets(entry, places = state.places) {
  return places.map((place) =>
    series(entry, partnerOf(entry), place).filter((point) => point.year >= state.from && point.year <= state.to),
  );
}

/** A measure: its name and meaning, the chosen view of its figures, its sources, and how to take it away. */
function panel(entry) {
  const partner = partnerOf(entry);
  const sets = chosenSets(entry);
  const title =
    partner === ALL
      ? measureName(entry)
      : t("with_partner", { measure: measureName(entry), partner: placeName(partner) });
  const other =
    state.partner !== partner && state.partner !== undefined && state.partner !== ALL
      ? make("p", { class: "note" }, t("no_such_partner", { partner: placeName(state.partner) }))
      : null;
  return make(
    "section",
    { class: "panel", "aria-label": title },
    make("div", { class: "head" }, make("h2", {}, title), state.measures.length > 1 ? removal(entry) : null),
    meaning(entry),
    entry.single ? make("p", { class: "note" }, t("single")) : null,
    other,
    entry.partners.length > 1 && partner !== ALL && entry.compared
      ? make("p", { class: "note" }, t("partner_note"))
      : null,
    views[state.view](entry, sets, title),
    notes(sets),
    takeAway(entry, sets),
  );
}

/** A button that takes a measure out of the view. */
const removal = (entry) =>
  make(
    "button",
    {
      type: "button",
      class: "remove",
      "aria-label": `${t("remove")}${t("colon")}${measureName(entry)}`,
      onclick: () => go({ measures: state.measures.filter((id) => id !== entry.id) }),
    },
    `× ${t("remove")}`,
  );

/** What a measure is and what it must not be used for; in English where there is no text in Chinese. */
function meaning(entry) {
  const [what, never] =
    state.language === "zh" && entry.chinese ? entry.chinese : [english(entry.description), english(entry.not_for)];
  return make(
    "p",
    { class: "unit" },
    shownUnit(entry),
    what ? [" · ", what] : null,
    never ? [" ", make("b", {}, t("not_for")), " ", never] : null,
  );
}

const views = {
  lines: (entry, sets, title) =>
    state.from === state.to
      ? [make("p", { class: "note" }, t("one_year", { year: state.from })), ranking(sets.flat(), entry, state.places)]
      : [
          legend(sets),
          lineCharts(
            sets.filter((points) => points.length),
            t("chart_of", { measure: title, from: state.from, to: state.to }),
          ),
        ],
  ranking: (entry, sets) => yearly(sets, (points) => ranking(points, entry, state.places)),
  map: (entry) => yearly(chosenSets(entry, start.places), tileMap),
  table: (entry, sets, title) => table(sets, title),
};

/** A line chart, and a separate one with its own scale for the figures that must not be compared with them. */
function lineCharts(sets, title) {
  const different = (point) => fact(point, "grade") === "D";
  const common = sets
    .map((points) => points.filter((point) => !different(point)))
    .filter((points) => points.some((point) => amount(point) !== null));
  const others = sets.map((points) => points.filter(different)).filter((points) => points.length);
  if (!others.length || !common.length) return lineChart(sets, title, state.log, chartWidth());
  return [
    lineChart(common, title, state.log, chartWidth()),
    make("h3", {}, t("not_comparable_chart")),
    lineChart(others, title, state.log, chartWidth()),
  ];
}

function legend(sets) {
  const looks = strokes(state.places);
  const absent = state.places.filter((place, at) => !sets[at].some((point) => amount(point) !== null));
  return [
    make(
      "ul",
      { class: "legend" },
      sets
        .filter((points) => points.some((point) => amount(point) !== null))
        .map((points) => {
          const look = looks.get(points[0].place);
          return make(
            "li",
            {},
            drawn(
              "svg",
              { width: 26, height: 10, "aria-hidden": "true", style: `color:${look.colour}` },
              drawn("path", { d: "M1 5H25", class: "line", "stroke-dasharray": look.dash || null }),
            ),
            ` ${placeName(points[0].place)}`,
          );
        }),
    ),
    absent.length
      ? make(
          "p",
          { class: "small" },
          t("without_figures"),
          absent.map((place, at) => [
            at ? t("comma") : "",
            placeName(place),
            " (",
            reasonOf(sets[state.places.indexOf(place)]),
            ")",
          ]),
        )
      : null,
  ];
}

const reasonOf = (points) => {
  const point = points.at(-1);
  return point ? figure(point) : t("no_figure");
};

/** A view of one year, with a choice of the year. A jurisdiction without a row in the year has no figure. */
function yearly(sets, draw) {
  const all = sets.flat();
  const year =
    state.year && state.year >= state.from && state.year <= state.to ? state.year : bestYear(all, state.from, state.to);
  const years = [...new Set(all.filter((point) => point.value !== null).map((point) => point.year))].sort(
    (a, b) => a - b,
  );
  const select = make(
    "select",
    { onchange: (event) => go({ year: Number(event.target.value) }), "data-keep": "year" },
    years.map((each) => make("option", { value: each, selected: each === year }, String(each))),
  );
  return [make("label", { class: "year" }, t("year"), " ", select), draw(all.filter((point) => point.year === year))];
}

/** The figures by jurisdiction and year, the newest year first. */
function table(sets, title) {
  const years = Array.from({ length: state.to - state.from + 1 }, (_, at) => state.to - at).filter((year) =>
    sets.some((points) => points.some((point) => point.year === year)),
  );
  const rows = sets.map((points, at) => {
    const byYear = new Map(points.map((point) => [point.year, point]));
    return row(placeName(state.places[at]), ...years.map((year) => figure(byYear.get(year))));
  });
  return sheet(`${t("view_table")}${t("colon")}${title}`, [t("jurisdiction"), ...years.map(String)], rows);
}

/** Breaks, grades and sources of the shown figures. */
function notes(sets) {
  const known = sets.flat().filter((point) => point.value !== null);
  const broken = known.filter((point) => point.breaks);
  const grades = [
    ...new Set(known.filter((point) => grade(point)).map((point) => `${fact(point, "grade")} ${gradeText(point)}`)),
  ].sort();
  const datasets = [...new Set(known.map((point) => fact(point, "dataset")).filter(Boolean))].sort();
  const rules = [...new Set(known.map((point) => fact(point, "definition")).filter(Boolean))].map((code) =>
    word("definition", code),
  );
  return make(
    "div",
    { class: "notes small" },
    broken.length
      ? make(
          "p",
          {},
          make("b", {}, t("breaks")),
          " ",
          broken.slice(0, 12).map((point, at) => [at ? t("comma") : "", `${placeName(point.place)} ${point.year}`]),
          broken.length > 12 ? " …" : "",
        )
      : null,
    grades.length
      ? make(
          "p",
          {},
          make("b", {}, t("grades")),
          " ",
          grades.map((text, at) => [at ? "; " : "", make("span", { class: `g g-${text[0]}` }, text[0]), text.slice(1)]),
        )
      : null,
    rules.length
      ? make("p", {}, make("b", {}, t("counted")), " ", rules.slice(0, 6).join("; "), rules.length > 6 ? " …" : "")
      : null,
    datasets.length
      ? make(
          "p",
          {},
          make("b", {}, t("sources_are")),
          " ",
          datasets.map((id, at) => [at ? "; " : "", sourceLink(id)]),
        )
      : null,
  );
}

const sourceLink = (id) =>
  start.datasets[id]
    ? make(
        "a",
        { href: start.datasets[id][3], rel: "noreferrer", title: datasetTitle(id) },
        `${word("publisher", start.datasets[id][1])} (${id})`,
      )
    : id;

// The view that compares: what is chosen, the charts of it, its table, its CSV, and the query with the same rows.

const VIEWS = ["lines", "ranking", "map", "table"];
const MOST_MEASURES = 4;

/** The form with everything that can be chosen. */
function controls() {
  const chosen = state.measures.map((id) => measureById.get(id));
  return make("form", { class: "controls", "aria-label": t("choose"), onsubmit: (event) => event.preventDefault() },
    measurePicker(), partnerPicker(chosen), placePicker(), yearPicker(chosen));
}

function measurePicker() {
  const filter = make("input", { type: "search", id: "find", placeholder: t("find_measure"), "aria-label": t("find_measure"), value: state.find ?? "" });
  const themes = Map.groupBy ? Map.groupBy(start.measures, (entry) => entry.theme) : grouped(start.measures, "theme");
  const list = make("div", { class: "options", tabindex: "-1" }, [...themes].map(([theme, entries]) =>
    make("fieldset", {}, make("legend", {}, word("theme", theme)), entries.filter((entry) => entry.compared).map(measureOption),
      entries.every((entry) => entry.compared) ? null : make("p", { class: "small" }, t("further")), entries.filter((entry) => !entry.compared).map(measureOption))));
  const narrow = () => {
    state.find = filter.value;
    const wanted = filter.value.trim().toLowerCase();
    for (const set of list.children) {
      for (const label of set.querySelectorAll("label")) label.hidden = !label.dataset.find.includes(wanted);
      for (const note of set.querySelectorAll("p")) note.hidden = wanted !== "";
      set.hidden = !set.querySelector("label:not([hidden])");
    }
  };
  filter.addEventListener("input", narrow);
  narrow();
  return make("details", { class: "pick", open: wide() }, make("summary", {}, t("measures"), make("small", {}, state.measures.map((id) => measureName(measureById.get(id))).join(t("comma")))), filter, list);
}

function grouped(items, key) {
  const found = new Map();
  for (const item of items) found.set(item[key], [...(found.get(item[key]) ?? []), item]);
  return found;
}

function measureOption(entry) {
  const change = (event) => {
    const rest = state.measures.filter((id) => id !== entry.id);
    go({ measures: event.target.checked ? [...rest, entry.id].slice(-MOST_MEASURES) : rest });
  };
  return make("label", { "data-find": [...entry.name, entry.id, word("theme", entry.theme)].join(" ").toLowerCase() },
    make("input", { type: "checkbox", checked: state.measures.includes(entry.id), onchange: change, "data-keep": `m-${entry.id}` }), ` ${measureName(entry)}`);
}

function partnerPicker(chosen) {
  const codes = new Set(chosen.flatMap((entry) => entry.partners));
  if (codes.size < 2) return null;
  const others = [...codes].filter((code) => code !== ALL && code !== CHINA && code !== "_R").sort((a, b) => placeName(a).localeCompare(placeName(b), state.language));
  const options = [ALL, CHINA, ...others, "_R"].filter((code) => codes.has(code));
  return make("label", { class: "pick" }, make("span", {}, t("partner")),
    make("select", { onchange: (event) => go({ partner: event.target.value }), "data-keep": "partner" },
      options.map((code) => make("option", { value: code, selected: code === state.partner }, placeName(code)))));
}

function placePicker() {
  const toggle = (place) => (event) => go({ places: start.places.filter((each) => (each === place ? event.target.checked : state.places.includes(each))) });
  const sets = { set_two: start.places.slice(0, 2), set_large: [...start.places.slice(0, 2), "DEU", "ESP", "FRA", "ITA", "NLD", "POL"], set_all: start.places, set_states: states() };
  return make("details", { class: "pick", open: wide() }, make("summary", {}, t("jurisdictions"), make("small", {}, t("chosen", { number: state.places.length }))),
    make("p", { class: "sets" }, Object.entries(sets).map(([key, places]) => make("button", { type: "button", onclick: () => go({ places }), "data-keep": key }, t(key)))),
    make("fieldset", { class: "options places" }, make("legend", { class: "visually-hidden" }, t("jurisdictions")),
      sortedPlaces().map((place) => make("label", {}, make("input", { type: "checkbox", checked: state.places.includes(place), onchange: toggle(place), "data-keep": `p-${place}` }), ` ${placeName(place)}`))));
}

const sortedPlaces = () => [...start.places.slice(0, 2), ...states().sort((a, b) => placeName(a).localeCompare(placeName(b), state.language))];

function yearPicker(chosen) {
  const [first, last] = yearsOf(chosen);
  const years = Array.from({ length: last - first + 1 }, (_, at) => first + at);
  const select = (key, value) => make("label", {}, make("span", {}, t(key)), make("select", { onchange: (event) => go({ [key]: Number(event.target.value) }), "data-keep": key },
    years.map((year) => make("option", { value: year, selected: year === value }, String(year)))));
  const rates = chosen.some((entry) => entry.rate);
  const box = (key, name) => make("label", { class: "check" }, make("input", { type: "checkbox", checked: state[key], onchange: (event) => go({ [key]: event.target.checked }), "data-keep": key }), ` ${t(name)}`);
  return make("div", { class: "pick years" }, select("from", state.from), select("to", state.to), rates ? box("rate", "per_1000") : null, state.view === "lines" ? box("log", "logarithmic") : null);
}

/** The first and the last year with a figure of the measures. */
function yearsOf(chosen) {
  const years = chosen.flatMap((entry) => start.places.flatMap((place) => series(entry, partnerOf(entry), place).filter((point) => point.value !== null).map((point) => point.year)));
  return years.length ? [Math.min(...years), Math.max(...years)] : [comparison.first, comparison.first];
}

/** The chosen partner, or all partners where a measure does not have it. */
const partnerOf = (entry) => (entry.partners.includes(state.partner) ? state.partner : entry.partners.includes(ALL) ? ALL : entry.partners[0]);

async function compareView() {
  const chosen = state.measures.map((id) => measureById.get(id));
  await Promise.all(chosen.map((entry) => load(entry, partnerOf(entry))));
  const [first, last] = yearsOf(chosen);
  state.from = Math.min(Math.max(state.from ?? first, first), last);
  state.to = Math.max(Math.min(state.to ?? last, last), state.from);
  return [
    make("h1", {}, t("compare_title")), make("p", { class: "lead" }, t("compare_lead")), examples(),
    make("div", { class: "layout" }, controls(), make("div", { class: "results" }, tabs(), chosen.length && state.places.length ? chosen.map(panel) : make("p", { class: "empty" }, t("choose_measure")))),
  ];
}

function examples() {
  const links = { example_corridor: "#corridor/DEU", example_asylum: "#compare?m=asylum_applicants&p=CHN&j=all&v=ranking", example_born: "#compare?m=chinese_born&j=all&v=map", example_country: "#country/DEU", example_permits: "#compare?m=first_permits_work,first_permits_study&j=CHN,EU27_2020,DEU,FRA,ITA,POL" };
  return make("ul", { class: "examples", "aria-label": t("examples") }, Object.entries(links).map(([key, href]) => make("li", {}, make("a", { href }, t(key)))));
}

function tabs() {
  return make("div", { class: "tabs", role: "group", "aria-label": t("show_as") }, VIEWS.map((view) =>
    make("button", { type: "button", "aria-pressed": String(state.view === view), onclick: () => go({ view }), "data-keep": `v-${view}` }, t(`view_${view}`))));
}

/** The chosen figures of a measure: a list of points for each jurisdiction. */
function chosenSets(entry, places = state.places) {
  return places.map((place) => series(entry, partnerOf(entry), place).filter((point) => point.year >= state.from && point.year <= state.to));
}

/** A measure: its name and meaning, the chosen view of its figures, its sources, and how to take it away. */
function panel(entry) {
  const partner = partnerOf(entry);
  const sets = chosenSets(entry);
  const title = partner === ALL ? measureName(entry) : t("with_partner", { measure: measureName(entry), partner: placeName(partner) });
  const other = state.partner !== partner && state.partner !== undefined && state.partner !== ALL ? make("p", { class: "note" }, t("no_such_partner", { partner: placeName(state.partner) })) : null;
  return make("section", { class: "panel", "aria-label": title }, make("h2", {}, title),
    meaning(entry),
    entry.alone ? make("p", { class: "note" }, t("alone")) : null,
    other, entry.partners.length > 1 && partner !== ALL && entry.compared ? make("p", { class: "note" }, t("partner_note")) : null,
    views[state.view](entry, sets, title), notes(sets), takeAway(entry, sets));
}

/** What a measure is and what it must not be used for; in English where there is no text in Chinese. */
function meaning(entry) {
  const [what, never] = state.language === "zh" && entry.chinese ? entry.chinese : [english(entry.description), english(entry.not_for)];
  return make("p", { class: "unit" }, shownUnit(entry), what ? [" · ", what] : null, never ? [" ", make("b", {}, t("not_for")), " ", never] : null);
}

const views = {
  lines: (entry, sets, title) => (state.from === state.to
    ? [make("p", { class: "note" }, t("one_year", { year: state.from })), ranking(sets.flat(), entry, state.places)]
    : [legend(sets), lineCharts(sets.filter((points) => points.length), t("chart_of", { measure: title, from: state.from, to: state.to }))]),
  ranking: (entry, sets) => yearly(sets, (points) => ranking(points, entry, state.places)),
  map: (entry) => yearly(chosenSets(entry, start.places), tileMap),
  table: (entry, sets, title) => table(sets, title),
};

/** A line chart, and a separate one with its own scale for the figures that must not be compared with them. */
function lineCharts(sets, title) {
  const apart = (point) => fact(point, "grade") === "D";
  const common = sets.map((points) => points.filter((point) => !apart(point))).filter((points) => points.some((point) => amount(point) !== null));
  const others = sets.map((points) => points.filter(apart)).filter((points) => points.length);
  if (!others.length || !common.length) return lineChart(sets, title, state.log, chartWidth());
  return [lineChart(common, title, state.log, chartWidth()), make("h3", {}, t("not_comparable_chart")), lineChart(others, title, state.log, chartWidth())];
}

function legend(sets) {
  const looks = strokes(state.places);
  const absent = state.places.filter((place, at) => !sets[at].some((point) => amount(point) !== null));
  return [
    make("ul", { class: "legend" }, sets.filter((points) => points.some((point) => amount(point) !== null)).map((points) => {
      const look = looks.get(points[0].place);
      return make("li", {}, drawn("svg", { width: 26, height: 10, "aria-hidden": "true", style: `color:${look.colour}` }, drawn("path", { d: "M1 5H25", class: "line", "stroke-dasharray": look.dash || null })), ` ${placeName(points[0].place)}`);
    })),
    absent.length ? make("p", { class: "small" }, t("without_figures"), absent.map((place, at) => [at ? t("comma") : "", placeName(place), " (", reasonOf(sets[state.places.indexOf(place)]), ")"])) : null,
  ];
}

const reasonOf = (points) => { const point = points.at(-1); return point ? figure(point) : t("no_figure"); };

/** A view of one year, with a choice of the year. A jurisdiction without a row in the year has no figure. */
function yearly(sets, draw) {
  const all = sets.flat();
  const year = state.year && state.year >= state.from && state.year <= state.to ? state.year : bestYear(all, state.from, state.to);
  const years = [...new Set(all.filter((point) => point.value !== null).map((point) => point.year))].sort((a, b) => a - b);
  const select = make("select", { onchange: (event) => go({ year: Number(event.target.value) }), "data-keep": "year" }, years.map((each) => make("option", { value: each, selected: each === year }, String(each))));
  return [make("label", { class: "year" }, t("year"), " ", select), draw(all.filter((point) => point.year === year))];
}

function table(sets, title) {
  const years = Array.from({ length: state.to - state.from + 1 }, (_, at) => state.from + at).filter((year) => sets.some((points) => points.some((point) => point.year === year)));
  const rows = sets.map((points, at) => {
    const byYear = new Map(points.map((point) => [point.year, point]));
    return make("tr", {}, make("th", { scope: "row" }, placeName(state.places[at])), years.map((year) => make("td", {}, figure(byYear.get(year)))));
  });
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${t("view_table")}${t("colon")}${title}` },
    make("table", {}, make("caption", { class: "visually-hidden" }, title), make("thead", {}, make("tr", {}, make("th", { scope: "col" }, t("jurisdiction")), years.map((year) => make("th", { scope: "col" }, String(year))))), make("tbody", {}, rows)));
}

/** Breaks, grades and sources of the shown figures. */
function notes(sets) {
  const known = sets.flat().filter((point) => point.value !== null);
  const broken = known.filter((point) => point.breaks);
  const grades = [...new Set(known.filter((point) => grade(point)).map((point) => `${fact(point, "grade")} ${gradeText(point)}`))].sort();
  const datasets = [...new Set(known.map((point) => fact(point, "dataset")).filter(Boolean))].sort();
  const rules = [...new Set(known.map((point) => fact(point, "definition")).filter(Boolean))].map((code) => word("definition", code));
  return make("div", { class: "notes small" },
    broken.length ? make("p", {}, make("b", {}, t("breaks")), " ", broken.slice(0, 12).map((point, at) => [at ? t("comma") : "", `${placeName(point.place)} ${point.year}`]), broken.length > 12 ? " …" : "") : null,
    grades.length ? make("p", {}, make("b", {}, t("grades")), " ", grades.map((text, at) => [at ? "; " : "", make("span", { class: `g g-${text[0]}` }, text[0]), text.slice(1)])) : null,
    rules.length ? make("p", {}, make("b", {}, t("counted")), " ", rules.slice(0, 6).join("; "), rules.length > 6 ? " …" : "") : null,
    datasets.length ? make("p", {}, make("b", {}, t("sources_are")), " ", datasets.map((id, at) => [at ? "; " : "", sourceLink(id)])) : null);
}

const sourceLink = (id) => (start.datasets[id] ? make("a", { href: start.datasets[id][3], rel: "noreferrer", title: start.datasets[id][0] }, `${word("publisher", start.datasets[id][1])} (${id})`) : id);

function takeAway(entry, sets) {
  const copy = (event, text) => navigator.clipboard?.writeText(text).then(() => { event.target.textContent = t("copied"); });
  const code = (name, text) => [make("h3", {}, name), make("pre", { tabindex: "0" }, make("code", {}, text))];
  return make("div", { class: "take" },
    make("button", { type: "button", onclick: () => save(`corridor_${entry.id}.csv`, csv(entry, sets), "text/csv;charset=utf-8") }, t("download_csv")),
    make("button", { type: "button", onclick: (event) => copy(event, location.href) }, t("copy_link")),
    make("details", {}, make("summary", {}, t("query")), make("p", { class: "small" }, t("query_lead")), code("DuckDB", duckdb(entry)), code("pandas", pandas(entry))),
    make("details", {}, make("summary", {}, t("cite")), make("p", { lang: "en" }, citation([...new Set(sets.flat().map((point) => fact(point, "dataset")).filter(Boolean))].sort()))));
}

const CSV_FIELDS = ["measure", "measure_name", "jurisdiction", "jurisdiction_name", "partner", "year", "value", "unit", "per_1000", "grade", "grade_reasons", "flags", "missing_reason", "definition", "dataset", "publisher", "licence", "known_from", "release", "citation"];

/** The shown figures as CSV. Each row has its source and the citation. */
function csv(entry, sets) {
  const quoted = (value) => (/[",\n]/.test(String(value ?? "")) ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ""));
  const rows = sets.flat().map((point) => {
    const source = start.datasets[fact(point, "dataset")] ?? [];
    return [entry.id, measureName(entry), point.place, placeName(point.place), point.partner, point.year, point.value, entry.unit, point.rate, fact(point, "grade"), fact(point, "grade_reasons"), fact(point, "flags"), fact(point, "missing_reason"), fact(point, "definition"), fact(point, "dataset"), source[1], source[2], fact(point, "known"), start.release, citation(fact(point, "dataset") ? [fact(point, "dataset")] : [])];
  });
  return `\ufeff${[CSV_FIELDS, ...rows].map((row) => row.map(quoted).join(",")).join("\r\n")}\r\n`;
}

const listed = (codes) => codes.map((code) => `'${code}'`).join(", ");

/** The query in DuckDB that gives the shown figures. */
function duckdb(entry) {
  const partner = partnerOf(entry);
  const where = `jurisdiction IN (${listed(state.places)})\n  AND year BETWEEN ${state.from} AND ${state.to}`;
  if (fromComparison(entry, partner)) {
    return `SELECT jurisdiction, year, value, unit, grade, grade_reasons, flags, missing_reason, dataset\nFROM 'tables/comparison.parquet'\nWHERE measure = '${entry.id}'\n  AND ${where}\nQUALIFY row_number() OVER (\n  PARTITION BY jurisdiction, year ORDER BY value IS NULL, aggregation = 'published') = 1\nORDER BY jurisdiction, year;`;
  }
  if (partner === ALL) {
    return `SELECT jurisdiction, year, max(coalesce(all_partners, value)) AS value\nFROM 'tables/headline.parquet'\nWHERE indicator = '${entry.indicator}'\n  AND (all_partners IS NOT NULL OR partner IN ('_T', '_Z'))\n  AND ${where}\nGROUP BY jurisdiction, year\nORDER BY jurisdiction, year;`;
  }
  return `SELECT jurisdiction, partner, year, value, unit, flags, missing_reason, dataset\nFROM 'tables/headline.parquet'\nWHERE indicator = '${entry.indicator}'\n  AND partner = '${partner}'\n  AND ${where}\nORDER BY jurisdiction, year;`;
}

/** The same query in pandas. */
function pandas(entry) {
  const partner = partnerOf(entry);
  const table = fromComparison(entry, partner) ? "comparison" : "headline";
  const head = `import pandas as pd\n\nrows = pd.read_parquet("tables/${table}.parquet")\nrows = rows[rows["jurisdiction"].isin([${listed(state.places)}]) & rows["year"].between(${state.from}, ${state.to})]\n`;
  if (table === "comparison") {
    return `${head}rows = rows[rows["measure"] == "${entry.id}"]\nrows = rows.assign(missing=rows["value"].isna(), published=rows["aggregation"] == "published")\nrows = rows.sort_values(["jurisdiction", "year", "missing", "published"])\nrows = rows.drop_duplicates(["jurisdiction", "year"])`;
  }
  if (partner === ALL) {
    return `${head}rows = rows[(rows["indicator"] == "${entry.indicator}") & (rows["all_partners"].notna() | rows["partner"].isin(["_T", "_Z"]))]\nrows = rows.assign(value=rows["all_partners"].fillna(rows["value"]))\nrows = rows.groupby(["jurisdiction", "year"], as_index=False)["value"].max()`;
  }
  return `${head}rows = rows[(rows["indicator"] == "${entry.indicator}") & (rows["partner"] == "${partner}")]\nrows = rows.sort_values(["jurisdiction", "year"])`;
}

// Elements of the page: words in the chosen language, numbers, figures, and the dialog with all facts of a figure.

const state = {};
const side = () => (state.language === "zh" ? 1 : 0);

/** A sentence of the page, with values in place of names in braces. */
function t(key, values = {}) {
  const text = start.texts[state.language][key];
  if (text === undefined) throw new Error(`no text ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** The name of a code in a code list; the code if it has no name. */
const word = (list, code) => (code ? (start.words[list]?.[code]?.[side()] ?? code) : "");
const words = (list, codes) =>
  (codes ?? "")
    .split(";")
    .filter(Boolean)
    .map((code) => word(list, code))
    .join(t("comma"));
const placeName = (code) =>
  code === ALL ? t("all_partners") : code === "_R" ? t("rest") : (start.names[code]?.[side()] ?? code);
const measureName = (entry) => entry.name[side()];

/** An element with attributes and children. Children are elements or text; a listener has a name such as `onclick`. */
function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  fill(made, attributes, children);
  return made;
}

function drawn(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  fill(made, attributes, children);
  return made;
}

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== ""));
}

/** A reason in the chosen language. */
const reasonText = (text) => start.reasons[text]?.[side()] ?? english(text);
const datasetTitle = (id) => start.datasets[id]?.[0][side()];

const english = (text) => (text ? make("span", { lang: "en" }, text) : null);

/** A value as text: shares with one decimal, counts without decimals, small values with two digits. */
function number(value, unit = "") {
  const size = Math.abs(value);
  const digits = unit.startsWith("percent")
    ? { minimumFractionDigits: 1, maximumFractionDigits: 1 }
    : Number.isInteger(value) || size >= 1000
      ? { maximumFractionDigits: 0 }
      : size >= 1
        ? { maximumFractionDigits: 2 }
        : { maximumSignificantDigits: 2 };
  return new Intl.NumberFormat("en", digits).format(value).replace("-", "−");
}

/** A value as short text for axes and tiles. */
function short(value) {
  const language = state.language === "zh" ? "zh-Hans" : "en";
  return new Intl.NumberFormat(language, { notation: "compact", maximumSignificantDigits: 3 })
    .format(value)
    .replace("-", "−");
}

const amount = (point) => (state.rate && point.entry.rate ? point.rate : point.value);
const shownUnit = (entry) => (state.rate && entry.rate ? word("unit", "per_1000") : word("unit", entry.unit));
const amountText = (point) => number(amount(point), state.rate && point.entry.rate ? "" : point.entry.unit);

/** A figure that opens its facts, or the reason why it is missing. */
function figure(point, { year = false } = {}) {
  if (!point) return make("span", { class: "none" }, "–");
  const missing = point.value === null || amount(point) === null;
  const text = missing ? word("missing_reason", fact(point, "missing_reason")) || t("no_figure") : amountText(point);
  const title = `${placeName(point.place)}, ${measureName(point.entry)}, ${point.year}`;
  return make(
    "button",
    { type: "button", class: missing ? "fig none" : "fig", title, onclick: () => showFacts(point) },
    text,
    missing ? null : grade(point),
    missing ? null : marks(point),
    year && !missing ? make("small", {}, ` ${point.year}`) : null,
  );
}

// A grade compares. Where only one jurisdiction has figures there is none to show.
const grade = (point) =>
  fact(point, "grade") && !point.entry.single
    ? make("span", { class: `g g-${fact(point, "grade")}`, title: gradeText(point) }, fact(point, "grade"))
    : null;
const gradeText = (point) =>
  `${word("grade", fact(point, "grade"))}${fact(point, "grade_reasons") ? t("colon") + words("attribute", fact(point, "grade_reasons")) : ""}`;
const marks = (point) => {
  const flags = flagsOf(point);
  return flags.length
    ? make("sup", { class: "flag", title: flags.map((flag) => word("flag", flag)).join(t("comma")) }, "†")
    : null;
};

/** How a person cites a figure. */
function citation(datasets) {
  const sources = datasets.map((id) => start.datasets[id]?.[4] || id).filter(Boolean);
  return `${start.creator} (${start.created.slice(0, 4)}). ${start.title}. Release ${start.release}. ${sources.join("; ")}`.trim();
}

/** Shows all facts of a figure in a dialog. */
function showFacts(point) {
  const source = start.datasets[fact(point, "dataset")];
  const bounds =
    point.low !== null || point.high !== null
      ? `${number(point.low ?? point.value)} – ${number(point.high ?? point.value)}`
      : "";
  const rows = [
    [
      "value",
      point.value === null
        ? word("missing_reason", fact(point, "missing_reason")) || t("no_figure")
        : `${number(point.value, point.entry.unit)} ${word("unit", point.entry.unit)}`,
    ],
    ["because", point.value === null ? reasonText(fact(point, "because")) : ""],
    [
      "missing_members",
      (fact(point, "missing_members") ?? "").split(";").filter(Boolean).map(placeName).join(t("comma")),
    ],
    ["bounds", bounds],
    ["rate", point.rate === null ? "" : number(point.rate)],
    ["rank", point.rank ? t("rank_of", { rank: point.rank, ranked: point.ranked }) : ""],
    ["grade", point.entry.single ? t("single") : fact(point, "grade") ? [grade(point), " ", gradeText(point)] : ""],
    ["counted_as", word("definition", fact(point, "definition"))],
    [
      "flags",
      flagsOf(point)
        .map((flag) => word("flag", flag))
        .join(t("comma")),
    ],
    [
      "made",
      word("made", fact(point, "made")) === fact(point, "made")
        ? word("aggregation", fact(point, "made"))
        : word("made", fact(point, "made")),
    ],
    [
      "source",
      source
        ? [
            make(
              "a",
              { href: source[3], rel: "noreferrer" },
              `${word("publisher", source[1])}${t("colon")}${fact(point, "dataset")}`,
            ),
            make("br"),
            datasetTitle(fact(point, "dataset")),
          ]
        : words("", fact(point, "dataset")),
    ],
    ["other_sources", otherSources(point)],
    ["why_this_source", point.value !== null ? reasonText(fact(point, "because")) : ""],
    ["edition", source ? english(source[5]) : ""],
    ["licence", source ? source[2] : ""],
    ["date_known", fact(point, "known")],
    ["cite", fact(point, "dataset") ? english(citation([fact(point, "dataset")])) : ""],
    ["trace", make("code", {}, command(point))],
  ].filter(([, text]) => text && text.length !== 0);
  const dialog = document.getElementById("facts");
  dialog.replaceChildren(
    make("button", { type: "button", class: "close", "aria-label": t("close"), onclick: () => dialog.close() }, "×"),
    make("h2", { id: "facts-title" }, measureName(point.entry)),
    make(
      "p",
      { class: "lead" },
      [
        placeName(point.place),
        point.partner === ALL ? "" : `${t("partner")}${t("colon")}${placeName(point.partner)}`,
        String(point.year),
      ]
        .filter(Boolean)
        .join(" · "),
    ),
    make(
      "dl",
      {},
      rows.map(([key, text]) => [make("dt", {}, t(key)), make("dd", {}, text)]),
    ),
  );
  dialog.showModal();
}

/** The figures of other sources for the same measure, jurisdiction and year. */
function otherSources(point) {
  const rows = fromComparison(point.entry, point.partner) ? (alternatives[point.entry.id]?.[point.place] ?? []) : [];
  return rows
    .filter(([year]) => year === point.year)
    .map(([, value, letter, reasons, dataset, definition]) =>
      make(
        "div",
        {},
        `${number(value, point.entry.unit)} `,
        letter ? make("span", { class: `g g-${letter}` }, letter) : "",
        ` ${[dataset, word("definition", definition), words("attribute", reasons)].filter(Boolean).join(" · ")}`,
      ),
    );
}

/** The command that traces a figure to the bytes of the publisher, or to the figures from which it is computed. */
function command(point) {
  const { entry, place, year } = point;
  const table = fact(point, "source_table");
  if (fromComparison(entry, point.partner)) {
    const explain = (measure, where) => `corridor explain comparison measure=${measure} ${where} year=${year}`;
    if (entry.formula) return entry.formula.map((id) => explain(id, `jurisdiction=${place}`)).join("\n");
    if (fact(point, "made") === "computed") return `${explain(entry.id, "scope=member")} --limit 28`;
    if (LAW.has(table)) return `corridor explain ${table} jurisdiction=${place} --limit 50`;
    return explain(entry.id, `jurisdiction=${place}`);
  }
  const partner = point.partner === ALL ? "" : ` partner=${point.partner}`;
  return `corridor explain headline indicator=${point.entry.indicator} jurisdiction=${point.place}${partner} year=${point.year}`;
}

// Tables of law from which figures of the comparison are counted.
const LAW = new Set(["legal_binding", "visa_rule", "policy_coding"]);

/** Saves a text as a file. */
function save(name, text, type) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

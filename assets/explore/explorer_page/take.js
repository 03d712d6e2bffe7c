// How to take the shown figures away: CSV, address, the query with the same rows, and the citation.

function takeAway(entry, sets) {
  const copy = (event, text) =>
    navigator.clipboard?.writeText(text).then(() => {
      event.target.textContent = t("copied");
    });
  const code = (name, text) => [make("h3", {}, name), make("pre", { tabindex: "0" }, make("code", {}, text))];
  return make(
    "div",
    { class: "take" },
    make(
      "button",
      { type: "button", onclick: () => save(`corridor_${entry.id}.csv`, csv(entry, sets), "text/csv;charset=utf-8") },
      t("download_csv"),
    ),
    make("button", { type: "button", onclick: (event) => copy(event, location.href) }, t("copy_link")),
    make(
      "details",
      {},
      make("summary", {}, t("query")),
      make("p", { class: "small" }, t("query_lead")),
      code("DuckDB", duckdb(entry)),
      code("pandas", pandas(entry)),
    ),
    make(
      "details",
      {},
      make("summary", {}, t("cite")),
      make(
        "p",
        { lang: "en" },
        citation(
          [
            ...new Set(
              sets
                .flat()
                .map((point) => fact(point, "dataset"))
                .filter(Boolean),
            ),
          ].sort(),
        ),
      ),
    ),
  );
}

const CSV_FIELDS = [
  "measure",
  "measure_name",
  "jurisdiction",
  "jurisdiction_name",
  "partner",
  "year",
  "value",
  "value_min",
  "value_max",
  "unit",
  "per_1000",
  "grade",
  "grade_reasons",
  "flags",
  "missing_reason",
  "because",
  "definition",
  "dataset",
  "publisher",
  "licence",
  "known_from",
  "release",
  "citation",
];

/** A field of a CSV file. A text that a spreadsheet would compute as a formula begins with an apostrophe. */
function quoted(value) {
  const text = typeof value === "string" ? value.replace(/^[=+\-@\t\r]./, "'$&") : String(value ?? "");
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The shown figures as CSV. Each row has its source and the citation. */
function csv(entry, sets) {
  const rows = sets.flat().map((point) => {
    const source = start.datasets[fact(point, "dataset")] ?? [];
    return [
      entry.id,
      measureName(entry),
      point.place,
      placeName(point.place),
      point.partner,
      point.year,
      point.value,
      point.low,
      point.high,
      entry.unit,
      point.rate,
      fact(point, "grade"),
      fact(point, "grade_reasons"),
      fact(point, "flags"),
      fact(point, "missing_reason"),
      point.value === null ? (start.reasons[fact(point, "because")]?.[side()] ?? fact(point, "because")) : "",
      fact(point, "definition"),
      fact(point, "dataset"),
      source[1],
      source[2],
      fact(point, "known"),
      start.release,
      citation(fact(point, "dataset") ? [fact(point, "dataset")] : []),
    ];
  });
  return `\ufeff${[CSV_FIELDS, ...rows].map((row) => row.map(quoted).join(",")).join("\r\n")}\r\n`;
}

const listed = (codes) => codes.map((code) => `'${code}'`).join(", ");

/** The query in DuckDB that gives the shown figures. */
function duckdb(entry) {
  const partner = partnerOf(entry);
  const where = `jurisdiction IN (${listed(state.places)})\n  AND year BETWEEN ${state.from} AND ${state.to}`;
  if (fromComparison(entry, partner)) {
    return `SELECT jurisdiction, year, value, unit, grade, grade_reasons, flags, missing_reason, dataset\nFROM 'tables/comparison.parquet'\nWHERE measure = '${entry.id}'\n  AND scope <> 'alternative'\n  AND ${where}\nORDER BY jurisdiction, year;`;
  }
  if (partner === ALL) {
    return `SELECT jurisdiction, year, coalesce(all_partners, value) AS value\nFROM 'tables/headline.parquet'\nWHERE indicator = '${entry.indicator}'\n  AND partner IN ('_R', '_T')\n  AND ${where}\nORDER BY jurisdiction, year;`;
  }
  return `SELECT jurisdiction, partner, year, value, unit, flags, missing_reason, dataset\nFROM 'tables/headline.parquet'\nWHERE indicator = '${entry.indicator}'\n  AND partner = '${partner}'\n  AND ${where}\nORDER BY jurisdiction, year;`;
}

/** The same query in pandas. */
function pandas(entry) {
  const partner = partnerOf(entry);
  const table = fromComparison(entry, partner) ? "comparison" : "headline";
  const head = `import pandas as pd\n\nrows = pd.read_parquet("tables/${table}.parquet")\nrows = rows[rows["jurisdiction"].isin([${listed(state.places)}]) & rows["year"].between(${state.from}, ${state.to})]\n`;
  if (table === "comparison") {
    return `${head}rows = rows[(rows["measure"] == "${entry.id}") & (rows["scope"] != "alternative")]\nrows = rows.sort_values(["jurisdiction", "year"])`;
  }
  if (partner === ALL) {
    return `${head}rows = rows[(rows["indicator"] == "${entry.indicator}") & rows["partner"].isin(["_R", "_T"])]\nrows = rows.assign(value=rows["all_partners"].fillna(rows["value"]))\nrows = rows.sort_values(["jurisdiction", "year"])`;
  }
  return `${head}rows = rows[(rows["indicator"] == "${entry.indicator}") & (rows["partner"] == "${partner}")]\nrows = rows.sort_values(["jurisdiction", "year"])`;
}

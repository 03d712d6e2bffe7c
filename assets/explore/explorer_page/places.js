// The pages of a country and of a corridor between China and one member state.

/** A table in a box that scrolls sideways. With the class `stack` it is a list of cards on a telephone. */
function sheet(label, heads, rows, kind = null) {
  const head = make(
    "thead",
    {},
    make(
      "tr",
      {},
      heads.map((name) => make("th", { scope: "col" }, name)),
    ),
  );
  return make(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    make("table", { class: kind }, head, make("tbody", {}, rows)),
  );
}

const row = (first, ...others) =>
  make(
    "tr",
    {},
    make("th", { scope: "row" }, first),
    others.map((each) => make("td", {}, each)),
  );
/** A cell that shows the name of its column on a telephone. */
const cell = (label, ...content) => make("td", { "data-label": label }, content);
const folded = (summary, content) => make("details", { class: "block" }, make("summary", {}, summary), content);

function placeTabs(kind, codes, current) {
  return make(
    "label",
    { class: "pick inline" },
    make("span", {}, t(`choose_${kind}`)),
    make(
      "select",
      {
        "data-keep": kind,
        onchange: (event) => {
          location.hash = `#${kind}/${event.target.value}`;
        },
      },
      codes.map((code) => make("option", { value: code, selected: code === current }, placeName(code))),
    ),
  );
}

/** Everything about a country: its newest figures next to those of China and the Union, its law, and what is missing. */
async function countryView(place) {
  const [law, totals] = await Promise.all([chunk("law"), chunk("totals")]);
  const rows = start.measures.filter((entry) => entry.compared || newest(total(totals, entry, place)));
  const themes = grouped(rows, "theme");
  const others = start.places.slice(0, 2).filter((other) => other !== place);
  return [
    placeTabs("country", sortedPlaces(), place),
    make("h1", {}, placeName(place)),
    make(
      "p",
      { class: "lead" },
      t("country_lead"),
      place !== CHINA && isState(place)
        ? [" ", make("a", { href: `#corridor/${place}` }, t("to_corridor", { place: placeName(place) }))]
        : null,
    ),
    [...themes].map(([theme, entries], at) => themeTable(theme, entries, place, others, totals, wide() || at === 0)),
    bindings(law, place),
    events(law, place),
    gapList(law, place),
  ];
}

/** The figures of a measure for all partners. Those outside the comparison are in a chunk of their own. */
function total(totals, entry, place) {
  if (entry.compared) return series(entry, ALL, place);
  const data = totals[entry.indicator];
  const found = data?.series.find(([whose]) => whose === place);
  return found ? withBreaks(unpacked(entry, found, data.facts)) : [];
}

function themeTable(theme, entries, place, others, totals, open) {
  const rows = entries.map((entry) => countryRow(entry, place, others, totals)).filter(Boolean);
  if (!rows.length) return null;
  const heads = [t("measure"), placeName(place), t("rank"), ...others.map(placeName), t("course")];
  return make(
    "details",
    { class: "theme", open },
    make("summary", {}, make("h2", {}, word("theme", theme))),
    sheet(word("theme", theme), heads, rows, "stack"),
  );
}

function countryRow(entry, place, others, totals) {
  const points = total(totals, entry, place);
  const point = newest(points) ?? points.at(-1);
  if (!point) return null;
  const rank = point.rank
    ? [
        t("rank_of", { rank: point.rank, ranked: point.ranked }),
        point.rate === null ? "" : make("small", {}, make("br"), t("rate_of", { rate: number(point.rate) })),
      ]
    : [];
  const link = `#compare?m=${entry.id}&j=${[...new Set([...start.places.slice(0, 2), place])].join(",")}`;
  return make(
    "tr",
    {},
    make(
      "th",
      { scope: "row" },
      make("a", { href: link }, measureName(entry)),
      make("br"),
      make("small", {}, word("unit", entry.unit)),
    ),
    cell(placeName(place), figure(point, { year: true })),
    cell(t("rank"), ...rank),
    others.map((other) => {
      const found = total(totals, entry, other);
      return cell(placeName(other), figure(newest(found) ?? found.at(-1), { year: true }));
    }),
    cell(t("course"), ...course(points, place)),
  );
}

/** The small line of a series, and its first year. */
function course(points, place) {
  const first = points.find((point) => point.value !== null);
  return [
    sparkline(points, place === CHINA ? "var(--china)" : "var(--union)"),
    first ? make("small", {}, ` ${t("since", { year: first.year })}`) : null,
  ];
}

const linked = (text, address) =>
  address ? make("a", { href: address, lang: "en", rel: "noreferrer" }, text) : english(text);
const instrumentName = (law, id) => law.instruments[id]?.[side()] ?? id;

function bindings(law, place) {
  const rows = law.bindings[place] ?? [];
  if (!rows.length) return null;
  const now = rows.filter(([, from, to]) => from && from <= start.created && (!to || to > start.created));
  const later = rows.filter(([, from]) => from && from > start.created);
  return make(
    "section",
    {},
    make("h2", {}, t("law")),
    make("p", { class: "lead" }, t("law_lead", { number: now.length, day: start.created })),
    lawTable(
      law,
      [...later, ...now].sort((a, b) => (b[1] > a[1] ? 1 : -1)),
    ),
  );
}

function lawTable(law, rows) {
  const heads = [t("instrument"), t("kind"), t("bound_from"), t("applies_from"), t("source")];
  const lines = rows.map(([id, from, , applies, source, address, confidence]) =>
    row(instrumentName(law, id), word("instrument_type", law.instruments[id]?.[2]), from, applies ?? "", [
      linked(source, address),
      doubt(confidence),
    ]),
  );
  return folded(t("instruments"), sheet(t("instruments"), heads, lines));
}

/** The confidence in a source, if it is not high. */
const doubt = (confidence) =>
  confidence === "high" ? null : make("small", {}, ` ${t("confidence")}${t("colon")}${word("confidence", confidence)}`);

/** What happened to instruments of a jurisdiction, the newest first. */
function events(law, place) {
  const rows = [...(law.events[place] ?? [])].reverse();
  if (!rows.length) return null;
  const heads = [t("day"), t("event"), t("instrument"), t("source")];
  const lines = rows.map(([day, event, id, source, address]) =>
    row(day, word("event", event), instrumentName(law, id), linked(source, address)),
  );
  return make(
    "section",
    {},
    make("h2", {}, t("events")),
    folded(t("events_of", { number: rows.length }), sheet(t("events"), heads, lines)),
  );
}

function gapList(law, place) {
  const rows = law.gaps[place] ?? [];
  if (!rows.length) return null;
  const heads = [t("measure"), t("reason"), t("years"), t("because")];
  const name = (id) => (measureById.has(id) ? measureName(measureById.get(id)) : id);
  const lines = rows.map(([id, reason, , first, last, because]) =>
    row(
      name(id),
      word("missing_reason", reason),
      first === last ? String(first) : `${first}–${last}`,
      reasonText(because),
    ),
  );
  return make(
    "section",
    {},
    make("h2", {}, t("gaps")),
    folded(t("gaps_of", { number: rows.length }), sheet(t("gaps"), heads, lines)),
  );
}

/** A corridor: people, students, permits, asylum, visas, rules and law between China and one member state. */
async function corridorView(place) {
  const [law, corridor] = await Promise.all([chunk("law"), chunk("corridor")]);
  const rows = corridorRows(corridor, place);
  const themes = grouped(withoutRepeats(rows), "theme");
  return [
    placeTabs(
      "corridor",
      sortedPlaces().filter((code) => code !== CHINA && isState(code)),
      place,
    ),
    make("h1", {}, t("corridor_title", { place: placeName(place) })),
    make(
      "p",
      { class: "lead" },
      t("corridor_lead"),
      " ",
      make("a", { href: `#country/${place}` }, t("to_country", { place: placeName(place) })),
    ),
    cards(rows, place),
    [...themes].map(([theme, own]) => corridorTable(theme, own)),
    pairs(law, place),
    visas(law, place),
    cooperation(law, place),
    sharedLaw(law, place),
  ];
}

/** The series of a corridor, as counted for the state and as counted for China, with the theme of each. */
function corridorRows(corridor, place) {
  const found = [];
  for (const entry of start.measures) {
    if (entry.about_china)
      found.push({ entry, theme: entry.theme, partner: CHINA, place, points: series(entry, ALL, place) });
    const data = entry.indicator && corridor[entry.indicator];
    for (const [whose, partner] of data
      ? [
          [place, CHINA],
          [CHINA, place],
        ]
      : []) {
      const own = data.series.find((each) => each[0] === whose && each[1] === partner);
      if (own)
        found.push({
          entry,
          theme: entry.theme,
          partner,
          place: whose,
          points: withBreaks(unpacked(entry, own, data.facts)),
        });
    }
  }
  return found.filter(({ points }) => points.length);
}

/** The rows without those whose newest figure a row before has, from the same dataset; measures about China are first. */
function withoutRepeats(rows) {
  const seen = new Set();
  const isNew = new Map();
  for (const row of [...rows].sort((a, b) => Number(b.entry.about_china ?? 0) - Number(a.entry.about_china ?? 0))) {
    const point = newest(row.points);
    const key = point && [row.place, row.partner, fact(point, "dataset"), point.year, point.value].join(" ");
    isNew.set(row, !point || !fact(point, "dataset") || !seen.has(key));
    seen.add(key);
  }
  return rows.filter((row) => isNew.get(row));
}

/** The newest figures that most readers look for, at the top of a corridor. */
function cards(rows, place) {
  const ofState = ["chinese_born", "chinese_citizens", "students_from_china", "valid_permits_chinese"];
  const asked = [
    ...[...ofState, "asylum_applicants_chinese"].map((id) => [id, place]),
    ...["international_migrants", "foreign_students"].map((id) => [id, CHINA]),
  ];
  const found = asked
    .map(([id, whose]) => rows.find((row) => row.entry.id === id && row.place === whose && newest(row.points)))
    .filter(Boolean);
  if (!found.length) return null;
  return make(
    "ul",
    { class: "cards" },
    found.map(({ entry, partner, place: whose, points }) =>
      make(
        "li",
        {},
        measureName(entry),
        make("small", {}, `${placeName(whose)} · ${t("partner")}${t("colon")}${placeName(partner)}`),
        figure(newest(points), { year: true }),
        course(points, whose),
      ),
    ),
  );
}

function corridorTable(theme, rows) {
  const known = rows.filter(({ points }) => newest(points));
  const missing = rows.filter(({ points }) => !newest(points));
  const heads = [t("measure"), t("jurisdiction"), t("partner"), t("figure"), t("course"), t("source")];
  const lines = known.map(({ entry, partner, place, points }) => {
    const point = newest(points);
    const others = place === CHINA ? [] : ["DEU", "FRA", "ITA"];
    const link = `#compare?m=${entry.id}&p=${point.partner}&j=${[...new Set([place, ...others])].join(",")}`;
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, make("a", { href: link }, measureName(entry))),
      cell(t("jurisdiction"), placeName(place)),
      cell(t("partner"), placeName(partner)),
      cell(t("figure"), figure(point, { year: true })),
      cell(t("course"), ...course(points, place)),
      cell(t("source"), sourceLink(fact(point, "dataset") ?? "")),
    );
  });
  return make(
    "section",
    {},
    make("h2", {}, word("theme", theme)),
    lines.length ? sheet(word("theme", theme), heads, lines, "stack") : null,
    missing.length
      ? make(
          "p",
          { class: "small" },
          t("missing_here"),
          missing.map(({ entry, points }, at) => [
            at ? t("comma") : "",
            measureName(entry),
            " (",
            figure(points.at(-1)),
            ")",
          ]),
        )
      : null,
  );
}

function pairs(law, place) {
  const newestOf = new Map((law.mirrors[place] ?? []).map((row) => [row[0], row]));
  if (!newestOf.size) return null;
  const heads = [t("pair"), t("year"), t("first_count"), t("second_count"), t("ratio"), t("grade")];
  const count = (value, unit, dataset) => [number(value, unit), make("small", {}, " ", sourceLink(dataset))];
  const lines = [...newestOf.values()].map(([mirror, year, first, second, ratio, unit, letter, reasons, one, two]) =>
    row(
      word("mirror", mirror),
      String(year),
      count(first, unit, one),
      count(second, unit, two),
      letter === "D" || ratio === null ? "" : number(ratio),
      [letter ? make("span", { class: `g g-${letter}` }, letter) : "", ` ${words("attribute", reasons)}`],
    ),
  );
  return make(
    "section",
    {},
    make("h2", {}, t("pairs")),
    make("p", { class: "lead" }, t("pairs_lead")),
    sheet(t("pairs"), heads, lines),
  );
}

function visas(law, place) {
  const rows = law.visas[place] ?? [];
  if (!rows.length) return null;
  const list = (whose, title) =>
    make(
      "div",
      {},
      make("h3", {}, title),
      make(
        "ul",
        { class: "rules" },
        rows
          .filter((each) => each[0] === whose)
          .sort(newestRule)
          .map(visaRule),
      ),
    );
  return make(
    "section",
    {},
    make("h2", {}, t("visas")),
    make("p", { class: "lead" }, t("visas_lead", { day: start.created })),
    make(
      "div",
      { class: "pair" },
      list(CHINA, t("china_admits", { place: placeName(place) })),
      list(place, t("admits_chinese", { place: placeName(place) })),
    ),
  );
}

const PHASES = ["now", "future", "past"];
/** Rules in force first, then announced ones, then those that ended; the newest of each first. */
const newestRule = (a, b) => PHASES.indexOf(a[10]) - PHASES.indexOf(b[10]) || (b[5] ?? "").localeCompare(a[5] ?? "");

function visaRule([, passport, waiver, days, period, from, to, source, address, confidence, phase]) {
  const stay = days ? ` · ${t("days", { days })}${period ? ` ${t("in_days", { days: period })}` : ""}` : "";
  return make(
    "li",
    { class: phase },
    make("b", {}, word("waiver", waiver)),
    ` · ${word("travel_document", passport)}${stay} · ${from ?? ""} – ${to ?? ""} `,
    make("small", {}, `${t(`phase_${phase}`)} · `, linked(source, address), doubt(confidence)),
  );
}

function cooperation(law, place) {
  const rows = [...(law.cooperation[place] ?? []), ...(law.cooperation[union()] ?? []).map((row) => [...row, true])];
  if (!rows.length) return null;
  return make(
    "section",
    {},
    make("h2", {}, t("cooperation")),
    make(
      "ul",
      { class: "rules" },
      rows.map(([type, name, signed, day, until, source, address, , ofUnion]) =>
        make(
          "li",
          {},
          make("b", {}, word("cooperation_type", type)),
          " ",
          english(name),
          ofUnion ? ` (${placeName(union())})` : "",
          ` ${[signed ?? day, until].filter(Boolean).join(" – ")} `,
          make("small", {}, linked(source, address)),
        ),
      ),
    ),
  );
}

/** The instruments that bind both China and the state. */
function sharedLaw(law, place) {
  const mine = new Map(
    (law.bindings[place] ?? []).filter(([, from, to]) => from <= start.created && !to).map((row) => [row[0], row]),
  );
  const rows = (law.bindings[CHINA] ?? []).filter(([id, from, to]) => mine.has(id) && from <= start.created && !to);
  const heads = [t("instrument"), placeName(CHINA), placeName(place), t("source")];
  const lines = rows.map(([id, from, , , source, address]) =>
    row(instrumentName(law, id), from, mine.get(id)[1], linked(source, address)),
  );
  return make(
    "section",
    {},
    make("h2", {}, t("shared_law")),
    lines.length ? sheet(t("shared_law"), heads, lines) : make("p", {}, t("none_shared")),
  );
}

// The pages of a country and of a corridor between China and one member state.

const corridorPath = (place) => `#corridor/${place}`;

function placeTabs(kind, codes, current) {
  return make("label", { class: "pick inline" }, make("span", {}, t(`choose_${kind}`)), make("select", { "data-keep": kind, onchange: (event) => { location.hash = `#${kind}/${event.target.value}`; } },
    codes.map((code) => make("option", { value: code, selected: code === current }, placeName(code)))));
}

/** Everything about a country: its newest figures next to those of China and the Union, its law, and what is missing. */
async function countryView(place) {
  const [law, totals] = await Promise.all([chunk("law"), chunk("totals")]);
  const rows = start.measures.filter((entry) => entry.compared || newest(total(totals, entry, place)));
  const themes = grouped(rows, "theme");
  const others = start.places.slice(0, 2).filter((other) => other !== place);
  return [
    placeTabs("country", sortedPlaces(), place), make("h1", {}, placeName(place)),
    make("p", { class: "lead" }, t("country_lead"), place !== CHINA && isState(place) ? [" ", make("a", { href: corridorPath(place) }, t("to_corridor", { place: placeName(place) }))] : null),
    [...themes].map(([theme, entries], at) => themeTable(theme, entries, place, others, totals, wide() || at === 0)),
    bindings(law, place), events(law, place), gapList(law, place),
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
  return make("details", { class: "theme", open }, make("summary", {}, make("h2", {}, word("theme", theme))), make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": word("theme", theme) },
    make("table", { class: "stack" }, make("thead", {}, make("tr", {}, heads.map((head) => make("th", { scope: "col" }, head)))), make("tbody", {}, rows))));
}

function countryRow(entry, place, others, totals) {
  const points = total(totals, entry, place);
  const point = newest(points) ?? points.at(-1);
  if (!point) return null;
  const rank = point.rank ? [t("rank_of", { rank: point.rank, ranked: point.ranked }), point.rate === null ? "" : make("small", {}, make("br"), t("rate_of", { rate: number(point.rate) }))] : [];
  const link = `#compare?m=${entry.id}&j=${[...new Set([...start.places.slice(0, 2), place])].join(",")}`;
  const cell = (label, ...content) => make("td", { "data-label": label }, content);
  return make("tr", {}, make("th", { scope: "row" }, make("a", { href: link }, measureName(entry)), make("br"), make("small", {}, word("unit", entry.unit))),
    cell(placeName(place), figure(point, { year: true })), cell(t("rank"), ...rank),
    others.map((other) => { const found = total(totals, entry, other); return cell(placeName(other), figure(newest(found) ?? found.at(-1), { year: true })); }),
    cell(t("course"), sparkline(points, place === CHINA ? "var(--china)" : "var(--union)")));
}

const linked = (text, address) => (address ? make("a", { href: address, lang: "en", rel: "noreferrer" }, text) : english(text));
const instrumentName = (law, id) => law.instruments[id]?.[side()] ?? id;

function bindings(law, place) {
  const rows = law.bindings[place] ?? [];
  if (!rows.length) return null;
  const now = rows.filter(([, from, to]) => from && from <= start.created && (!to || to > start.created));
  const later = rows.filter(([, from]) => from && from > start.created);
  return make("section", {}, make("h2", {}, t("law")), make("p", { class: "lead" }, t("law_lead", { number: now.length, day: start.created })), lawTable(law, [...later, ...now].sort((a, b) => (b[1] > a[1] ? 1 : -1))));
}

function lawTable(law, rows) {
  return make("details", { class: "block" }, make("summary", {}, t("instruments")), make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("instruments") }, make("table", {},
    make("thead", {}, make("tr", {}, [t("instrument"), t("kind"), t("bound_from"), t("applies_from"), t("source")].map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, rows.map(([id, from, , applies, source, address, confidence]) => make("tr", {}, make("th", { scope: "row" }, instrumentName(law, id)), make("td", {}, word("instrument_type", law.instruments[id]?.[2])), make("td", {}, from), make("td", {}, applies ?? ""),
      make("td", {}, linked(source, address), confidence === "high" ? null : make("small", {}, ` ${t("confidence")}${t("colon")}${word("confidence", confidence)}`))))))));
}

/** What happened to instruments of a jurisdiction, the newest first. */
function events(law, place) {
  const rows = [...(law.events[place] ?? [])].reverse();
  if (!rows.length) return null;
  return make("section", {}, make("h2", {}, t("events")), make("details", { class: "block" }, make("summary", {}, t("events_of", { number: rows.length })), make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("events") }, make("table", {},
    make("thead", {}, make("tr", {}, [t("day"), t("event"), t("instrument"), t("source")].map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, rows.map(([day, event, id, source, address]) => make("tr", {}, make("th", { scope: "row" }, day), make("td", {}, word("event", event)), make("td", {}, instrumentName(law, id)), make("td", {}, linked(source, address)))))))));
}

function gapList(law, place) {
  const rows = law.gaps[place] ?? [];
  if (!rows.length) return null;
  return make("section", {}, make("h2", {}, t("gaps")), make("details", { class: "block" }, make("summary", {}, t("gaps_of", { number: rows.length })), make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("gaps") }, make("table", {},
    make("thead", {}, make("tr", {}, [t("measure"), t("reason"), t("years"), t("because")].map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, rows.map(([measure, reason, , first, last, because]) => make("tr", {}, make("th", { scope: "row" }, measureById.has(measure) ? measureName(measureById.get(measure)) : measure), make("td", {}, word("missing_reason", reason)), make("td", {}, first === last ? String(first) : `${first}–${last}`), make("td", {}, english(because)))))))));
}

/** A corridor: people, students, permits, asylum, visas, rules and law between China and one member state. */
async function corridorView(place) {
  const [law, corridor] = await Promise.all([chunk("law"), chunk("corridor")]);
  const rows = corridorRows(corridor, place);
  const themes = grouped(rows, "theme");
  return [
    placeTabs("corridor", sortedPlaces().filter((code) => code !== CHINA && isState(code)), place), make("h1", {}, t("corridor_title", { place: placeName(place) })),
    make("p", { class: "lead" }, t("corridor_lead"), " ", make("a", { href: `#country/${place}` }, t("to_country", { place: placeName(place) }))),
    cards(rows, place), [...themes].map(([theme, own]) => corridorTable(theme, own)),
    pairs(law, place), visas(law, place), cooperation(law, place), sharedLaw(law, place),
  ];
}

/** The series of a corridor, as counted for the state and as counted for China, with the theme of each. */
function corridorRows(corridor, place) {
  const found = [];
  for (const entry of start.measures) {
    if (/_chinese$|^chinese_|_of_chinese$/.test(entry.id) && entry.compared) found.push({ entry, theme: entry.theme, partner: CHINA, place, points: series(entry, ALL, place) });
    const data = entry.indicator && corridor[entry.indicator];
    for (const [whose, partner] of data ? [[place, CHINA], [CHINA, place]] : []) {
      const own = data.series.find((each) => each[0] === whose && each[1] === partner);
      if (own) found.push({ entry, theme: entry.theme, partner, place: whose, points: withBreaks(unpacked(entry, own, data.facts)) });
    }
  }
  return found.filter(({ points }) => points.length);
}

/** The newest figures that most readers look for, at the top of a corridor. */
function cards(rows, place) {
  const asked = [["chinese_born", place], ["international_migrants", CHINA], ["foreign_students", CHINA], ["asylum_applicants_chinese", place], ["first_permits_chinese", place]];
  const found = asked.map(([id, whose]) => rows.find((row) => row.entry.id === id && row.place === whose && newest(row.points))).filter(Boolean);
  if (!found.length) return null;
  return make("ul", { class: "cards" }, found.map(({ entry, partner, place: whose, points }) => make("li", {}, measureName(entry),
    make("small", {}, `${placeName(whose)} · ${t("partner")}${t("colon")}${placeName(partner)}`), figure(newest(points), { year: true }))));
}

function corridorTable(theme, rows) {
  const known = rows.filter(({ points }) => newest(points));
  const missing = rows.filter(({ points }) => !newest(points));
  const heads = [t("measure"), t("jurisdiction"), t("partner"), t("figure"), t("course"), t("source")];
  return make("section", {}, make("h2", {}, word("theme", theme)), known.length ? make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": word("theme", theme) },
    make("table", { class: "stack" }, make("thead", {}, make("tr", {}, heads.map((head) => make("th", { scope: "col" }, head)))), make("tbody", {}, known.map(({ entry, partner, place, points }) => {
      const point = newest(points);
      const link = `#compare?m=${entry.id}&p=${point.partner}&j=${[...new Set([place, ...(place === CHINA ? [] : ["DEU", "FRA", "ITA"])])].join(",")}`;
      const cell = (label, ...content) => make("td", { "data-label": label }, content);
      return make("tr", {}, make("th", { scope: "row" }, make("a", { href: link }, measureName(entry))), cell(t("jurisdiction"), placeName(place)), cell(t("partner"), placeName(partner)), cell(t("figure"), figure(point, { year: true })), cell(t("course"), sparkline(points, place === CHINA ? "var(--china)" : "var(--union)")), cell(t("source"), sourceLink(fact(point, "dataset") ?? "")));
    })))) : null,
    missing.length ? make("p", { class: "small" }, t("missing_here"), missing.map(({ entry, points }, at) => [at ? t("comma") : "", measureName(entry), " (", figure(points.at(-1)), ")"])) : null);
}

function pairs(law, place) {
  const newestOf = new Map((law.mirrors[place] ?? []).map((row) => [row[0], row]));
  if (!newestOf.size) return null;
  return make("section", {}, make("h2", {}, t("pairs")), make("p", { class: "lead" }, t("pairs_lead")), make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("pairs") }, make("table", {},
    make("thead", {}, make("tr", {}, [t("pair"), t("year"), t("first_count"), t("second_count"), t("ratio"), t("grade")].map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, [...newestOf.values()].map(([mirror, year, first, second, ratio, unit, letter, reasons, one, two]) => make("tr", {}, make("th", { scope: "row" }, word("mirror", mirror)), make("td", {}, String(year)), make("td", {}, number(first, unit), make("small", {}, " ", sourceLink(one))), make("td", {}, number(second, unit), make("small", {}, " ", sourceLink(two))), make("td", {}, letter === "D" || ratio === null ? "" : number(ratio)), make("td", {}, letter ? make("span", { class: `g g-${letter}` }, letter) : "", ` ${words("attribute", reasons)}`)))))));
}

function visas(law, place) {
  const rows = law.visas[place] ?? [];
  if (!rows.length) return null;
  const day = start.created;
  const order = ["now", "future", "past"];
  const list = (side, title) => make("div", {}, make("h3", {}, title), make("ul", { class: "rules" }, rows.filter((row) => row[0] === side).sort((a, b) => order.indexOf(a[10]) - order.indexOf(b[10]) || (b[5] ?? "").localeCompare(a[5] ?? "")).map((row) => {
    const [, document_, waiver, days, window_, from, to, source, address, confidence, phase] = row;
    return make("li", { class: phase }, make("b", {}, word("waiver", waiver)), ` · ${word("travel_document", document_)}`, days ? ` · ${t("days", { days })}` : "", window_ ? ` ${t("in_days", { days: window_ })}` : "", ` · ${from ?? ""} – ${to ?? ""} `, make("small", {}, `${t(`phase_${phase}`)} · `, linked(source, address), confidence === "high" ? "" : ` · ${t("confidence")}${t("colon")}${word("confidence", confidence)}`));
  })));
  return make("section", {}, make("h2", {}, t("visas")), make("p", { class: "lead" }, t("visas_lead", { day })), make("div", { class: "pair" }, list(CHINA, t("china_admits", { place: placeName(place) })), list(place, t("admits_chinese", { place: placeName(place) }))));
}

function cooperation(law, place) {
  const rows = [...(law.cooperation[place] ?? []), ...(law.cooperation[union()] ?? []).map((row) => [...row, true])];
  if (!rows.length) return null;
  return make("section", {}, make("h2", {}, t("cooperation")), make("ul", { class: "rules" }, rows.map(([type, name, signed, day, until, source, address, , ofUnion]) =>
    make("li", {}, make("b", {}, word("cooperation_type", type)), " ", english(name), ofUnion ? ` (${placeName(union())})` : "", ` ${[signed ?? day, until].filter(Boolean).join(" – ")} `, make("small", {}, linked(source, address))))));
}

/** The instruments that bind both China and the state. */
function sharedLaw(law, place) {
  const mine = new Map((law.bindings[place] ?? []).filter(([, from, to]) => from <= start.created && !to).map((row) => [row[0], row]));
  const rows = (law.bindings[CHINA] ?? []).filter(([id, from, to]) => mine.has(id) && from <= start.created && !to);
  return make("section", {}, make("h2", {}, t("shared_law")), rows.length ? make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("shared_law") }, make("table", {},
    make("thead", {}, make("tr", {}, [t("instrument"), placeName(CHINA), placeName(place), t("source")].map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, rows.map(([id, from, , , source, address]) => make("tr", {}, make("th", { scope: "row" }, instrumentName(law, id)), make("td", {}, from), make("td", {}, mine.get(id)[1]), make("td", {}, linked(source, address))))))) : make("p", {}, t("none_shared")));
}

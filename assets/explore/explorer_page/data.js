"use strict";
// Data of the page: compressed chunks, the series of figures in them, and the facts of each figure.

const decoded = new Map();

/** The data of a chunk. It is decoded once, when a view first needs it. */
function chunk(name) {
  if (!decoded.has(name)) decoded.set(name, decode(document.getElementById(`data-${name}`).textContent));
  return decoded.get(name);
}

async function decode(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

// Set once when the page opens.
let start, comparison, alternatives, measureById, factAt;
const ALL = "_T";
const CHINA = "CHN";
const indicators = new Map();

async function openData() {
  [start, comparison, alternatives] = await Promise.all(["start", "comparison", "alternatives"].map(chunk));
  measureById = new Map(start.measures.map((entry) => [entry.id, entry]));
  factAt = Object.fromEntries(start.facts.map((name, at) => [name, at]));
}

/** The jurisdiction code of the Union, which is the second place. */
const union = () => start.places[1];
const states = () => start.places.slice(2);
const isState = (place) => place !== union();

/** Whether the figures of a measure and partner are rows of table comparison. Otherwise they are rows of headline. */
const fromComparison = (entry, partner) => entry.compared && partner === ALL;

/** Loads what is needed to read the series of a measure with a partner. */
async function load(entry, partner) {
  if (fromComparison(entry, partner) || !entry.indicator || indicators.has(entry.indicator)) return;
  indicators.set(entry.indicator, indexed(await chunk(`i-${entry.indicator}`)));
}

function indexed(data) {
  return { facts: data.facts, series: new Map(data.series.map((series) => [`${series[0]} ${series[1]}`, series])) };
}

/**
 * The figures of a measure, partner and jurisdiction in the order of years, with a point for each missing figure whose
 * reason is known. Load the measure first.
 */
function series(entry, partner, place) {
  if (!entry.partners.includes(partner)) return [];
  const points = fromComparison(entry, partner) ? compared(entry, place) : counted(entry, partner, place);
  return withBreaks(points);
}

function compared(entry, place) {
  const own = comparison.series[entry.id]?.[place];
  if (!own) return [];
  const at = (list, index) => (own[list] ? own[list][index] : null);
  return own.v
    .map((value, index) => ({
      entry,
      place,
      partner: ALL,
      year: comparison.first + index,
      value,
      rate: at("r", index),
      rank: at("k", index),
      ranked: at("n", index),
      low: at("a", index),
      high: at("z", index),
      facts: own.f[index] < 0 ? null : comparison.facts[own.f[index]],
    }))
    .filter((point) => point.facts);
}

function counted(entry, partner, place) {
  const data = indicators.get(entry.indicator);
  const found = data?.series.get(`${place} ${partner}`);
  return found ? unpacked(entry, found, data.facts) : [];
}

function unpacked(entry, [place, partner, first, values, facts], known) {
  return values
    .map((value, index) => ({
      entry,
      place,
      partner,
      year: first + index,
      value,
      rate: null,
      rank: null,
      ranked: null,
      low: null,
      high: null,
      facts: known[Array.isArray(facts) ? facts[index] : facts],
    }))
    .filter((point) => point.facts);
}

/** A fact of a figure, as its dataset or its grade. */
const fact = (point, name) => point.facts[factAt[name]];
const flagsOf = (point) => (fact(point, "flags") ?? "").split(";").filter(Boolean);

/**
 * The points, each with `breaks`: whether it must not be joined to the figure before it. That is so if the publisher
 * marks a break, or if the source, the counting rule or the grade is not the same.
 */
function withBreaks(points) {
  let last = null;
  for (const point of points) {
    if (point.value === null) continue;
    const changed = last && ["dataset", "definition", "grade"].some((name) => fact(point, name) !== fact(last, name));
    const marked = flagsOf(point).some(
      (flag) => BREAKING.has(flag) || (flag === "source_changed" && !fact(point, "dataset")),
    );
    point.breaks = Boolean(last) && (changed || marked);
    last = point;
  }
  return points;
}
// A sum of figures from several sources has no dataset of its own; only its flag shows that a source changed.
const BREAKING = new Set(["break", "definition_changed"]);

/** Whether a figure may be ranked and coloured next to others. */
const comparable = (point) => point.value !== null && fact(point, "grade") !== "D" && fact(point, "grade") !== null;

/** Whether a figure has a place in a ranking. Table comparison states it; a figure of table headline needs a grade. */
const rankable = (point) =>
  isState(point.place) &&
  comparable(point) &&
  (fromComparison(point.entry, point.partner) ? point.rank !== null : true);

/** The newest year in which the most jurisdictions have a figure. */
function bestYear(all, from, to) {
  const counts = new Map();
  for (const { year, value } of all) {
    if (value !== null && year >= from && year <= to) counts.set(year, (counts.get(year) ?? 0) + 1);
  }
  const most = Math.max(0, ...counts.values());
  return Math.max(...[...counts].filter(([, count]) => count >= 0.9 * most).map(([year]) => year), 0) || to;
}

const newest = (points) => points.findLast((point) => point.value !== null);

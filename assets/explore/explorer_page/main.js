// The address of the page, the change of views, and the start.

const PAGES = ["compare", "country", "corridor", "about"];
const DEFAULTS = { measures: ["foreign_born"], partner: ALL, view: "lines", rate: false, log: false };

const wide = () => innerWidth >= 1000;
// The width of the main column without its padding, and without the form where that is next to the chart.
const chartWidth = () => document.getElementById("main").clientWidth - 32 - (wide() ? 320 : 0);

/** Reads the chosen view from the address. Unknown codes are left out. */
function readAddress() {
  const [path, query = ""] = location.hash.slice(1).split("?");
  const [page, place] = path.split("/");
  const found = new URLSearchParams(query);
  const years = (found.get("y") ?? "").split("-").map(Number);
  const places = (found.get("j") ?? "").split(",");
  state.page = PAGES.includes(page) ? page : "compare";
  state.place = start.places.includes(place) ? place : "DEU";
  state.measures = (found.get("m") ?? "").split(",").filter((id) => measureById.has(id));
  if (!found.has("m")) state.measures = DEFAULTS.measures.filter((id) => measureById.has(id));
  state.partner = found.get("p") ?? DEFAULTS.partner;
  state.places = places[0] === "all" ? [...start.places] : start.places.filter((code) => places.includes(code));
  if (!found.has("j")) state.places = [...start.places.slice(0, 2), ...["DEU", "FRA", "ITA", "ESP"]];
  [state.from, state.to] = years.length === 2 && years.every(Boolean) ? years : [undefined, undefined];
  state.view = VIEWS.includes(found.get("v")) ? found.get("v") : DEFAULTS.view;
  state.year = Number(found.get("t")) || undefined;
  state.rate = found.get("r") === "1";
  state.log = found.get("s") === "log";
  state.open = Number(found.get("f")) || undefined;
  state.language = start.texts[found.get("l")]
    ? found.get("l")
    : (state.language ?? (navigator.language.startsWith("zh") ? "zh" : "en"));
}

/** The address of the present view. */
function address() {
  const language = `l=${state.language}`;
  if (state.page !== "compare")
    return `#${state.page}${["country", "corridor"].includes(state.page) ? `/${state.place}` : ""}?${language}`;
  const all = state.places.length === start.places.length;
  const items = [
    `m=${state.measures.join(",")}`,
    state.partner === ALL ? "" : `p=${state.partner}`,
    `j=${all ? "all" : state.places.join(",")}`,
    state.from ? `y=${state.from}-${state.to}` : "",
    `v=${state.view}`,
    state.year && ["ranking", "map"].includes(state.view) ? `t=${state.year}` : "",
    state.rate ? "r=1" : "",
    state.log ? "s=log" : "",
    language,
  ];
  return `#compare?${items.filter(Boolean).join("&")}`;
}

/** Changes what is chosen, and shows it. Other measures or partners have other years. */
function go(change) {
  Object.assign(state, change);
  if ("measures" in change || "partner" in change) state.from = state.to = state.year = undefined;
  if (state.from > state.to) [state.from, state.to] = [state.to, state.from];
  history.pushState(null, "", address());
  return show();
}

async function show() {
  const began = performance.now();
  const views = {
    compare: compareView,
    country: () => countryView(state.place),
    corridor: () => corridorView(state.place),
    about: aboutView,
  };
  const content = await views[state.page]();
  const main = document.getElementById("main");
  const kept = {
    focus: document.activeElement?.dataset?.keep,
    scroll: main.querySelector(".options")?.scrollTop,
    open: [...main.querySelectorAll("details.pick")].map((each) => each.open),
  };
  main.replaceChildren(...content.flat(3).filter(Boolean));
  frame();
  [...main.querySelectorAll("details.pick")].forEach((each, at) => {
    if (kept.open.length) each.open = kept.open[at] ?? each.open;
  });
  if (kept.scroll && main.querySelector(".options")) main.querySelector(".options").scrollTop = kept.scroll;
  if (kept.focus) main.querySelector(`[data-keep="${kept.focus}"]`)?.focus({ preventScroll: true });
  if (state.open) openFigure();
  document.documentElement.dataset.shown = String(Math.round(performance.now() - began));
}

/** Opens the facts of the figure that the address names: of the first measure and jurisdiction, in a year. */
function openFigure() {
  const entry = measureById.get(state.measures[0]);
  const point = entry && chosenSets(entry)[0]?.find(({ year }) => year === state.open);
  state.open = undefined;
  if (point) showFacts(point);
}

/** The words around the view: title, navigation and language. The facts of a figure of another view are removed. */
function frame() {
  const facts = document.getElementById("facts");
  facts.close();
  facts.replaceChildren();
  document.documentElement.lang = state.language === "zh" ? "zh-Hans" : "en";
  document.title = `${document.querySelector("#main h1").textContent} – ${t("title")}`;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const link of document.querySelectorAll("nav a[data-page]")) {
    link.href =
      link.dataset.page === "compare" || link.dataset.page === "about"
        ? `#${link.dataset.page}`
        : `#${link.dataset.page}/${isState(state.place) ? state.place : "DEU"}`;
    if (link.dataset.page === state.page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.getElementById("report").href = state.language === "zh" ? "report.zh.html" : "report.html";
  document.getElementById("mode").textContent = t(start.mode === "snapshot" ? "snapshot_note" : "live_note");
  const other = document.getElementById("language");
  other.textContent = t("other_language");
  other.lang = state.language === "zh" ? "en" : "zh-Hans";
}

function aboutView() {
  const letters = Object.keys(start.words.grade).map((letter) =>
    make("li", {}, make("span", { class: `g g-${letter}` }, letter), ` ${word("grade", letter)}`),
  );
  return [
    make("h1", {}, t("about")),
    ["about_figures", "about_grades"].map((key) => make("p", {}, t(key))),
    make("ul", { class: "rules" }, letters),
    ["about_missing", "about_breaks", "about_ranks", "about_union", "about_partners", "about_keys"].map((key) =>
      make("p", {}, t(key)),
    ),
    make("h2", {}, t("cite")),
    make("p", { lang: "en" }, citation([])),
    make("h2", {}, t("files")),
    make(
      "ul",
      {},
      Object.entries({
        file_headline: "headline.csv.gz",
        file_report: state.language === "zh" ? "report.zh.html" : "report.html",
        file_package: "datapackage.json",
        file_licences: "LICENSES.md",
        file_changes: "CHANGELOG.md",
      }).map(([key, href]) => make("li", {}, make("a", { href }, href), ` ${t(key)}`)),
    ),
    make("h2", {}, t("sources")),
    make(
      "ul",
      { class: "small" },
      Object.keys(start.datasets).map((id) =>
        make("li", {}, sourceLink(id), " ", datasetTitle(id), ` · ${start.datasets[id][2]}`),
      ),
    ),
  ];
}

async function open_() {
  await openData();
  readAddress();
  document.getElementById("language").addEventListener("click", () => {
    go({ language: state.language === "zh" ? "en" : "zh" });
  });
  addEventListener("hashchange", () => {
    readAddress();
    show().then(() => scrollTo(0, 0));
  });
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById("main").focus();
  });
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) {
      width = innerWidth;
      show();
    }
  });
  document.getElementById("facts").addEventListener("click", (event) => {
    if (event.target.id === "facts") event.target.close();
  });
  await show();
}

open_();

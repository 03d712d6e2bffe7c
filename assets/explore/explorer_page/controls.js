// The form with everything that can be chosen in the view that compares.

const MOST_MEASURES = 4;

/** The form with everything that can be chosen. */
function controls() {
  const chosen = state.measures.map((id) => measureById.get(id));
  return make(
    "form",
    { class: "controls", "aria-label": t("choose"), onsubmit: (event) => event.preventDefault() },
    measurePicker(),
    partnerPicker(chosen),
    placePicker(),
    yearPicker(chosen),
  );
}

function measurePicker() {
  const filter = make("input", {
    type: "search",
    id: "find",
    placeholder: t("find_measure"),
    "aria-label": t("find_measure"),
    value: state.find ?? "",
  });
  const themes = Map.groupBy ? Map.groupBy(start.measures, (entry) => entry.theme) : grouped(start.measures, "theme");
  const list = make(
    "div",
    { class: "options", tabindex: "-1" },
    [...themes].map(([theme, entries]) =>
      make(
        "fieldset",
        {},
        make("legend", {}, word("theme", theme)),
        entries.filter((entry) => entry.compared).map(measureOption),
        entries.every((entry) => entry.compared) ? null : make("p", { class: "small" }, t("further")),
        entries.filter((entry) => !entry.compared).map(measureOption),
      ),
    ),
  );
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
  return make(
    "details",
    { class: "pick", open: wide() },
    make(
      "summary",
      {},
      t("measures"),
      make("small", {}, state.measures.map((id) => measureName(measureById.get(id))).join(t("comma"))),
    ),
    filter,
    list,
  );
}

function grouped(items, key) {
  const found = new Map();
  for (const item of items) found.set(item[key], [...(found.get(item[key]) ?? []), item]);
  return found;
}

function measureOption(entry) {
  const change = (event) => {
    const rest = state.measures.filter((id) => id !== entry.id);
    // The newest choice is shown first, where the reader looks for it.
    go({ measures: event.target.checked ? [entry.id, ...rest].slice(0, MOST_MEASURES) : rest });
  };
  return make(
    "label",
    { "data-find": [...entry.name, entry.id, word("theme", entry.theme)].join(" ").toLowerCase() },
    make("input", {
      type: "checkbox",
      checked: state.measures.includes(entry.id),
      onchange: change,
      "data-keep": `m-${entry.id}`,
    }),
    ` ${measureName(entry)}`,
  );
}

function partnerPicker(chosen) {
  const codes = new Set(chosen.flatMap((entry) => entry.partners));
  if (codes.size < 2) return null;
  const others = [...codes]
    .filter((code) => code !== ALL && code !== CHINA && code !== "_R")
    .sort((a, b) => placeName(a).localeCompare(placeName(b), state.language));
  const options = [ALL, CHINA, ...others, "_R"].filter((code) => codes.has(code));
  return make(
    "label",
    { class: "pick" },
    make("span", {}, t("partner")),
    make(
      "select",
      { onchange: (event) => go({ partner: event.target.value }), "data-keep": "partner" },
      options.map((code) => make("option", { value: code, selected: code === state.partner }, placeName(code))),
    ),
  );
}

function placePicker() {
  const toggle = (place) => (event) =>
    go({
      places: start.places.filter((each) => (each === place ? event.target.checked : state.places.includes(each))),
    });
  const sets = {
    set_two: start.places.slice(0, 2),
    set_large: [...start.places.slice(0, 2), "DEU", "ESP", "FRA", "ITA", "NLD", "POL"],
    set_all: start.places,
    set_states: states(),
  };
  return make(
    "details",
    { class: "pick", open: wide() },
    make("summary", {}, t("jurisdictions"), make("small", {}, t("chosen", { number: state.places.length }))),
    make(
      "p",
      { class: "sets" },
      Object.entries(sets).map(([key, places]) =>
        make("button", { type: "button", onclick: () => go({ places }), "data-keep": key }, t(key)),
      ),
    ),
    make(
      "fieldset",
      { class: "options places" },
      make("legend", { class: "visually-hidden" }, t("jurisdictions")),
      sortedPlaces().map((place) =>
        make(
          "label",
          {},
          make("input", {
            type: "checkbox",
            checked: state.places.includes(place),
            onchange: toggle(place),
            "data-keep": `p-${place}`,
          }),
          ` ${placeName(place)}`,
        ),
      ),
    ),
  );
}

const sortedPlaces = () => [
  ...start.places.slice(0, 2),
  ...states().sort((a, b) => placeName(a).localeCompare(placeName(b), state.language)),
];

function yearPicker(chosen) {
  const [first, last] = yearsOf(chosen);
  const years = Array.from({ length: last - first + 1 }, (_, at) => first + at);
  const select = (key, value) =>
    make(
      "label",
      {},
      make("span", {}, t(key)),
      make(
        "select",
        { onchange: (event) => go({ [key]: Number(event.target.value) }), "data-keep": key },
        years.map((year) => make("option", { value: year, selected: year === value }, String(year))),
      ),
    );
  const rates = chosen.some((entry) => entry.rate);
  const box = (key, name) =>
    make(
      "label",
      { class: "check" },
      make("input", {
        type: "checkbox",
        checked: state[key],
        onchange: (event) => go({ [key]: event.target.checked }),
        "data-keep": key,
      }),
      ` ${t(name)}`,
    );
  return make(
    "div",
    { class: "pick years" },
    select("from", state.from),
    select("to", state.to),
    rates ? box("rate", "per_1000") : null,
    state.view === "lines" ? box("log", "logarithmic") : null,
  );
}

/** The first and the last year with a figure of the measures. */
function yearsOf(chosen) {
  const years = chosen.flatMap((entry) =>
    start.places.flatMap((place) =>
      series(entry, partnerOf(entry), place)
        .filter((point) => point.value !== null)
        .map((point) => point.year),
    ),
  );
  return years.length ? [Math.min(...years), Math.max(...years)] : [comparison.first, comparison.first];
}

/** The chosen partner, or all partners where a measure does not have it. */
const partnerOf = (entry) =>
  entry.partners.includes(state.partner) ? state.partner : entry.partners.includes(ALL) ? ALL : entry.partners[0];

"""Table ``legal_binding``: who is bound by which instrument from when to when, computed from events.

No status is stored. A treaty binds a jurisdiction from its entry into force for that jurisdiction: the day that a
source states, else the day that follows from the treaty's own rule, else the day of consent. An act of the Union binds
every member state from its entry into force or from the state's accession; Denmark and Ireland only if a source states
that they take part. A national law of China binds the mainland, and Hong Kong or Macao only if a source states that it
is extended to them. If sources disagree, the event with the highest confidence is used, and the first of equal ones.
"""

from datetime import date

import polars as pl

from warehouse import codes
from warehouse.codes.legal import CONSENT
from warehouse.contracts import contract
from warehouse.rows import contains_day

# The member states that protocols exclude from acts on freedom, security and justice unless they opt in.
PROTOCOL_STATES = ("DNK", "IRL")
# The schemes of instrument numbers that are treaties. The others are acts of the Union and the laws of China.
TREATY_SCHEMES = ("mtdsg", "ilo", "cets")

# The precisions of dates of which the latest possible day is used.
LATEST = ("by", "month", "year")

_CONFIDENCE = pl.Enum(["high", "medium", "low"])
_KEY = ["instrument", "jurisdiction", "territorial_scope"]
_WHOLE_STATE = pl.col("territorial_scope") == "_T"


def bindings(events: pl.DataFrame, on: date | None = None) -> pl.DataFrame:
    """The intervals in which a jurisdiction is bound, in the columns of ``legal_binding``.

    ``events`` are rows of ``legal_event``. With ``on``, only events up to that day are used and only bindings that are
    valid on it are returned, so that a later event never changes the result. An event without a date counts as older
    than any day.
    """
    known = _events_until(events, on).sort("date", "confidence", "source", "payload", "locator", nulls_last=True)
    parts = [_treaty_bindings(known), _territory_bindings(known), _act_bindings(known), _own_law_bindings(known)]
    found = pl.concat(parts, how="diagonal_relaxed")
    found = found.filter(pl.col("valid_to").is_null() | (pl.col("valid_to") > pl.col("valid_from")))
    if on is not None:
        found = found.filter(contains_day("valid_from", "valid_to", pl.lit(on)))
    declared = contract("legal_binding")
    rows = found.select(declared.field_names).cast(declared.polars_schema)
    return rows.unique(declared.key, keep="first", maintain_order=True).sort(declared.key)


def _events_until(events: pl.DataFrame, on: date | None) -> pl.DataFrame:
    known = events if on is None else events.filter(pl.col("date").is_null() | (pl.col("date") <= on))
    return known.with_columns(pl.col("confidence").cast(_CONFIDENCE))


def _most_confident(events: pl.DataFrame) -> pl.DataFrame:
    """The events with the highest confidence for each jurisdiction and instrument."""
    return events.filter(pl.col("confidence").to_physical() == pl.col("confidence").to_physical().min().over(_KEY))


def most_confident_day(events: pl.DataFrame, name: str) -> pl.DataFrame:
    """The first day of the most reliable events for each jurisdiction and instrument, in a column of that name."""
    ranked = events.drop_nulls("date").with_columns(pl.col("confidence").cast(_CONFIDENCE))
    return _most_confident(ranked).group_by(_KEY).agg(pl.col("date").min().alias(name))


def stated_positions(events: pl.DataFrame) -> pl.DataFrame:
    """The events that state whether Denmark or Ireland is bound by an act of the Union.

    An act that builds on the Schengen acquis does not bind Denmark when it is adopted. Denmark decides within six
    months whether to implement it (Protocol No 22, Article 4), so that such an event leaves its position open.
    """
    taken = events.filter(pl.col("event").is_in(("opt_in", "opt_out")))
    left_open = (pl.col("event") == "opt_out") & (pl.col("jurisdiction") == "DNK") & (pl.col("basis") == "schengen")
    return taken.filter(~left_open.fill_null(value=False))


def _treaty_bindings(known: pl.DataFrame) -> pl.DataFrame:
    """The bindings by treaties, none of which begins before the treaty itself is in force."""
    rules = (
        codes.instruments()
        .filter(pl.col("scheme").is_in(TREATY_SCHEMES))
        .select("instrument", "force_rule", "in_force")
    )
    events = known.join(rules, on="instrument")
    consent = _most_confident(events.filter(pl.col("event").is_in(CONSENT)).drop_nulls("date"))
    denounced = events.filter(pl.col("event") == "denounce").select(*_KEY, pl.col("date").alias("valid_to"))
    entered = events.filter(pl.col("event") == "enter_into_force")
    general = most_confident_day(entered.filter(pl.col("jurisdiction") == "_T"), "general").select(
        "instrument", "general"
    )
    bound = (
        _with_end(consent, denounced)
        .join(most_confident_day(entered, "entered"), on=_KEY, how="left")
        .join(general, on="instrument", how="left")
        .with_columns(_beginning())
    )
    first = pl.max_horizontal("begins", "general", "in_force")
    return bound.with_columns(valid_from=first, applies_from=first)


def _with_end(consent: pl.DataFrame, denounced: pl.DataFrame) -> pl.DataFrame:
    """For each period of membership, its first consent. ``valid_to`` is the denunciation that ends it, or null."""
    ends = (
        consent.join(denounced, on=_KEY, how="left")
        .with_columns(pl.when(pl.col("valid_to") > pl.col("date")).then("valid_to"))
        .group_by(consent.columns, maintain_order=True)
        .agg(pl.col("valid_to").min())
    )
    return ends.unique([*_KEY, "valid_to"], keep="first", maintain_order=True)


def _beginning() -> list[pl.Expr]:
    """The day on which a consent takes effect (``begins``), and the basis of that day (``valid_from_basis``).

    A consent of which only the month or year is known binds no later than one of the last day of that period.
    """
    entered = pl.when(pl.col("entered") >= pl.col("date")).then("entered")
    succeeded, by_then = pl.col("event") == "succeed", pl.col("date_precision").is_in(LATEST)
    by_rule = pl.when(~succeeded, pl.col("date_precision") != "by").then(_by_rule(last_day()))
    basis = (
        pl.when(entered.is_not_null())
        .then(pl.lit("entry_into_force"))
        .when(by_then)
        .then(pl.lit("party_by"))
        .when(succeeded)
        .then(pl.lit("succession"))
        .when(by_rule.is_not_null())
        .then(pl.lit("rule"))
        .otherwise(pl.lit("consent"))
    )
    return [pl.coalesce(entered, by_rule, last_day()).alias("begins"), basis.alias("valid_from_basis")]


def last_day() -> pl.Expr:
    """The last day on which an event may have happened: the end of its month or year if no day is known."""
    precision, year = pl.col("date_precision"), pl.date(pl.col("date").dt.year(), 12, 31)
    in_period = pl.when(precision == "month").then(pl.col("date").dt.month_end()).when(precision == "year").then(year)
    return in_period.otherwise("date")


def _by_rule(consent: pl.Expr) -> pl.Expr:
    """The day of consent plus the period of the treaty's rule; null if the treaty has no rule in days or months."""
    rule = pl.col("force_rule")
    unit = pl.when(rule.str.contains("M")).then(pl.lit("mo")).otherwise(pl.lit("d"))
    day = consent.dt.offset_by(pl.concat_str(rule.str.extract(r"(\d+)"), unit))
    return pl.when(rule.str.ends_with("F")).then(day.dt.month_start().dt.offset_by("1mo")).otherwise(day)


def _territory_bindings(known: pl.DataFrame) -> pl.DataFrame:
    """The bindings of territories to which a treaty was extended. The state as a whole may not be bound."""
    extended = _most_confident(known.filter(pl.col("event") == "extend").drop_nulls("date"))
    by_then = pl.when(pl.col("date_precision") == "by").then(pl.lit("party_by"))
    first = extended.unique(_KEY, keep="first", maintain_order=True).with_columns(
        valid_from=pl.col("date"), applies_from=pl.col("date"), valid_from_basis=by_then.otherwise(pl.lit("extension"))
    )
    withdrawn = known.filter(pl.col("event").is_in(("denounce", "repeal")), _WHOLE_STATE).drop_nulls("date")
    ends = withdrawn.group_by("instrument", "jurisdiction").agg(
        pl.col("date").min().dt.offset_by("1d").alias("valid_to")
    )
    return first.join(ends, on=["instrument", "jurisdiction"], how="left")


def _act_bindings(known: pl.DataFrame) -> pl.DataFrame:
    """The bindings of member states by acts of the Union."""
    acts = known.join(codes.instruments().filter(pl.col("scheme") == "celex").select("instrument"), on="instrument")
    started = _starts(acts)
    members = codes.areas().filter(pl.col("kind") == "state", pl.col("eu_from").is_not_null(), pl.col("in_scope"))
    wide = started.join(members.select(pl.col("area").alias("member"), "eu_from"), how="cross")
    bound = pl.concat(
        [
            wide.filter(~pl.col("member").is_in(PROTOCOL_STATES)).with_columns(
                valid_from=pl.max_horizontal("start", "eu_from")
            ),
            _opted_in(acts, wide),
        ],
        how="diagonal_relaxed",
    )
    late = pl.col("eu_from") > pl.col("start")
    basis = pl.when(late & (pl.col("valid_from") == pl.col("eu_from"))).then(pl.lit("accession_to_union"))
    dated = bound.join(_applications(acts), on="instrument", how="left").with_columns(jurisdiction=pl.col("member"))
    return _with_repeal(acts, dated).with_columns(
        applies_from=pl.when(pl.col("applies").is_not_null()).then(pl.max_horizontal("valid_from", "applies")),
        valid_from_basis=pl.coalesce(basis, "valid_from_basis"),
        territorial_scope=pl.lit("_T"),
    )


def _applications(acts: pl.DataFrame) -> pl.DataFrame:
    """The day from which each act ``applies``: that of its application, or of the deadline to transpose a directive.

    Dates of single articles are left out. If no source states from when a regulation applies, the regulation is left
    out too: its entry into force does not prove that it applies.
    """
    whole = acts.filter(
        pl.col("event").is_in(("apply", "transposition_deadline")),
        pl.col("jurisdiction") == "EU",
        pl.col("provision").is_null(),
    )
    return most_confident_day(whole, "applies").select("instrument", "applies")


def _own_law_bindings(known: pl.DataFrame) -> pl.DataFrame:
    """The bindings of China by its own laws, from the entry into force of the first version until the day of repeal."""
    laws = known.join(codes.instruments().filter(pl.col("scheme") == "prc").select("instrument"), on="instrument")
    repealed = (
        laws.filter(pl.col("event") == "repeal")
        .group_by("instrument")
        .agg((pl.col("date").min() + pl.duration(days=1)).alias("valid_to"))
    )
    return (
        _first_versions(laws.filter(_WHOLE_STATE))
        .join(repealed, on="instrument", how="left")
        .with_columns(valid_from=pl.col("date"), applies_from=pl.col("date"))
    )


def _first_versions(laws: pl.DataFrame) -> pl.DataFrame:
    """The event from which the first version of each law binds: its entry into force.

    The text of an amended law may state only when the amended version entered into force. An entry into force after an
    amendment is therefore that of a later version, and a law with no other entry into force binds no earlier than its
    adoption.
    """
    amended = laws.filter(pl.col("event") == "amend").group_by("instrument").agg(pl.col("date").min().alias("amended"))
    entered = laws.filter(pl.col("event") == "enter_into_force").drop_nulls("date")
    entered = entered.join(amended, on="instrument", how="left")
    original = pl.col("amended").is_null() | (pl.col("date") < pl.col("amended"))
    later = entered.filter(~original).select("instrument").unique()
    adopted = laws.filter(pl.col("event") == "adopt").drop_nulls("date").join(later, on="instrument", how="semi")
    found = pl.concat(
        [
            _most_confident(entered.filter(original).drop("amended")).with_columns(
                valid_from_basis=pl.lit("entry_into_force")
            ),
            _most_confident(adopted).with_columns(valid_from_basis=pl.lit("adoption")),
        ]
    )
    return found.unique(_KEY, keep="first", maintain_order=True)


def _starts(acts: pl.DataFrame) -> pl.DataFrame:
    """The event from which each act binds: its entry into force, or its adoption if the former has no date."""
    union = acts.filter(pl.col("jurisdiction") == "EU", pl.col("date").is_not_null(), _WHOLE_STATE)
    dated = pl.concat(
        [
            _most_confident(union.filter(pl.col("event") == event)).with_columns(valid_from_basis=pl.lit(basis))
            for event, basis in (("enter_into_force", "entry_into_force"), ("adopt", "adoption"))
        ]
    )
    first = dated.unique("instrument", keep="first", maintain_order=True)
    return first.with_columns(start=pl.col("date"), basis=pl.lit("act"))


def _opted_in(acts: pl.DataFrame, wide: pl.DataFrame) -> pl.DataFrame:
    """The bindings of Denmark and Ireland by acts in which they take part, from the day that the source states."""
    positions = acts.filter(pl.col("event").is_in(("opt_in", "opt_out")), pl.col("jurisdiction").is_in(PROTOCOL_STATES))
    joined = (
        _most_confident(positions).filter(pl.col("event") == "opt_in").unique(_KEY, keep="first", maintain_order=True)
    )
    own = ["event", "date", "basis", "source", "source_url", "confidence", "publisher", "dataset", "payload", "locator"]
    own += ["source_updated", "known_from", "date_precision"]
    later, by_then = pl.col("date") > pl.col("start"), pl.col("date_precision") == "by"
    basis = pl.when(later & by_then).then(pl.lit("party_by")).when(later).then(pl.lit("opt_in"))
    return (
        wide.drop(own)
        .join(joined.select("instrument", pl.col("jurisdiction").alias("member"), *own), on=["instrument", "member"])
        .with_columns(
            valid_from=pl.max_horizontal("start", "eu_from", "date"),
            valid_from_basis=basis.otherwise("valid_from_basis"),
        )
    )


def _with_repeal(acts: pl.DataFrame, bound: pl.DataFrame) -> pl.DataFrame:
    """The bindings with their ends. A member that the repealing act does not bind stays bound by the repealed act."""
    repeals = acts.filter(pl.col("event") == "repeal").drop_nulls("date")
    joined = acts.filter(pl.col("event") == "opt_in").select("instrument", "jurisdiction")
    opted_out = acts.filter(pl.col("event") == "opt_out").join(joined, on=["instrument", "jurisdiction"], how="anti")
    not_bound = opted_out.select(pl.col("instrument").alias("related"), "jurisdiction")
    general = repeals.filter(pl.col("jurisdiction") == "EU").select("instrument", "related", "date")
    for_all = (
        bound.select("instrument", "jurisdiction")
        .unique()
        .join(general, on="instrument")
        .join(not_bound.unique(), on=["related", "jurisdiction"], how="anti")
    )
    own = repeals.filter(pl.col("jurisdiction") != "EU").select("instrument", "jurisdiction", "date")
    ends = pl.concat([for_all.select(own.columns), own]).group_by("instrument", "jurisdiction")
    # The day of a repeal is the last day on which the act binds: EUR-Lex dates the end of validity in this way.
    return bound.join(
        ends.agg(pl.col("date").min().dt.offset_by("1d").alias("valid_to")),
        on=["instrument", "jurisdiction"],
        how="left",
    )

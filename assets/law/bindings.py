"""Who is bound by what, and since when: computed from events, never stored as a status.

A treaty binds a jurisdiction from its entry into force for it: as a source dates it, else by the treaty's own rule,
else no earlier than consent. An act of the Union binds every member from its entry into force or from accession;
Denmark and Ireland only where a source says that they take part. Where sources disagree the surest speaks, and of
equals the first.
"""

from datetime import date

import polars as pl

from sources.catalogue import dataset
from warehouse import codes
from warehouse.codes.legal import CONSENT
from warehouse.contracts import contract

# Publishers of whole lists of the parties to a treaty: who is absent has done nothing.
LISTS = ("untc", "coe")
# Members that protocols set apart from the area of freedom, security and justice, to which the acts belong.
APART = ("DNK", "IRL")
# The numberings of treaties; beside them stand acts of the Union and the laws of China.
TREATIES = ("mtdsg", "ilo", "cets")

_SURE = pl.Enum(["high", "medium", "low"])
_WHOM = ["instrument", "jurisdiction", "territorial_scope"]
_WHOLE = pl.col("territorial_scope") == "_T"


def bindings(events: pl.DataFrame, on: date | None = None) -> pl.DataFrame:
    """The intervals in which a jurisdiction is bound, in the columns of ``legal_binding``.

    ``events`` are rows of ``legal_event``. With ``on`` only what had happened by that day counts, and only bindings
    that hold on it are given, so that nothing which happened later can change the answer. An event without a date
    counts as having always been so.
    """
    known = _until(events, on).sort("date", "confidence", "source", "payload", "locator", nulls_last=True)
    found = pl.concat([_by_treaty(known), _extended(known), _by_act(known), _by_own_law(known)], how="diagonal_relaxed")
    found = found.filter(pl.col("valid_to").is_null() | (pl.col("valid_to") > pl.col("valid_from")))
    if on is not None:
        ended = pl.col("valid_to").is_not_null() & (pl.col("valid_to") <= on)
        found = found.filter(pl.col("valid_from") <= on, ~ended)
    declared = contract("legal_binding")
    rows = found.select(declared.field_names).cast(declared.polars_schema)
    return rows.unique(declared.key, keep="first", maintain_order=True).sort(declared.key)


def _until(events: pl.DataFrame, on: date | None) -> pl.DataFrame:
    known = events if on is None else events.filter(pl.col("date").is_null() | (pl.col("date") <= on))
    return known.with_columns(pl.col("confidence").cast(_SURE))


def _surest(events: pl.DataFrame) -> pl.DataFrame:
    """Of each jurisdiction and instrument the events of the surest sources."""
    return events.filter(pl.col("confidence").to_physical() == pl.col("confidence").to_physical().min().over(_WHOM))


def _first(events: pl.DataFrame, name: str) -> pl.DataFrame:
    """The first day of an event for each jurisdiction and instrument, in a column of that name."""
    return _surest(events.drop_nulls("date")).group_by(_WHOM).agg(pl.col("date").min().alias(name))


def _by_treaty(known: pl.DataFrame) -> pl.DataFrame:
    rules = codes.instruments().filter(pl.col("scheme").is_in(TREATIES)).select("instrument", "force_rule", "in_force")
    events = known.join(rules, on="instrument")
    consent = _surest(events.filter(pl.col("event").is_in(CONSENT)).drop_nulls("date"))
    left = events.filter(pl.col("event") == "denounce").select(*_WHOM, pl.col("date").alias("valid_to"))
    entered = events.filter(pl.col("event") == "enter_into_force")
    at_all = _first(entered.filter(pl.col("jurisdiction") == "_T"), "general").select("instrument", "general")
    bound = (
        _ended(consent, left)
        .join(_first(entered, "entered"), on=_WHOM, how="left")
        .join(at_all, on="instrument", how="left")
        .with_columns(_begins())
    )
    return bound.with_columns(valid_from=pl.max_horizontal("begins", "general", "in_force"))


def _ended(consent: pl.DataFrame, left: pl.DataFrame) -> pl.DataFrame:
    """The first consent before each denunciation, and the first after the last."""
    ends = (
        consent.join(left, on=_WHOM, how="left")
        .with_columns(pl.when(pl.col("valid_to") > pl.col("date")).then("valid_to"))
        .group_by(consent.columns, maintain_order=True)
        .agg(pl.col("valid_to").min())
    )
    return ends.unique([*_WHOM, "valid_to"], keep="first", maintain_order=True)


def _begins() -> list[pl.Expr]:
    """When a consent takes effect, and on what that rests."""
    entered = pl.when(pl.col("entered") >= pl.col("date")).then("entered")
    succeeded, by_then = pl.col("event") == "succeed", pl.col("date_precision") == "by"
    by_rule = pl.when(~succeeded, pl.col("date_precision") == "day").then(_by_rule())
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
    return [pl.coalesce(entered, by_rule, "date").alias("begins"), basis.alias("valid_from_basis")]


def _by_rule() -> pl.Expr:
    """The day of a consent and the treaty's period after it; null where there is none in days or months."""
    rule = pl.col("force_rule")
    unit = pl.when(rule.str.contains("M")).then(pl.lit("mo")).otherwise(pl.lit("d"))
    day = pl.col("date").dt.offset_by(pl.concat_str(rule.str.extract(r"(\d+)"), unit))
    return pl.when(rule.str.ends_with("F")).then(day.dt.month_start().dt.offset_by("1mo")).otherwise(day)


def _extended(known: pl.DataFrame) -> pl.DataFrame:
    """Territories to which a treaty was extended; they may be bound where the whole is not."""
    extended = _surest(known.filter(pl.col("event") == "extend").drop_nulls("date"))
    return extended.unique(_WHOM, keep="first", maintain_order=True).with_columns(
        valid_from=pl.col("date"), valid_to=pl.lit(None, pl.Date), valid_from_basis=pl.lit("consent")
    )


def _by_act(known: pl.DataFrame) -> pl.DataFrame:
    acts = known.join(codes.instruments().filter(pl.col("scheme") == "celex").select("instrument"), on="instrument")
    begun = _begun(acts)
    members = codes.areas().filter(pl.col("kind") == "state", pl.col("eu_from").is_not_null(), pl.col("in_scope"))
    wide = begun.join(members.select(pl.col("area").alias("member"), "eu_from"), how="cross")
    bound = pl.concat(
        [
            wide.filter(~pl.col("member").is_in(APART)).with_columns(valid_from=pl.max_horizontal("start", "eu_from")),
            _taking_part(acts, wide),
        ],
        how="diagonal_relaxed",
    )
    late = pl.col("eu_from") > pl.col("start")
    basis = pl.when(late & (pl.col("valid_from") == pl.col("eu_from"))).then(pl.lit("accession_to_union"))
    return _repealed(acts, bound.with_columns(jurisdiction=pl.col("member"))).with_columns(
        valid_from_basis=pl.coalesce(basis, "valid_from_basis"), territorial_scope=pl.lit("_T")
    )


def _by_own_law(known: pl.DataFrame) -> pl.DataFrame:
    """The laws of a state, which bind it from their entry into force until the day after their repeal."""
    laws = known.join(codes.instruments().filter(pl.col("scheme") == "prc").select("instrument"), on="instrument")
    entered = _surest(laws.filter(pl.col("event") == "enter_into_force").drop_nulls("date"))
    repealed = (
        laws.filter(pl.col("event") == "repeal")
        .group_by("instrument")
        .agg((pl.col("date").min() + pl.duration(days=1)).alias("valid_to"))
    )
    return (
        entered.unique(_WHOM, keep="first", maintain_order=True)
        .join(repealed, on="instrument", how="left")
        .with_columns(valid_from=pl.col("date"), valid_from_basis=pl.lit("entry_into_force"))
        .filter(pl.col("valid_to").is_null() | (pl.col("valid_to") > pl.col("valid_from")))
    )


def _begun(acts: pl.DataFrame) -> pl.DataFrame:
    """The event with which each act began to bind: its entry into force, or where that is not dated its adoption."""
    union = acts.filter(pl.col("jurisdiction") == "EU", pl.col("date").is_not_null(), _WHOLE)
    dated = pl.concat(
        [
            _surest(union.filter(pl.col("event") == event)).with_columns(valid_from_basis=pl.lit(basis))
            for event, basis in (("enter_into_force", "entry_into_force"), ("adopt", "adoption"))
        ]
    )
    first = dated.unique("instrument", keep="first", maintain_order=True)
    return first.with_columns(start=pl.col("date"), basis=pl.lit("act"))


def _taking_part(acts: pl.DataFrame, wide: pl.DataFrame) -> pl.DataFrame:
    """Denmark and Ireland, where a source says that they take part, from the day that it gives."""
    positions = acts.filter(pl.col("event").is_in(("opt_in", "opt_out")), pl.col("jurisdiction").is_in(APART))
    joined = _surest(positions).filter(pl.col("event") == "opt_in").unique(_WHOM, keep="first", maintain_order=True)
    own = ["event", "date", "basis", "source", "source_url", "confidence", "publisher", "dataset", "payload", "locator"]
    own += ["source_updated", "known_from", "known_to"]
    return (
        wide.drop(own)
        .join(joined.select("instrument", pl.col("jurisdiction").alias("member"), *own), on=["instrument", "member"])
        .with_columns(
            valid_from=pl.max_horizontal("start", "eu_from", "date"),
            valid_from_basis=pl.when(pl.col("date") > pl.col("start"))
            .then(pl.lit("opt_in"))
            .otherwise("valid_from_basis"),
        )
    )


def _repealed(acts: pl.DataFrame, bound: pl.DataFrame) -> pl.DataFrame:
    """The bindings with their ends. A member that the repealing act does not bind stays bound by the repealed one."""
    repeals = acts.filter(pl.col("event") == "repeal").drop_nulls("date")
    joined = acts.filter(pl.col("event") == "opt_in").select("instrument", "jurisdiction")
    left = acts.filter(pl.col("event") == "opt_out").join(joined, on=["instrument", "jurisdiction"], how="anti")
    apart = left.select(pl.col("instrument").alias("related"), "jurisdiction")
    general = repeals.filter(pl.col("jurisdiction") == "EU").select("instrument", "related", "date")
    for_all = (
        bound.select("instrument", "jurisdiction")
        .unique()
        .join(general, on="instrument")
        .join(apart.unique(), on=["related", "jurisdiction"], how="anti")
    )
    own = repeals.filter(pl.col("jurisdiction") != "EU").select("instrument", "jurisdiction", "date")
    ends = pl.concat([for_all.select(own.columns), own]).group_by("instrument", "jurisdiction")
    # The day of a repeal is the last on which the act binds, as EUR-Lex dates the end of validity.
    return bound.join(
        ends.agg(pl.col("date").min().dt.offset_by("1d").alias("valid_to")),
        on=["instrument", "jurisdiction"],
        how="left",
    )


def legal_binding(events: pl.DataFrame) -> pl.DataFrame:
    """Table ``legal_binding``: every binding that the events tell of."""
    return bindings(events)


def legal_gap(events: pl.DataFrame, statements: pl.DataFrame) -> pl.DataFrame:
    """Table ``legal_gap``: what is not known of which instrument, for whom, and why.

    ``events`` and ``statements`` are rows of ``legal_event`` and ``reservation``.

    Of a treaty the signature and consent of whoever did neither by any source: a list of its parties that does not name
    it speaks up to a day. Of each party the entry into force. Of an act its adoption, entry into force, application or
    deadline, its end, and the position of Denmark and Ireland. Of a law of China its adoption and entry into force.
    """
    instruments = codes.instruments()
    declared = contract("legal_gap")
    parts = [_treaty_gaps(events, instruments), _act_gaps(events, instruments), _own_law_gaps(events, instruments)]
    parts.append(_statement_gaps(events, statements, instruments))
    return pl.concat(parts).select(declared.field_names).unique().sort(declared.key)


def _treaty_gaps(events: pl.DataFrame, instruments: pl.DataFrame) -> pl.DataFrame:
    treaties = instruments.filter(pl.col("scheme").is_in(TREATIES)).select("instrument")
    listed = pl.concat([events.filter(pl.col("publisher").is_in(LISTS)).select("instrument"), _listed(events)]).unique()
    states = (
        codes.areas().filter(pl.col("in_scope"), pl.col("kind") == "state").select(pl.col("area").alias("jurisdiction"))
    )
    acted = events.filter(pl.col("event").is_in((*CONSENT, "sign"))).select("instrument", "jurisdiction").unique()
    dated = events.filter(pl.col("date").is_not_null())
    on_list = pl.col("instrument").is_in(listed["instrument"].implode())
    consent = (
        treaties.join(states, how="cross")
        .join(acted, on=["instrument", "jurisdiction"], how="anti")
        .with_columns(
            aspect=pl.lit("consent"),
            gap_reason=pl.when(on_list).then(pl.lit("not_on_list")).otherwise(pl.lit("no_citable_source")),
        )
    )
    consents = dated.filter(pl.col("event").is_in(CONSENT)).join(instruments, on="instrument")
    by_rule = (pl.col("date_precision") == "day") & pl.col("force_rule").is_not_null()
    entered = dated.filter(pl.col("event") == "enter_into_force").select("instrument", "jurisdiction").unique()
    force = (
        consents.join(treaties, on="instrument", how="semi")
        .group_by("instrument", "jurisdiction")
        .agg(by_rule.any().alias("by_rule"))
        .filter(~pl.col("by_rule"))
        .join(entered, on=["instrument", "jurisdiction"], how="anti")
        .select("instrument", "jurisdiction", aspect=pl.lit("entry_into_force"), gap_reason=pl.lit("not_dated"))
    )
    return pl.concat([consent, force])


def _statement_gaps(events: pl.DataFrame, statements: pl.DataFrame, instruments: pl.DataFrame) -> pl.DataFrame:
    """The parties to a treaty of which no list of statements came; who is absent from one stated nothing."""
    listed = statements.filter(pl.col("publisher").is_in(LISTS)).select("instrument").unique()
    return (
        events.filter(pl.col("event").is_in(CONSENT))
        .join(instruments.filter(pl.col("scheme").is_in(TREATIES)), on="instrument", how="semi")
        .join(listed, on="instrument", how="anti")
        .join(statements, on=["instrument", "jurisdiction"], how="anti")
        .select("instrument", "jurisdiction", aspect=pl.lit("statements"), gap_reason=pl.lit("no_citable_source"))
        .unique()
    )


def _listed(events: pl.DataFrame) -> pl.DataFrame:
    """The treaties whose status is asked for where anything of it came: a list may be without any of ours."""
    came = not events.filter(pl.col("dataset") == "untc/status").is_empty()
    alternatives = dataset("untc/status")[1].alternatives if came else []
    asked = [number for alternative in alternatives for number in alternative["mtdsg_no"]]
    return pl.DataFrame({"instrument": asked}, schema={"instrument": pl.String})


def _own_law_gaps(events: pl.DataFrame, instruments: pl.DataFrame) -> pl.DataFrame:
    """Plans are announced and have no entry into force; what a court or a ministry makes is promulgated."""
    laws = instruments.filter(pl.col("scheme") == "prc", pl.col("instrument_type") != "plan").select("instrument")
    wanted = pl.DataFrame({"aspect": ["adoption", "entry_into_force"], "event": ["adopt", "enter_into_force"]})
    dated = events.filter(pl.col("date").is_not_null())
    return (
        laws.join(wanted, how="cross")
        .join(dated, on=["instrument", "event"], how="anti")
        .select("instrument", "aspect", jurisdiction=pl.lit("CHN"), gap_reason=pl.lit("no_citable_source"))
        .select("instrument", "jurisdiction", "aspect", "gap_reason")
    )


def _act_gaps(events: pl.DataFrame, instruments: pl.DataFrame) -> pl.DataFrame:
    acts = instruments.filter(pl.col("scheme") == "celex")
    of_all = pl.DataFrame(
        {"aspect": ["adoption", "entry_into_force", "repeal"], "event": ["adopt", "enter_into_force", "repeal"]}
    )
    by_type = pl.DataFrame(
        {
            "instrument_type": ["directive", "regulation"],
            "aspect": ["transposition_deadline", "application"],
            "event": ["transposition_deadline", "apply"],
        }
    )
    wanted = pl.concat(
        [
            acts.select("instrument").join(of_all, how="cross"),
            acts.select("instrument", "instrument_type").join(by_type, on="instrument_type").drop("instrument_type"),
        ]
    )
    dated = events.filter(pl.col("jurisdiction") == "EU", pl.col("date").is_not_null())
    dates = wanted.join(dated, on=["instrument", "event"], how="anti").with_columns(jurisdiction=pl.lit("EU"))
    known = events.filter(pl.col("event").is_in(("opt_in", "opt_out")))
    positions = (
        acts.select("instrument")
        .join(pl.DataFrame({"jurisdiction": APART}), how="cross")
        .join(known, on=["instrument", "jurisdiction"], how="anti")
        .with_columns(aspect=pl.lit("position"))
    )
    names = ["instrument", "jurisdiction", "aspect"]
    ends = pl.when(pl.col("aspect") == "repeal").then(pl.lit("no_end_stated"))
    return pl.concat([dates.select(names), positions.select(names)]).with_columns(
        gap_reason=ends.otherwise(pl.lit("no_citable_source"))
    )

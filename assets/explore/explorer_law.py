"""The law, the visa rules, the pairs of counts and the gaps that ``explorer.html`` holds, as compact JSON."""

from datetime import date

import polars as pl

from assets.compare.question import member_states
from assets.explore.explorer_data import Json
from assets.law.visas import announced_by, rules_on, transit_rules_on
from warehouse.codes import CHINA, UNION
from warehouse.rows import Tables

# The code of the Union as a party to an act; its figures have another one, for its composition.
UNION_IN_LAW = "EU"


def law(tables: Tables, day: date) -> Json:
    """Instruments, and for each jurisdiction what binds it, its visa rules, its cooperation and its missing figures.

    ``day`` is the day of the release, on which a visa rule is in force or not.
    """
    return {
        "instruments": _instruments(tables),
        "bindings": _bindings(tables),
        "events": _events(tables),
        "visas": _visas(tables, day),
        "cooperation": _cooperation(tables),
        "mirrors": _mirrors(tables),
        "gaps": _gaps(tables),
    }


def _instruments(tables: Tables) -> Json:
    rows = tables["legal_instrument"].select("instrument", "name_en", "name_zh", "instrument_type").collect()
    return {row[0]: [row[1], row[2] or row[1], row[3]] for row in rows.sort("instrument").iter_rows()}


def _bindings(tables: Tables) -> Json:
    """By jurisdiction: instrument, first and last day of the binding, first day of application, source and address."""
    rows = tables["legal_binding"].filter(pl.col("territorial_scope") == "_T").with_columns(_party("jurisdiction"))
    fields = ("instrument", "valid_from", "valid_to", "applies_from", "source", "source_url", "confidence")
    return _by(rows, "jurisdiction", fields, ("valid_from", "instrument"))


def _events(tables: Tables) -> Json:
    """By jurisdiction: day, kind, instrument and source of each legal event with a known day."""
    rows = tables["legal_event"].filter(pl.col("date").is_not_null()).with_columns(_party("jurisdiction"))
    fields = ("date", "event", "instrument", "source", "source_url")
    return _by(rows, "jurisdiction", fields, ("date", "instrument", "event", "source"))


def _visas(tables: Tables, day: date) -> Json:
    """By member state: the rules of China for its citizens, and its rules for citizens of China.

    The last field is ``now`` for a rule that decides on the day, ``future`` for one that is announced, else ``past``.
    """
    china = pl.col("jurisdiction") == CHINA
    state = pl.when(china).then("partner").otherwise("jurisdiction")
    between = state.is_in(member_states()) & (china | (pl.col("partner") == CHINA))
    rules = tables["visa_rule"].filter(between).collect().with_row_index("rule")
    known = announced_by(rules, day)
    documents = rules["travel_document"].unique()
    deciding = [*(rules_on(known, [day], document) for document in documents), transit_rules_on(known, [day])]
    phase = (
        pl.when(pl.col("rule").is_in(pl.concat(deciding)["rule"].implode()))
        .then(pl.lit("now"))
        .when(pl.col("valid_from") > day)
        .then(pl.lit("future"))
        .otherwise(pl.lit("past"))
    )
    fields = (
        *("jurisdiction", "travel_document", "waiver", "stay_days", "window_days", "valid_from", "announced_to"),
        *("source", "source_url", "confidence", "phase"),
    )
    order = ("jurisdiction", "travel_document", "valid_from", "waiver", "source")
    return _by(rules.lazy().with_columns(state=state, phase=phase), "state", fields, order)


def _cooperation(tables: Tables) -> Json:
    fields = ("cooperation_type", "name", "signed", "date", "until", "source", "source_url", "confidence")
    rows = tables["cooperation"].filter(pl.col("jurisdiction") == CHINA).with_columns(_party("partner"))
    return _by(rows, "partner", fields, ("signed", "name"))


def _mirrors(tables: Tables) -> Json:
    """By member state: the pairs of counts of the same people."""
    rows = tables["mirror_flow"].with_columns(
        state=pl.when(pl.col("jurisdiction") == CHINA).then("partner").otherwise("jurisdiction")
    )
    fields = (
        *("mirror", "year", "first_value", "second_value", "ratio", "unit", "grade", "grade_reasons"),
        *("first_dataset", "second_dataset"),
    )
    both = rows.filter(pl.col("first_value").is_not_null(), pl.col("second_value").is_not_null())
    return _by(both, "state", fields, ("mirror", "year"))


def _gaps(tables: Tables) -> Json:
    fields = ("measure", "missing_reason", "years_missing", "first_missing", "last_missing", "because")
    return _by(tables["coverage_gap"], "jurisdiction", fields, ("measure", "first_missing"))


def _party(field: str) -> pl.Expr:
    return pl.col(field).replace({UNION_IN_LAW: UNION})


def _by(rows: pl.LazyFrame, key: str, fields: tuple[str, ...], order: tuple[str, ...]) -> Json:
    """The fields of the rows as lists, by the code in ``key``; days as text."""
    days = pl.selectors.date().cast(pl.String)
    found = rows.sort(key, *order, nulls_last=True).select(key, *fields).with_columns(days).collect()
    grouped: Json = {}
    for row in found.iter_rows():
        grouped.setdefault(row[0], []).append(list(row[1:]))
    return grouped

"""What differs between two releases: tables, schemas, rows and values. Pure functions on the files of both."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from html import escape
from string import Template

import polars as pl

from warehouse.contracts import Contract, contracts
from warehouse.releases import Release, table_file
from warehouse.storage import Place

SHOWN = 20
# Where a figure stands, and since when, is no difference in what a release says.
PROVENANCE = frozenset({"payload", "locator", "source_updated", "known_from", "known_to"})


@dataclass(frozen=True)
class TableDifference:
    """How a table differs: fields, rows, and for tables with a key in both releases which rows.

    ``changed`` counts keys whose other fields differ, provenance aside; ``examples`` are at most 20 of the keys that
    were changed, removed or added, in this order, with what was and what is.
    """

    table: str
    rows_before: int | None
    rows_after: int | None
    version_before: str | None = None
    version_after: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    added: int = 0
    removed: int = 0
    changed: int = 0
    by_dataset: dict[str, dict[str, int]] = field(default_factory=dict)
    examples: list[dict[str, object]] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return self.rows_before == self.rows_after and not (self.fields or self.added or self.removed or self.changed)


def differences(root: Place, before: Release, after: Release) -> list[TableDifference]:
    """The tables of two releases compared, in alphabetical order; table ``release``, which always differs, aside."""
    names = sorted({*before.tables, *after.tables} - {"release"})
    return [_table(root, name, before, after) for name in names]


def _table(root: Place, name: str, before: Release, after: Release) -> TableDifference:
    old, new = before.tables.get(name), after.tables.get(name)
    if old is None or new is None or old.sha256 == new.sha256:
        return TableDifference(name, old.rows if old else None, new.rows if new else None)
    frames = [pl.scan_parquet(table_file(root, release, name)) for release in (before, after)]
    schemas = [frame.collect_schema() for frame in frames]
    fields = schema_changes({k: str(v) for k, v in schemas[0].items()}, {k: str(v) for k, v in schemas[1].items()})
    declared = contracts().get(name)
    known = declared is not None and all(set(declared.key) <= set(schema) for schema in schemas)
    found = TableDifference(name, old.rows, new.rows, old.schema_version, new.schema_version, fields)
    return _with_rows(found, frames[0], frames[1], declared) if declared is not None and known else found


def schema_changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """What happened to each field that is not as it was: ``added``, ``removed``, or its type before and after."""
    removed = {name: "removed" for name in before if name not in after}
    added = {name: "added" for name in after if name not in before}
    retyped = {
        name: f"{before[name]} → {after[name]}" for name in before if name in after and before[name] != after[name]
    }
    return removed | added | retyped


def _with_rows(one: TableDifference, old: pl.LazyFrame, new: pl.LazyFrame, declared: Contract) -> TableDifference:
    """The difference with added, removed and changed rows by the key of the contract."""
    key = list(declared.key)
    shared = [name for name in old.collect_schema().names() if name in new.collect_schema().names()]
    content = [name for name in shared if name not in key and name not in PROVENANCE]
    pairs = new.select(*key, *content).join(old.select(*key, *content), on=key, how="full", suffix="_before")
    here, there = pl.col(key[0]).is_not_null(), pl.col(f"{key[0]}_before").is_not_null()
    differs = pl.any_horizontal(pl.lit(value=False), *(~pl.col(c).eq_missing(pl.col(f"{c}_before")) for c in content))
    kind = pl.when(~there).then(pl.lit("added")).when(~here).then(pl.lit("removed")).otherwise(pl.lit("changed"))
    found = pairs.filter(~here | ~there | differs).with_columns(difference=kind).collect()
    found = found.with_columns(pl.coalesce(name, f"{name}_before") for name in key).sort(key)
    counts = dict(found.group_by("difference").len().iter_rows())
    grouped: dict[str, dict[str, int]] = {}
    if "dataset" in key:
        by_dataset = found.group_by("dataset", "difference").len().sort("dataset", "difference")
        for dataset, what, count in by_dataset.iter_rows():
            grouped.setdefault(dataset, {})[what] = count
    return replace(
        one,
        added=counts.get("added", 0),
        removed=counts.get("removed", 0),
        changed=counts.get("changed", 0),
        by_dataset=grouped,
        examples=[_example(row, key, content) for row in _telling(found).iter_rows(named=True)],
    )


def _telling(found: pl.DataFrame) -> pl.DataFrame:
    """Some of the rows: what was changed says more than what is gone, and that more than what is new."""
    order = pl.col("difference").replace_strict(["changed", "removed", "added"], [0, 1, 2])
    return found.sort(order, maintain_order=True).head(SHOWN)


def _example(row: Mapping[str, object], key: list[str], content: list[str]) -> dict[str, object]:
    differing = [name for name in content if row[name] != row[f"{name}_before"]]
    return {
        "difference": row["difference"],
        **{name: row[name] for name in key},
        "before": {name: row[f"{name}_before"] for name in differing} if row["difference"] != "added" else None,
        "after": {name: row[name] for name in differing} if row["difference"] != "removed" else None,
    }


def report(before: Release, after: Release, found: list[TableDifference]) -> dict[str, object]:
    """The comparison for a machine."""
    return {
        "before": before.name,
        "after": after.name,
        "tables": [asdict(difference) for difference in found if not difference.same],
        "unchanged": [difference.table for difference in found if difference.same],
    }


PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>$before to $after</title><style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem;
  color: #1d2530; background: #fff; overflow-wrap: break-word; }
h2 { margin: 2rem 0 .25rem; font-size: 1.15rem; } p { margin: .25rem 0; max-width: 60rem; }
table { border-collapse: collapse; margin: .5rem 0; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #d9dee5; vertical-align: top; }
th, td { white-space: nowrap; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
a { color: #0b57d0; } .changed { color: #7a4d00; } .removed { color: #b42318; } .added { color: #14672c; }
.scroll { overflow-x: auto; } :focus-visible { outline: 3px solid #0b57d0; outline-offset: 2px; }
@media (max-width: 40rem) { body { margin: 1rem auto; font-size: 14px; } th, td { padding: .25rem .4rem; } }
</style></head><body><main><h1>From release $before to $after</h1>
<p>$summary</p>
<div class="scroll" tabindex="0" role="region" aria-label="Tables that differ">
<table><thead><tr><th scope="col">table</th><th scope="col" class="n">rows before</th>
<th scope="col" class="n">rows after</th><th scope="col" class="n">added</th><th scope="col" class="n">removed</th>
<th scope="col" class="n">changed</th><th scope="col">schema</th></tr></thead><tbody>
$overview
</tbody></table></div>
$details
</main></body></html>
""")


def page(before: Release, after: Release, found: list[TableDifference]) -> str:
    """The comparison as one HTML page that needs nothing else."""
    different = [difference for difference in found if not difference.same]
    same = ", ".join(difference.table for difference in found if difference.same) or "none"
    summary = f"{len(different)} of {len(found)} tables differ. Unchanged: {same}."
    return PAGE.substitute(
        before=escape(before.name),
        after=escape(after.name),
        summary=escape(summary),
        overview="\n".join(map(_overview, different)),
        details="\n".join(map(_details, different)),
    )


def _overview(one: TableDifference) -> str:
    numbers = (one.rows_before, one.rows_after, one.added, one.removed, one.changed)
    cells = "".join(f'<td class="n">{"–" if number is None else f"{number:,}"}</td>' for number in numbers)
    fields = "; ".join(f"{name} {what}" for name, what in one.fields.items()) or "same"
    name = escape(one.table)
    linked = f'<a href="#{name}">{name}</a>' if one.examples else name
    return f'<tr><th scope="row">{linked}</th>{cells}<td>{escape(fields)}</td></tr>'


def _details(one: TableDifference) -> str:
    if not one.examples:
        return ""
    key = [name for name in one.examples[0] if name not in ("difference", "before", "after")]
    varying = [name for name in key if len({str(example[name]) for example in one.examples}) > 1] or key[:1]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("difference", *varying, "before", "after"))
    rows = "\n".join(_example_row(example, varying) for example in one.examples)
    datasets = "; ".join(
        f"{name}: {', '.join(f'{count:,} {what}' for what, count in counts.items())}"
        for name, counts in one.by_dataset.items()
    )
    alike = ", ".join(f"{name} {one.examples[0][name]}" for name in key if name not in varying)
    shown = f"The first {len(one.examples)} of {one.added + one.removed + one.changed:,}" + (
        f", all of {alike}." if alike else "."
    )
    said = "".join(f"<p>{escape(line)}</p>" for line in (f"{datasets}." if datasets else "", shown) if line)
    name = escape(one.table)
    return (
        f'<h2 id="{name}">{name}</h2>{said}'
        f'<div class="scroll" tabindex="0" role="region" aria-label="Rows of {name}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _example_row(example: Mapping[str, object], varying: list[str]) -> str:
    said = [_said(example[side]) for side in ("before", "after")]
    cells = "".join(f"<td>{escape(str(example[name]))}</td>" for name in varying)
    what = escape(str(example["difference"]))
    return f'<tr><td class="{what}">{what}</td>{cells}<td>{said[0]}</td><td>{said[1]}</td></tr>'


def _said(fields: object) -> str:
    if not isinstance(fields, Mapping):
        return "–"
    if fields.get("value") is not None and "unit" in fields:  # of a row that is new or gone, the figure
        return escape(f"{fields['value']:,.15g} {fields['unit']}")
    said = (
        f"{name} {value:,.15g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in fields.items()
        if value is not None
    )
    return escape(", ".join(said)) or "–"

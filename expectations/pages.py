"""Quality pages of a release: an index and one page for each table, rendered from the outcomes of its rules.

The pages have no script and load nothing. Every value is escaped, because codes and names come from publishers.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from expectations.validation import Outcome
from warehouse.contracts import contract
from warehouse.errors import counted
from warehouse.templates import template

# Table → rule → reason for which a person accepted the failing rows of the table.
Accepted = Mapping[str, Mapping[str, str]]


def write_pages(outcomes: Mapping[str, Sequence[Outcome]], folder: Path, accepted: Accepted | None = None) -> Path:
    """Write the page of each table and an index to a new folder; return the index, which is written last."""
    folder.mkdir(parents=True)
    tables = [_table(name, outcomes[name], (accepted or {}).get(name, {})) for name in sorted(outcomes)]
    for table in tables:
        _write(folder / f"{table['name']}.html", "table.html", table=table)
    return _write(folder / "index.html", "index.html", tables=tables)


def summary(outcomes: Sequence[Outcome]) -> str:
    """The result of the rules of a table in words: ``42 rules, 1 warning`` or ``42 rules, all met``."""
    failed = [outcome.severity for outcome in outcomes if not outcome.success]
    counts = [counted(failed.count(severity), severity) for severity in ("error", "warning") if severity in failed]
    return ", ".join([counted(len(outcomes), "rule"), *(counts or ["all met"])])


def _table(name: str, outcomes: Sequence[Outcome], accepted: Mapping[str, str]) -> dict[str, object]:
    """What the page of a table shows."""
    return {
        "name": name,
        "title": contract(name).title,
        "summary": summary(outcomes),
        "checked": counted(max((outcome.checked for outcome in outcomes), default=0), "row"),
        "failed": [_failed(outcome, accepted.get(outcome.name)) for outcome in outcomes if not outcome.success],
        "contract": [outcome for outcome in outcomes if outcome.success and outcome.part_of_contract],
        "met": [outcome for outcome in outcomes if outcome.success and not outcome.part_of_contract],
    }


def _failed(outcome: Outcome, accepted: str | None) -> dict[str, object]:
    """What the page shows of a rule that is not met."""
    shown = outcome.rows.height
    text = f"{counted(outcome.failing, 'failure')} in {counted(outcome.checked, 'row')}"
    return {
        "name": outcome.name,
        "severity": outcome.severity,
        "reason": outcome.reason,
        "accepted": accepted,
        "count": f"{text}; the first {shown} are shown." if shown < outcome.failing else f"{text}.",
        "columns": outcome.rows.columns,
        "rows": [[_cell(value) for value in row] for row in outcome.rows.iter_rows()],
    }


def _cell(value: object) -> str:
    """A value as text: a dash for a missing one, and whole numbers without decimals."""
    if value is None:
        return "–"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _write(path: Path, page: str, **values: object) -> Path:
    path.write_text(template("expectations", "templates", page).render(**values), encoding="utf-8")
    return path

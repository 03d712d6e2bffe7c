"""The changelog of a release."""

from collections.abc import Mapping, Sequence

from warehouse.releases import Release


def changelog(entry: Release, last: Release | None, sections: Mapping[str, Sequence[str]]) -> str:
    """The changes since the release before, as Markdown: the rows of each table, and further ``sections`` with lines.

    A section without lines is left out.
    """
    lines = [f"# Release {entry.name}", "", f"Made {entry.created} from payloads of mode {entry.mode}."]
    lines += [f"Compared with {last.name}." if last else "The first release.", "", "| table | rows | before | change |"]
    lines += ["|---|---:|---:|---:|"]
    for name, facts in entry.tables.items():
        before = last.tables[name].rows if last and name in last.tables else 0
        same = last is not None and name in last.tables and last.tables[name].sha256 == facts.sha256
        change = "none" if same else f"{facts.rows - before:+,}"
        lines.append(f"| {name} | {facts.rows:,} | {before:,} | {change} |")
    gone = sorted(set(last.tables) - set(entry.tables)) if last else []
    lines += ["", f"Tables that are no longer here: {', '.join(gone)}."] if gone else []
    for title, items in sections.items():
        lines += ["", f"{title}:", "", *(f"- {item}" for item in items)] if items else []
    return "\n".join(lines) + "\n"

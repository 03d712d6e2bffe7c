"""Writes the sources of the documentation site into a folder: ``python -m tools.site FOLDER``, as ``make docs`` does.

The pages are the documents of the repository, and one generated page for each table. Links between documents become
links between pages. A link to a file that is not a page becomes its name: the site works without the repository.
"""

import re
import sys
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

import yaml

from pipelines.documents import dictionary
from warehouse.contracts import Contract, contracts

ROOT = Path(__file__).resolve().parents[1]
# Document of the repository → page and its title, in the order of the navigation.
CHAPTERS: dict[str, dict[str, tuple[str, str]]] = {
    "Start": {"README.md": ("index.md", "Start in five minutes")},
    "Questions and answers": {
        "docs/questions.md": ("questions.md", "Questions with their queries"),
        "docs/chinese_citizens_in_the_eu.md": ("chinese_citizens_in_the_eu.md", "Chinese citizens in the EU"),
        "warehouse/README.md": ("reading.md", "Reading a release: pandas, R, DuckDB, Excel"),
    },
    "Tables": {"docs/dictionary.md": ("tables/index.md", "All tables")},
    "Running it": {
        "docs/commands.md": ("commands.md", "Commands and settings"),
        "docs/live.md": ("live.md", "A live build"),
        "docs/operations.md": ("operations.md", "Operations"),
        "deploy/README.md": ("deploy.md", "Files for a server"),
        "docs/reliability.md": ("reliability.md", "Reliability"),
    },
    "Changing it": {
        "docs/architecture.md": ("architecture.md", "Architecture and decisions"),
        "CONTRIBUTING.md": ("contributing.md", "Adding datasets and code"),
        "tools/snapshot/README.md": ("snapshot.md", "The embedded snapshot"),
        "SECURITY.md": ("security.md", "Security"),
        "CHANGELOG.md": ("changelog.md", "Changelog"),
    },
}
PAGES = {document: page for chapter in CHAPTERS.values() for document, (page, _) in chapter.items()}
DICTIONARY = "docs/dictionary.md"
STYLE = ":root { --md-primary-fg-color: #1f3a5f; --md-primary-bg-color: #fff; --md-accent-fg-color: #b3541e; }\n"
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]*)\)")
CHAPTER = re.compile(r"^## ", flags=re.MULTILINE)


def write(folder: Path) -> None:
    """Write all pages and ``mkdocs.yml`` into a folder that is empty or missing."""
    source = folder / "pages"
    pages = {page: with_links((ROOT / document).read_text("utf-8"), document) for document, page in PAGES.items()}
    tables = table_pages()
    pages |= tables
    for page, text in pages.items():
        path = source / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (source / "site.css").write_text(STYLE, encoding="utf-8")
    settings = yaml.safe_load((ROOT / "docs" / "mkdocs.yml").read_text("utf-8"))
    settings |= {"docs_dir": "pages", "site_dir": "site", "nav": navigation(list(tables))}
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def navigation(tables: list[str]) -> list[dict[str, object]]:
    """The chapters with their pages; the pages of the tables follow the list of all tables."""
    found: list[dict[str, object]] = []
    for chapter, documents in CHAPTERS.items():
        entries: list[object] = [{title: page} for page, title in documents.values()]
        if chapter == "Tables":
            entries += [page for page in tables if page != PAGES[DICTIONARY]]
        found.append({chapter: entries})
    return found


def with_links(text: str, document: str) -> str:
    """The text of a document with links to pages in place of links to files of the repository."""

    def replaced(found: re.Match[str]) -> str:
        image, name, address = found.groups()
        target, hash_, anchor = address.partition("#")
        if image or not target or "://" in target or target.startswith("mailto:"):
            return found.group()
        file = normpath(str(PurePosixPath(document).parent / target))
        if not (ROOT / file).exists():
            raise ValueError(f"{document} links to {target}, which does not exist")
        if file not in PAGES:
            return name
        return f"[{name}]({relpath(PAGES[file], PurePosixPath(PAGES[document]).parent)}{hash_}{anchor})"

    return LINK.sub(replaced, _with_wide_lists(text))


def _with_wide_lists(text: str) -> str:
    """The text with one space more before what belongs to a numbered item: the site needs four, GitHub three."""
    lines, in_code = [], False
    for line in text.split("\n"):
        in_code ^= line.startswith("```")
        lines.append(f" {line}" if line.startswith("   ") and not in_code else line)
    return "\n".join(lines)


def table_pages() -> dict[str, str]:
    """The list of all tables, a page for each table, and the pages of all fields and all codes, from the dictionary."""
    start, *chapters = CHAPTER.split(dictionary())
    names = [chapter.partition("\n")[0].strip() for chapter in chapters]
    places = {name.lower(): name.lower() + ".md" for name in names}

    def linked(text: str) -> str:
        return re.sub(
            r"\]\(#([^)]*)\)", lambda link: f"]({places[link[1]]})" if link[1] in places else link.group(), text
        )

    pages = {PAGES[DICTIONARY]: linked(start)}
    for name, chapter in zip(names, chapters, strict=True):
        body = linked(chapter.partition("\n")[2].strip())
        own = ""
        if name in contracts():
            body = re.sub(r"^Fields: .*$", "", body, flags=re.MULTILINE)  # the table of the fields below has more
            own = f"\n\n{fields_of(contracts()[name])}"
        pages[f"tables/{places[name.lower()]}"] = f"# {name}\n\n{body}{own}\n"
    return pages


def fields_of(declared: Contract) -> str:
    """The fields of a table with their meaning."""
    rows = [
        f"| `{column.name}`{' ★' if column.name in declared.key else ''} | {column.type} | {column.unit} "
        f"| {f'`{column.codes}`' if column.codes else ''} | {column.description.replace('|', '/')} |"
        for column in declared.columns
    ]
    return "\n".join(
        ["## Fields of the table", "", "| field | type | unit | codes | meaning |", "|---|---|---|---|---|", *rows]
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]))

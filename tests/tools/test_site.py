"""The sources of the documentation site: every page is in the navigation, and every link leads to a page."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tools import site
from warehouse.contracts import contracts

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    site.write(folder)
    return folder / "pages"


def test_every_link_of_a_page_leads_to_a_page(pages: Path) -> None:
    for page in pages.rglob("*.md"):
        for address in LINK.findall(page.read_text()):
            target = address.partition("#")[0]
            if target and "://" not in target:
                assert (page.parent / target).is_file(), f"{page.relative_to(pages)} links to {address}"


def test_every_page_is_in_the_navigation_and_each_table_has_one(pages: Path) -> None:
    def listed(entries: object) -> list[str]:
        if isinstance(entries, dict):
            return [page for value in entries.values() for page in listed(value)]
        return [page for entry in entries for page in listed(entry)] if isinstance(entries, list) else [str(entries)]

    settings = yaml.safe_load((pages.parent / "mkdocs.yml").read_text())
    assert sorted(listed(settings["nav"])) == sorted(str(page.relative_to(pages)) for page in pages.rglob("*.md"))
    for table, declared in contracts().items():
        text = (pages / "tables" / f"{table}.md").read_text()
        assert "SELECT" in text
        assert all(f"| `{column.name}`" in text for column in declared.columns), table


def test_every_document_for_people_is_a_page() -> None:
    documents = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")} | {"README.md", "CHANGELOG.md"}
    assert documents <= site.PAGES.keys()


def test_steps_of_a_list_keep_their_numbers_and_code_its_indentation() -> None:
    text = "1. first:\n\n   ```sh\n   ls\n   ```\n\n2. second\n\n```python\nif x:\n    y\n```"
    shown = "1. first:\n\n    ```sh\n    ls\n    ```\n\n2. second\n\n```python\nif x:\n    y\n```"
    assert site.with_links(text, "README.md") == shown


def test_a_link_to_a_file_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="links to nothing"):
        site.with_links("[a page](nothing.md)", "README.md")


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_a_network(tmp_path: Path) -> None:
    mkdocs = shutil.which("mkdocs") or str(ROOT / ".venv-docs" / "bin" / "mkdocs")
    if not Path(mkdocs).exists():
        pytest.skip("mkdocs is not installed; `make docs` installs it")
    site.write(tmp_path)
    command = [mkdocs, "build", "--quiet", "--strict", "-f", str(tmp_path / "mkdocs.yml")]
    subprocess.run(command, check=True, capture_output=True, env={"NO_MKDOCS_2_WARNING": "1", "PATH": "/usr/bin:/bin"})
    for page in (tmp_path / "site").rglob("*.html"):
        loaded = re.findall(r"<(?:script|img|iframe|link)[^>]+(?:src|href)=\"?(https?://[^\" >]+)", page.read_text())
        assert not loaded, f"{page.name} loads {loaded}"

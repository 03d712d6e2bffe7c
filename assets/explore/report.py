"""The report of a release in each language: a short page of words and numbers.

A page depends only on the tables of a release. Styles are inside the page, which loads nothing. Each number links to
its source in the explorer.
"""

from importlib.resources import files

from assets.explore import answer, changes, overview
from assets.explore.context import SIDES, ReportContext
from assets.explore.elements import sentence, word
from assets.explore.i18n import Language, texts, translate, words
from assets.explore.register import register
from warehouse.exports.about import About
from warehouse.rows import Tables
from warehouse.storage import Place
from warehouse.storage.local import LocalPlace
from warehouse.templates import template

# The port on 127.0.0.1 at which `corridor ui` serves the pages of releases.
SHOWN_ON = 3100
PAGES: dict[Language, str] = {"en": "report.html", "zh": "report.zh.html"}


def release_address(root: Place, name: str) -> str:
    """The address at which a person can open the pages of a release."""
    return f"http://127.0.0.1:{SHOWN_ON}/{name}" if isinstance(root, LocalPlace) else str(root / name)


def pages(tables: Tables, about: About) -> dict[str, str]:
    """File name → report in each language, from the tables of a release by name."""
    untranslated = page(tables, about)
    return {name: translate(untranslated, words(tables, language)) for language, name in PAGES.items()}


def page(tables: Tables, about: About) -> str:
    """The page before translation, with a placeholder for each word."""
    context = ReportContext(tables, about)
    return template("assets.explore", ".", "page.html").render(
        t={key: sentence(key) for key in texts()["en"]},
        sentence=sentence,
        about=about,
        style=files(__package__).joinpath("style.css").read_text(encoding="utf-8"),
        answer=answer.chinese_in_the_union(context.figures),
        glance=overview.glance(context),
        sides=[word("area", side) for side in SIDES],
        headline=overview.headline(context),
        one_sided=overview.one_sided(context),
        gaps=changes.gaps(context),
        changes=changes.changes(context),
        datasets=register(tables),
    )

"""The report: what a release holds, on one page for each language that people look at.

A page is a pure function of the tables of a release. It asks nobody for anything: styles and plots stand in it. Every
number leads to the payload that it was read from, or to the dataset, table or formula that it was worked out from.
"""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from assets.explore import corridor, sections
from assets.explore.context import Given
from assets.explore.i18n import Language, Tables, sentence, spoken, texts, words
from assets.explore.sources import register
from warehouse.exports.about import About

# The port of 127.0.0.1 on which `corridor ui` serves the pages of releases.
SHOWN_ON = 3100
PAGES: dict[Language, str] = {"en": "report.html", "zh": "report.zh.html"}


def pages(tables: Tables, about: About) -> dict[str, str]:
    """File name → page of a release, in every language, from its tables by name."""
    written = page(tables, about)
    return {name: spoken(written, words(tables, language)) for language, name in PAGES.items()}


def page(tables: Tables, about: About) -> str:
    """The page in no language, with marks for its words."""
    given = Given(tables, about)
    datasets, joined = register(tables)
    return _template().render(
        t={key: sentence(key) for key in texts()["en"]},
        say=sentence,
        about=about,
        style=files(__package__).joinpath("style.css").read_text(encoding="utf-8"),
        glance=sections.glance(given),
        headline=sections.headline(given),
        born=corridor.born(given),
        asylum=corridor.asylum(given),
        visas=corridor.visas(given),
        corridors=corridor.corridors(given),
        themes=sections.themes(given),
        internal=sections.internal(given),
        coverage=sections.coverage(given),
        timeline=sections.timeline(given),
        jumps=sections.jumps(given),
        changes=sections.changes(given),
        measures=sections.appendix(given),
        datasets=datasets,
        joined=joined,
    )


def at_a_glance(tables: Tables, about: About) -> list[dict[str, str]]:
    """The figures that stand first on the page, in English."""
    said = words(tables, "en")
    return [
        {
            "measure": spoken(card["name"], said),
            "jurisdiction": spoken(card["place"], said),
            "year": str(card["year"]),
            "value": spoken(card["figure"]["text"], said),
            "grade": card["grade"] or "",
        }
        for card in sections.glance(Given(tables, about))
    ]


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("assets.explore", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")

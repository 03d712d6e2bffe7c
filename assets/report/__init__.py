"""The report: what a release holds, on one page for each language that people look at.

A page is a pure function of the tables of a release. It asks nobody for anything: styles and plots stand in it. Every
number leads to the payload that it was read from, or to the dataset, table or formula that it was worked out from.
"""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from assets.report import corridor, sections
from assets.report.given import Given
from assets.report.sources import register
from assets.report.words import Language, Tables, words
from warehouse.package import About

PAGES: dict[Language, str] = {"en": "report.html", "zh": "report.zh.html"}


def report(tables: Tables, about: About, language: Language) -> str:
    """The page of a release, from its tables by name."""
    said = words(tables, language)
    given = Given(tables, about, said)
    datasets, joined = register(tables, said)
    return _template().render(
        t=said.texts,
        language=language,
        pages=PAGES,
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


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("assets.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")


def pages(tables: Tables, about: About) -> dict[str, str]:
    """File name → page, in every language."""
    return {name: report(tables, about, language) for language, name in PAGES.items()}

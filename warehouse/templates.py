"""Templates of HTML pages. Every value is escaped, and a name that a page does not get is an error."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


@cache
def template(package: str, folder: str, name: str) -> Template:
    """A template in a folder of a package. A page that it renders has no line break at its end."""
    environment = Environment(
        loader=PackageLoader(package, folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)

"""Programs for maintainers. They are not part of the installed package."""

"""The pages of a release: ``report`` in two languages, and ``explorer``."""

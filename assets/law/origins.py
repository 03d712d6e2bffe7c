"""The datasets from which the law of each scheme of instruments is known."""

from collections.abc import Mapping

# Scheme → the datasets with the events of its instruments.
EVENTS: Mapping[str, tuple[str, ...]] = {
    "mtdsg": ("untc/status", "citations/events"),
    "cets": ("coe/chart", "citations/events"),
    "ilo": ("ilo/ratifications", "citations/events"),
    "celex": ("cellar/acts", "citations/events"),
    "prc": ("flk/laws",),
}
# Scheme → the datasets with the declarations and reservations of its parties.
DECLARATIONS: Mapping[str, tuple[str, ...]] = {"mtdsg": ("untc/statements",), "cets": ("coe/statements",)}
# Scheme → the dataset that has one request for each instrument, and the filter with the instrument.
REQUESTED_ONE_BY_ONE: Mapping[str, tuple[str, str]] = {"mtdsg": ("untc/status", "mtdsg_no")}
VISA_RULES = ("citations/visa_rules",)

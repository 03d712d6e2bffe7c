"""The datasets from which the law of each scheme of instruments is known."""

from collections.abc import Mapping

# Scheme → the datasets with the events of its instruments.
EVENTS: Mapping[str, tuple[str, ...]] = {
    "mtdsg": ("untc/status", "citations/events"),
    "cets": ("coe/chart", "citations/events"),
    "ilo": ("ilo/ratifications", "citations/events"),
    "celex": ("cellar/acts", "citations/events"),
    "prc": ("flk/laws", "citations/events"),
}
# Scheme → the datasets with the declarations and reservations of its parties.
DECLARATIONS: Mapping[str, tuple[str, ...]] = {"mtdsg": ("untc/statements",), "cets": ("coe/statements",)}
# Scheme → the dataset that has one request for each instrument, and the filter with the instrument.
REQUESTED_ONE_BY_ONE: Mapping[str, tuple[str, str]] = {"mtdsg": ("untc/status", "mtdsg_no")}
# The publishers whose lists name the parties of a treaty.
PARTY_LISTS = ("untc", "coe")
VISA_RULES = ("citations/visa_rules",)
# The schemes whose lists name every party of a treaty. A state that is not on them is not bound.
WHOLE_LISTS = ("mtdsg", "cets")
# Computation of a measure → the datasets without which its figures would be too small.
INPUTS: Mapping[str, tuple[str, ...]] = {
    "treaties_in_force": tuple(dict.fromkeys(name for scheme in WHOLE_LISTS for name in EVENTS[scheme])),
    "union_acts_binding": EVENTS["celex"],
    "citizenship_provisions": ("globalcit/citizenship_law",),
    "trafficking_tier": ("usstate/tip_tiers",),
    "visa_free_days": VISA_RULES,
    "visa_free_days_abroad": VISA_RULES,
}
# The same for the limits that the law itself states (``LIMITS`` in ``provisions``).
INPUTS_OF_LIMITS = ("citations/provisions", *EVENTS["celex"], *EVENTS["prc"])

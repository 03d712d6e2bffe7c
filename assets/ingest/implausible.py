"""Responses with rows that no table may have: a negative number of persons, or a year that nobody estimates.

Such a row would hold back the release with all other datasets. So the response is not used, and the last good one stays
in use. A person may accept its payloads; then the check of the table decides.
"""

from collections.abc import Collection, Mapping

from assets.ingest.stored import ReadResponse

# The name under which a person accepts the payloads of a dataset.
CHECK = "broken_rules"


def implausible(found: Mapping[str, list[ReadResponse]], accepted: Collection[str]) -> dict[str, str]:
    """Fingerprint of each response with a row that breaks a rule by itself → the reason.

    ``accepted`` are the payloads that a person accepted.
    """
    refused = {}
    for response in (each for responses in found.values() for each in responses):
        why = response.facts["broken"]
        if why and not response.is_accepted(accepted):
            refused[response.fingerprint] = f"{why}; {response.accepting(CHECK)} uses it"
    return refused

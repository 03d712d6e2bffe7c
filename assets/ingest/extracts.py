"""Imported payloads hold what a person downloaded: often more than a dataset requests, or a different dataset.

The publisher's own response needs none of this, because the request selects the dataset and its slice.
"""

import re
from dataclasses import replace
from pathlib import Path

import polars as pl

from assets.core.errors import AssetError
from sources.catalogue.model import Dataset, Publisher
from sources.cells import Cells
from sources.protocols.requests import endpoint_of

# The formats whose payload contains the publisher's code of the dataset. In other formats it is a title or the name of
# a table or database.
_STATES_CODE = ("sdmx_csv", "sdmx_json", "sdmx_xml", "json_stat", "eurostat_xlsx")
# The formats in which nothing states the dataset, but whose usual file name is its code.
_NAMED_BY_FILE = ("eurostat_tsv", "eurostat_explorer_csv")


def refuse_other_dataset(cells: Cells, publisher: Publisher, name: str, file: Path) -> None:
    """Raise ``AssetError`` if a payload states that it is another dataset, or has the file name of another one.

    The file name counts only in formats that state no dataset.
    """
    whole = f"{publisher.publisher}/{name}"
    stated = cells.dataset if cells.format in _STATES_CODE else None
    if stated and not _names(publisher, name, stated):
        others = [f"{publisher.publisher}/{other}" for other in publisher.datasets if _names(publisher, other, stated)]
        advice = f"; import it as {others[0]}" if others else ""
        raise AssetError(f"{file.name} states that it is dataset {stated}, not {whole}{advice}")
    if cells.format not in _NAMED_BY_FILE or _in_file_name(publisher.datasets[name], name, file):
        return
    for other, entry in publisher.datasets.items():
        if _in_file_name(entry, other, file):
            raise AssetError(
                f"{file.name} has the name of {publisher.publisher}/{other} and states no dataset, so it is not "
                f"imported as {whole}; rename the file if it is {whole}"
            )


def cut_to_slice(cells: Cells, entry: Dataset) -> Cells:
    """The cells that a request of the dataset selects: those with the codes of its filters and of ``expect``.

    A filter whose codes the payload does not use (labels instead of codes, another scheme) selects nothing and is
    skipped.
    """
    rule = entry.observe or entry.record
    assert rule is not None  # the model of the catalogue requires one of both
    frame = cells.frame.collect()
    for name, codes in [*entry.filters.items(), *rule.expect.items()]:
        dimension = next((own for own in cells.dimensions if own.lower() == name.lower()), None)
        if dimension is None:
            continue
        wanted = frame[dimension].cast(pl.String).is_in(codes)
        if wanted.any():
            frame = frame.filter(wanted)
    return replace(cells, frame=frame.lazy())


def _names(publisher: Publisher, name: str, stated: str) -> bool:
    """Whether ``stated`` is the publisher's code of a dataset, or a part of the address at which it is requested."""
    entry = publisher.datasets[name]
    own = (entry.code or name).lower()
    return stated.lower() == own or stated.lower() in endpoint_of(publisher, name).url.lower()


def _in_file_name(entry: Dataset, name: str, file: Path) -> bool:
    code = re.escape((entry.code or name).lower())
    return re.search(rf"(?<![a-z0-9]){code}(?![a-z0-9])", file.name.lower()) is not None

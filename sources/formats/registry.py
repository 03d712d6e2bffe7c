"""The registry of wire formats. A format turns bytes into cells, and does not change codes or meanings.

A format is a module with four names:

- ``NAME``                    its name on the command line
- ``recognises(head, path)``  whether an unpacked payload is in this format: decided from its first ``HEAD`` bytes, or
  for a workbook from the names of its sheets and their headers
- ``read(path)``              the cells of an unpacked payload; raises ``FormatError``
- ``finder(path)``            a function from locator to the text of the value in the payload, which reads the payload
  independently of ``read``, so that every value can be traced to its place in the payload

Modules are grouped by container: ``delimited`` (CSV and TSV), ``json``, ``markup`` (HTML, XML, Word) and ``workbook``
(Excel). A new format is one module and one line in ``FORMATS``. The modules next to this one are shared by formats of
several containers: ``values`` and ``wide_table`` by formats of any publisher; ``codings`` (policy indices),
``missing_migrants`` (IOM), ``sdmx``, ``uis`` (UNESCO) and ``unhcr`` by the formats of one publisher; ``unpack`` and
``fabricated`` by the reading of every payload.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from sources.cells import Cells
from sources.formats.delimited import (
    codings_csv,
    ctdc_csv,
    eurostat_explorer_csv,
    eurostat_tsv,
    figures_csv,
    globalcit_csv,
    ilostat_csv,
    law_csv,
    missing_migrants_csv,
    nbs_table_csv,
    sdmx_csv,
    uis_csv,
    undata_csv,
    unhcr_csv,
    worldbank_csv,
    wpp_tsv,
)
from sources.formats.json import (
    data360_json,
    flk_json,
    json_stat,
    nbs_easyquery,
    nbs_json,
    sdmx_json,
    sparql_json,
    uis_json,
    un_portal_json,
    unhcr_json,
    worldbank_json,
)
from sources.formats.markup import (
    cellar_notice_xml,
    law_docx,
    normlex_html,
    sdmx_xml,
    untc_html,
    untc_xml,
)
from sources.formats.workbook import (
    codings_xlsx,
    eurostat_xlsx,
    frontex_xlsx,
    glotip_xlsx,
    knomad_xlsx,
    missing_migrants_xlsx,
    nbs_table_xlsx,
    oecd_annex_xlsx,
    schengen_visas_xlsx,
    undesa_xlsx,
    worldbank_xlsx,
)


class Format(Protocol):
    """The functions of a format module."""

    NAME: str

    def recognises(self, head: bytes, path: Path, /) -> bool:
        """Return whether the payload at ``path``, which begins with ``head``, is in this format."""

    def read(self, path: Path) -> Cells:
        """Return the cells of an unpacked payload."""

    def finder(self, path: Path) -> Callable[[int], str]:
        """Return a function from locator to the text at that place."""


# The formats in the order in which they are tried: those with a unique beginning first.
FORMATS: tuple[Format, ...] = (
    json_stat,
    sdmx_json,
    unhcr_json,
    worldbank_json,
    data360_json,
    un_portal_json,
    uis_json,
    nbs_json,
    nbs_easyquery,
    sparql_json,
    flk_json,
    law_docx,
    untc_html,
    sdmx_xml,
    untc_xml,
    cellar_notice_xml,
    normlex_html,
    law_csv,
    globalcit_csv,
    codings_csv,
    figures_csv,
    sdmx_csv,
    eurostat_tsv,
    eurostat_explorer_csv,
    unhcr_csv,
    worldbank_csv,
    undata_csv,
    ilostat_csv,
    uis_csv,
    missing_migrants_csv,
    ctdc_csv,
    wpp_tsv,
    nbs_table_csv,
    nbs_table_xlsx,
    worldbank_xlsx,
    undesa_xlsx,
    oecd_annex_xlsx,
    knomad_xlsx,
    glotip_xlsx,
    frontex_xlsx,
    missing_migrants_xlsx,
    eurostat_xlsx,
    schengen_visas_xlsx,
    codings_xlsx,
)
# How many bytes from its beginning decide the format of a payload.
HEAD = 65_536

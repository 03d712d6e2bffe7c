"""Writes the snapshot: ``python -m tools.snapshot.record CORPUS``, a folder of public copies of what was published.

Only figures are taken over. They are written anew in the publisher's wire format; nothing of a copy, neither a file nor
a text, comes into the snapshot. Recording the same copies twice gives the same bytes.
"""

import argparse
import gzip
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from pathlib import Path

import yaml

from sources import reading
from sources.catalogue import publishers
from sources.snapshot import FOLDER, Payload
from tools.snapshot import (
    china_law,
    china_prose,
    cooperation,
    eurostat,
    globalcit,
    ilostat,
    iom,
    law,
    nbs,
    oecd,
    tip,
    uis,
    undesa,
    unhcr,
    visa,
    worldbank,
)
from tools.snapshot.sources import Recorded

RECORDERS: dict[str, Callable[[Path], Iterable[Recorded]]] = {
    **{
        name: partial(china_prose.recorded, name)
        for name in ("mfa", "mofcom", "moe", "mps", "nhc", "nia", "spc", "spp")
    },
    "citations": lambda corpus: chain(law.citations(corpus), visa.recorded(corpus), cooperation.recorded(corpus)),
    "coe": law.coe,
    "cellar": law.cellar,
    "eurostat": eurostat.recorded,
    "flk": china_law.recorded,
    "globalcit": globalcit.recorded,
    "ilo": law.ilo,
    "ilostat": ilostat.recorded,
    "iom": iom.recorded,
    "nbs": lambda corpus: chain(nbs.recorded(corpus), china_prose.recorded("nbs", corpus)),
    "oecd": oecd.recorded,
    "uis": uis.recorded,
    "undesa": undesa.recorded,
    "unhcr": unhcr.recorded,
    "untc": law.untc,
    "usstate": tip.recorded,
    "worldbank": worldbank.recorded,
}


def record(corpus: Path, folder: Path = FOLDER, only: Iterable[str] = RECORDERS) -> list[Payload]:
    """Write the payloads and the index of each publisher anew, and give them."""
    written = []
    for publisher in only:
        shutil.rmtree(folder / publisher, ignore_errors=True)
        index = [_write(recorded, folder) for recorded in RECORDERS[publisher](corpus)]
        text = yaml.safe_dump([entry.model_dump(mode="json") for entry in index], sort_keys=False, allow_unicode=True)
        (folder / publisher / "index.yaml").write_text(text, encoding="utf-8")
        written += index
    return written


def _write(recorded: Recorded, folder: Path) -> Payload:
    request = recorded.request
    file = f"{request.publisher}/{request.dataset}/{_name(request.slice)}.{request.accept}"
    file += "" if request.accept == "xlsx" else ".gz"  # a workbook is compressed in itself
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    body = recorded.body
    path.write_bytes(gzip.compress(body, 9, mtime=0) if path.suffix == ".gz" else body)
    return Payload(
        publisher=request.publisher,
        dataset=request.dataset,
        slice=request.slice,
        file=file,
        url=request.full_url,
        media_type=recorded.media_type,
        edition=recorded.edition,
        as_of=recorded.as_of,
        licence=publishers()[request.publisher].licence_of(request.dataset).id,
        cells=_cells(body),
    )


def _name(slice_: str) -> str:
    """A slice as the name of a file."""
    return re.sub(r"[^\w.]+", "-", slice_) or "whole"


def _cells(body: bytes) -> int:
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        return reading.read(Path(file.name)).frame.collect().height


def main() -> None:
    """Record from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="folder of public copies")
    parser.add_argument("--only", action="append", choices=sorted(RECORDERS), help="a publisher; all by default")
    options = parser.parse_args()
    for payload in record(options.corpus, only=options.only or RECORDERS):
        print(f"{payload.cells:>9,} cells  {payload.path.stat().st_size:>10,} bytes  {payload.file}")  # noqa: T201


if __name__ == "__main__":
    main()

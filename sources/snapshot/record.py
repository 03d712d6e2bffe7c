"""Writes the snapshot: ``python -m sources.snapshot.record CORPUS``, a folder of public copies of what was published.

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

from sources import formats
from sources.catalogue import publishers
from sources.snapshot import (
    FOLDER,
    Payload,
    _china_law,
    _china_prose,
    _cooperation,
    _eurostat,
    _globalcit,
    _ilostat,
    _iom,
    _law,
    _nbs,
    _oecd,
    _tip,
    _uis,
    _undesa,
    _unhcr,
    _visa,
    _worldbank,
)
from sources.snapshot._sources import Recorded

RECORDERS: dict[str, Callable[[Path], Iterable[Recorded]]] = {
    **{
        name: partial(_china_prose.recorded, name)
        for name in ("mfa", "mofcom", "moe", "mps", "nhc", "nia", "spc", "spp")
    },
    "citations": lambda corpus: chain(_law.citations(corpus), _visa.recorded(corpus), _cooperation.recorded(corpus)),
    "coe": _law.coe,
    "cellar": _law.cellar,
    "eurostat": _eurostat.recorded,
    "flk": _china_law.recorded,
    "globalcit": _globalcit.recorded,
    "ilo": _law.ilo,
    "ilostat": _ilostat.recorded,
    "iom": _iom.recorded,
    "nbs": lambda corpus: chain(_nbs.recorded(corpus), _china_prose.recorded("nbs", corpus)),
    "oecd": _oecd.recorded,
    "uis": _uis.recorded,
    "undesa": _undesa.recorded,
    "unhcr": _unhcr.recorded,
    "untc": _law.untc,
    "usstate": _tip.recorded,
    "worldbank": _worldbank.recorded,
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
        return formats.read(Path(file.name)).frame.collect().height


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

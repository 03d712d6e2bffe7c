"""Writes the embedded snapshot: ``python -m tools.snapshot.record CORPUS``.

``CORPUS`` is a folder with public copies of what the publishers have published. See ``tools/snapshot/README.md``.
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
from tools.snapshot.new_payload import NewPayload
from tools.snapshot.recorders import (
    china_law,
    china_prose,
    cooperation,
    dghome,
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

RECORDERS: dict[str, Callable[[Path], Iterable[NewPayload]]] = {
    **{
        name: partial(china_prose.build_payloads, name)
        for name in ("mfa", "mofcom", "moe", "mps", "nhc", "nia", "spc", "spp")
    },
    "citations": lambda corpus: chain(
        law.citations(corpus), visa.build_payloads(corpus), cooperation.build_payloads(corpus)
    ),
    "coe": law.coe,
    "cellar": law.cellar,
    "dghome": dghome.build_payloads,
    "eurostat": eurostat.build_payloads,
    "flk": china_law.build_payloads,
    "globalcit": globalcit.build_payloads,
    "ilo": law.ilo,
    "ilostat": ilostat.build_payloads,
    "iom": iom.build_payloads,
    "nbs": lambda corpus: chain(nbs.build_payloads(corpus), china_prose.build_payloads("nbs", corpus)),
    "oecd": oecd.build_payloads,
    "uis": uis.build_payloads,
    "undesa": undesa.build_payloads,
    "unhcr": unhcr.build_payloads,
    "untc": law.untc,
    "usstate": tip.build_payloads,
    "worldbank": worldbank.build_payloads,
}


def write_snapshot(corpus: Path, folder: Path = FOLDER, only: Iterable[str] = RECORDERS) -> list[Payload]:
    """Replace the payloads and the index of each publisher in ``only``; return the entries of the indices."""
    written = []
    for publisher in only:
        shutil.rmtree(folder / publisher, ignore_errors=True)
        index = [_write(payload, folder) for payload in RECORDERS[publisher](corpus)]
        text = yaml.safe_dump([entry.model_dump(mode="json") for entry in index], sort_keys=False, allow_unicode=True)
        (folder / publisher / "index.yaml").write_text(text, encoding="utf-8")
        written += index
    return written


def _write(payload: NewPayload, folder: Path) -> Payload:
    request = payload.request
    file = f"{request.publisher}/{request.dataset}/{_file_name(request.slice)}.{request.accept}"
    file += "" if request.accept == "xlsx" else ".gz"  # a workbook is a compressed file already
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(payload.body, 9, mtime=0) if path.suffix == ".gz" else payload.body)
    return Payload(
        publisher=request.publisher,
        dataset=request.dataset,
        slice=request.slice,
        file=file,
        url=request.full_url,
        media_type=payload.media_type,
        edition=payload.edition,
        as_of=payload.as_of,
        licence=publishers()[request.publisher].licence_of(request.dataset).id,
        cells=_count_cells(payload.body),
    )


def _file_name(slice_: str) -> str:
    """Return a file name for a slice."""
    return re.sub(r"[^\w.]+", "-", slice_) or "whole"


def _count_cells(body: bytes) -> int:
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        return reading.read(Path(file.name)).frame.collect().height


def main() -> None:
    """Write the snapshot from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="folder of public copies")
    parser.add_argument(
        "--only", action="append", choices=sorted(RECORDERS), help="write only this publisher; may be repeated"
    )
    options = parser.parse_args()
    for payload in write_snapshot(options.corpus, only=options.only or RECORDERS):
        print(f"{payload.cells:>9,} cells  {payload.path.stat().st_size:>10,} bytes  {payload.file}")  # noqa: T201


if __name__ == "__main__":
    main()

"""Data Docs: the results of all tables as a static site, made by Great Expectations."""

import json
import re
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from expectations.validation import ephemeral_context

# Data Docs put the time of the run into addresses; a site is of its results alone, so it stands still.
RUN = {"run_name": "tables", "run_time": datetime(2000, 1, 1, tzinfo=UTC).isoformat()}

# Data Docs fetch their logo from their maker's server, with the time of day, which tells it when they are read.
LOGO = re.compile(r"https://great-expectations-web-assets[^\"')]*")


def write_docs(results: Iterable[Path], out: Path) -> Path:
    """The site in the folder ``out`` for the ``<table>.json`` files that ``validate`` left; its first page.

    What stood in ``out`` is replaced.
    """
    context = ephemeral_context()
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResultSchema,
    )
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    for path in sorted(results, key=lambda path: path.name):
        result = ExpectationSuiteValidationResultSchema().load(json.loads(path.read_text("utf-8")))
        result.meta["run_id"] = RunIdentifier(**RUN)
        suite = ExpectationSuiteIdentifier(path.stem)
        context.validation_results_store.set(ValidationResultIdentifier(suite, RunIdentifier(**RUN), path.stem), result)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    backend = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(out.resolve())}
    index = {"class_name": "DefaultSiteIndexBuilder", "show_cta_footer": False}
    site = {"class_name": "SiteBuilder", "store_backend": backend, "site_index_builder": index}
    context.add_data_docs_site("corridor", site)
    context.build_data_docs(site_names=["corridor"])
    for page in out.rglob("*.html"):
        page.write_text(LOGO.sub("", page.read_text("utf-8")), "utf-8")
    return out / "index.html"

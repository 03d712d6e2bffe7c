"""Adapter to Great Expectations, the only module that imports it: evaluates expectations on the rows of a table."""

import os

# Great Expectations reads this when it is imported.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import great_expectations as gx
import pandas as pd
import polars as pl
import pyarrow as pa
from great_expectations.compatibility import pydantic
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations.core.expect_column_values_to_be_in_set import ExpectColumnValuesToBeInSet

from expectations.contract import Expectation

# A column of pandas for an Arrow type that may have nulls: without it whole numbers become floats.
_MASKED = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


class ExpectColumnValuesToBeInCodeList(ExpectColumnValuesToBeInSet):
    """Expect codes of a list; Great Expectations registers the class as ``expect_column_values_to_be_in_code_list``.

    Great Expectations asks an expectation some hundred times for its configuration, and each time it copies all codes
    of the list. This class keeps the first copy, which saves a quarter of the time of all validation.
    """

    _configuration: Any = pydantic.PrivateAttr(None)

    @property
    def configuration(self) -> Any:  # noqa: ANN401 - the library has no types
        """The configuration, computed once."""
        if self._configuration is None:
            self._configuration = super().configuration
        return self._configuration


@dataclass(frozen=True)
class Result:
    """The result of one expectation.

    ``failures``: number of failing rows, or 1 if the table as a whole fails. ``positions``: the first failing rows by
    position; None if the table as a whole fails. ``exception``: why the expectation could not be evaluated.
    """

    expectation: Expectation
    success: bool
    failures: int
    positions: list[int] | None
    exception: str | None


def evaluate(table: str, rows: pl.DataFrame, expectations: Sequence[Expectation], shown: int) -> list[Result]:
    """The result of each expectation, in their order, with the positions of at most ``shown`` failing rows."""
    results = _run(table, rows, dict(enumerate(expectations)), "SUMMARY", shown)
    return [results[number] for number in range(len(expectations))]


def failing(table: str, rows: pl.DataFrame, expectations: Sequence[Expectation]) -> list[Expectation]:
    """The expectations that fail. This takes less time than ``evaluate``."""
    results = _run(table, rows, dict(enumerate(expectations)), "BASIC", 0)
    return [expectation for number, expectation in enumerate(expectations) if not results[number].success]


def cases(rows: pl.DataFrame, expectations: Sequence[Expectation]) -> pl.DataFrame:
    """One row for each case: an expectation fails on these rows if and only if it fails on all rows.

    The first row of each value of a field is a case, and of each combination of a filled or empty field with the
    condition of its expectation. If two fields are compared, the row with the least difference is a case. The cases of
    the parts of a table are together those of the table.
    """
    found = (case for expectation in expectations for case in _cases(expectation, rows.schema))
    needed = {str(case): case for case in found}
    return rows.filter(pl.any_horizontal(needed.values())) if needed else rows


def _cases(expectation: Expectation, present: pl.Schema) -> Iterable[pl.Expr]:
    """Conditions that select the cases of one expectation; none if it checks no field, or one that is missing."""
    kwargs = expectation.kwargs
    fields = [str(kwargs[name]) for name in ("column", "column_A", "column_B") if name in kwargs]
    condition = ["value"] if "row_condition" in kwargs else []
    if not fields or not {*fields, *condition} <= set(present):
        return
    if condition:
        yield pl.struct(_is_missing(name, present) for name in (*fields, *condition)).is_first_distinct()
    elif len(fields) > 1:
        difference = pl.col(fields[0]) - pl.col(fields[1])
        yield pl.int_range(pl.len()) == difference.fill_nan(None).arg_min()
    elif expectation.type.endswith("_null"):
        yield _is_missing(fields[0], present).is_first_distinct()
    else:
        yield pl.col(*fields).is_first_distinct()


def _is_missing(name: str, present: pl.Schema) -> pl.Expr:
    """Whether a field is empty. Pandas treats what is not a number as empty."""
    number = pl.col(name).is_nan() if present[name].is_float() else pl.lit(value=False)
    return (pl.col(name).is_null() | number).alias(name)


def context() -> Any:  # noqa: ANN401 - the library has no types
    """A context of Great Expectations that writes no file, prints no progress and sends no analytics."""
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _run(
    table: str, rows: pl.DataFrame, numbered: Mapping[int, Expectation], result_format: str, shown: int
) -> dict[int, Result]:
    """Number → result of its expectation. Great Expectations may return results in another order."""
    asset = context().data_sources.add_pandas("corridor").add_dataframe_asset(table)
    frame = rows.to_pandas(types_mapper=_MASKED.get)
    batch = asset.add_batch_definition_whole_dataframe("table").get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite(
        table,
        expectations=[
            {"type": expectation.type, "kwargs": dict(expectation.kwargs), "meta": {"number": number}}
            for number, expectation in numbered.items()
        ],
    )
    chosen = {"result_format": result_format, "partial_unexpected_count": shown}
    results = batch.validate(suite, result_format=chosen).results
    numbers = [int(result.expectation_config.meta["number"]) for result in results]
    return {number: _result(numbered[number], result) for number, result in zip(numbers, results, strict=True)}


def _result(expectation: Expectation, result: Any) -> Result:  # noqa: ANN401 - the library has no types
    return Result(
        expectation,
        success=bool(result.success),
        failures=int(result.result.get("unexpected_count", 1)),
        positions=result.result.get("partial_unexpected_index_list"),
        exception="; ".join(sorted(set(_messages(result.exception_info)))) or None,
    )


def _messages(info: Mapping[str, Any]) -> Iterable[str]:
    """The messages of exceptions: one in ``info`` itself, or one for each metric that raised."""
    if info.get("raised_exception"):
        return [str(info["exception_message"])]
    return [str(each["exception_message"]) for each in info.values() if isinstance(each, dict)]

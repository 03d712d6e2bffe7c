"""Figures in the wire formats of their publishers. The same figures always give the same bytes."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import orjson
import polars as pl
import xlsxwriter

BRUSSELS = ZoneInfo("Europe/Brussels")
# A workbook says when it was made: the same day for all, so that recording twice gives the same bytes.
_MADE = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)

Number = int | float
Cell = Number | str | None


def plain(value: float) -> Number:
    """A number without a decimal point where it is whole."""
    return int(value) if float(value).is_integer() else float(value)


def sdmx_csv(dataflow: str, updated: datetime | None, figures: pl.DataFrame) -> bytes:
    """SDMX-CSV 1.0 of Eurostat with codes. ``figures`` has text columns: dimensions, then time, value, flag, conf."""
    dimensions = [name for name in figures.columns if name not in ("time", "value", "flag", "conf")]
    stamp = updated.astimezone(BRUSSELS).strftime("%d/%m/%y %H:%M:%S") if updated else ""
    blank = [pl.when(pl.col(name) != "").then(pl.col(name)) for name in ("value", "flag", "conf")]
    table = figures.sort(*dimensions, "time").select(
        pl.lit(f"ESTAT:{dataflow.upper()}(1.0)").alias("DATAFLOW"),
        pl.lit(stamp or None, pl.String).alias("LAST UPDATE"),
        *dimensions,
        pl.col("time").alias("TIME_PERIOD"),
        *(field.alias(name) for field, name in zip(blank, ("OBS_VALUE", "OBS_FLAG", "CONF_STATUS"), strict=True)),
    )
    return table.write_csv(line_terminator="\r\n").encode()


def explorer_csv(names: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """CSV of Eurostat's Data Explorer: labels in ISO-8859-1, every field quoted."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue().encode("latin-1")


def unhcr_json(page: int, pages: int, items: Sequence[dict[str, Cell]]) -> bytes:
    """A page of UNHCR's API."""
    return orjson.dumps({"page": page, "short-url": "", "maxPages": pages, "total": [], "items": items})


def worldbank_json(updated: str | None, rows: Sequence[dict[str, object]]) -> bytes:
    """The only page of an answer of the World Bank's API."""
    page: dict[str, object] = {"page": 1, "pages": 1, "per_page": 20000, "total": len(rows), "sourceid": "2"}
    return orjson.dumps([page | ({"lastupdated": updated} if updated else {}), rows])


def workbook(sheets: dict[str, Sequence[Sequence[Cell]]]) -> bytes:
    """A workbook of sheets given as rows; None is a blank cell."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"created": _MADE})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, value in enumerate(row):
                    if isinstance(value, str):
                        sheet.write_string(number, column, value)
                    elif value is not None:
                        sheet.write_number(number, column, value)
    return file.getvalue()

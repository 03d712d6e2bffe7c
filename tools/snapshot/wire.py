"""Figures in the wire formats of their publishers. The same figures always give the same bytes."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
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


def plain_csv(rows: Sequence[dict[str, str]]) -> bytes:
    """CSV with LF, quoted where it must be."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def ilostat_csv(rows: Sequence[dict[str, str]]) -> bytes:
    """An export of ILOSTAT's data explorer: with a byte order mark, every text quoted, values and blanks bare."""
    lines = [",".join(f'"{name}"' for name in rows[0])]
    for row in rows:
        fields = (value if name == "obs_value" or not value else f'"{value}"' for name, value in row.items())
        lines.append(",".join(fields))
    return "".join(f"{line}\n" for line in lines).encode("utf-8-sig")


def uis_json(records: Sequence[Mapping[str, object]]) -> bytes:
    """An answer of the API of the UNESCO Institute for Statistics."""
    return orjson.dumps({"hints": [], "records": records, "indicatorMetadata": []})


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


def nbs_stream(groups: Sequence[dict[str, object]]) -> bytes:
    """Values by period of the data service of China's statistics bureau."""
    return _nbs_answer(groups)


def nbs_series(area: str, name: str, unit: str, values: dict[str, str]) -> bytes:
    """Values of one indicator in one area; a blank one says neither name nor unit. Ids that are not known are blank."""
    return _nbs_answer(
        [
            {
                "dt": f"{year}YY",
                "du": "",
                "unit": unit if value else "",
                "code": area,
                "dt_name": f"{year}年",
                "v": value,
                "i": "",
                "i_name": name if value else "",
                "du_name": unit if value else "",
            }
            for year, value in values.items()
        ]
    )


def _nbs_answer(data: object) -> bytes:
    return orjson.dumps({"data": data, "success": True, "state": 20000, "message": "成功"})


def nbs_easyquery(nodes: Sequence[tuple[dict[str, str], float | None]], series: dict[str, tuple[str, str]]) -> bytes:
    """An answer of the bureau's interface of before: nodes by their codes, None not published; names and units."""
    listed = [
        {
            "code": "_".join(f"{dimension}.{code}" for dimension, code in at.items()),
            "data": {"data": value or 0.0, "dotcount": 0, "hasdata": value is not None, "strdata": _shown(value)},
            "wds": [{"valuecode": code, "wdcode": dimension} for dimension, code in at.items()],
        }
        for at, value in nodes
    ]
    names = [{"cname": name, "code": code, "unit": unit} for code, (name, unit) in series.items()]
    return orjson.dumps(
        {"returncode": 200, "returndata": {"datanodes": listed, "wdnodes": [{"nodes": names, "wdcode": "zb"}]}}
    )


def _shown(value: float | None) -> str:
    return "" if value is None else str(plain(value))

"""Writers of the publishers' wire formats. The same figures always give the same bytes."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import orjson
import polars as pl
import xlsxwriter

BRUSSELS = ZoneInfo("Europe/Brussels")
# A workbook contains its time of creation. A constant gives the same bytes at every recording.
_CREATED = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)

Number = int | float
Cell = Number | str | None


def plain(value: float) -> Number:
    """Return a whole number as ``int``, any other as ``float``."""
    return int(value) if float(value).is_integer() else float(value)


def sdmx_csv(dataflow: str, updated: datetime | None, figures: pl.DataFrame) -> bytes:
    """Return Eurostat's SDMX-CSV 1.0 with codes. ``figures`` has text columns: dimensions, time, value, flag, conf."""
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
    """Return CSV of Eurostat's Data Explorer: labels in ISO-8859-1, every field quoted."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue().encode("latin-1")


def plain_csv(rows: Sequence[dict[str, str]], header: Sequence[str] | None = None) -> bytes:
    """Return CSV with LF, quoted only where necessary; fields that a row lacks are blank.

    Without ``header`` the names of the first row are the header.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, header or list(rows[0]), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def ilostat_csv(rows: Sequence[dict[str, str]]) -> bytes:
    """Return an export of ILOSTAT's data explorer: byte order mark, texts in quotes, values and blanks without."""
    lines = [",".join(f'"{name}"' for name in rows[0])]
    for row in rows:
        fields = (value if name == "obs_value" or not value else f'"{value}"' for name, value in row.items())
        lines.append(",".join(fields))
    return "".join(f"{line}\n" for line in lines).encode("utf-8-sig")


def uis_json(records: Sequence[Mapping[str, object]]) -> bytes:
    """Return a response of the API of the UNESCO Institute for Statistics."""
    return orjson.dumps({"hints": [], "records": records, "indicatorMetadata": []})


def unhcr_json(page: int, pages: int, items: Sequence[dict[str, Cell]]) -> bytes:
    """Return one page of UNHCR's API."""
    return orjson.dumps({"page": page, "short-url": "", "maxPages": pages, "total": [], "items": items})


def worldbank_json(updated: str | None, rows: Sequence[dict[str, object]]) -> bytes:
    """Return a response of one page of the World Bank's API."""
    page: dict[str, object] = {"page": 1, "pages": 1, "per_page": 20000, "total": len(rows), "sourceid": "2"}
    return orjson.dumps([page | ({"lastupdated": updated} if updated else {}), rows])


def workbook(sheets: dict[str, Sequence[Sequence[Cell]]]) -> bytes:
    """Return a workbook; each sheet is a list of rows, and ``None`` is a blank cell."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"created": _CREATED})
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
    """Return a response by period of the data service of China's statistics bureau."""
    return _nbs_response(groups)


def nbs_series(area: str, name: str, unit: str, values: dict[str, str]) -> bytes:
    """Return the values of one indicator in one area.

    An item without a value has neither name nor unit. Unknown ids are blank.
    """
    return _nbs_response(
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


def _nbs_response(data: object) -> bytes:
    return orjson.dumps({"data": data, "success": True, "state": 20000, "message": "成功"})


def nbs_easyquery(nodes: Sequence[tuple[dict[str, str], float | None]], series: dict[str, tuple[str, str]]) -> bytes:
    """Return a response of the bureau's former interface.

    ``nodes`` are values with their codes, ``None`` where not published; ``series`` has the name and unit of each code.
    """
    items = [
        {
            "code": "_".join(f"{dimension}.{code}" for dimension, code in at.items()),
            "data": {"data": value or 0.0, "dotcount": 0, "hasdata": value is not None, "strdata": _text(value)},
            "wds": [{"valuecode": code, "wdcode": dimension} for dimension, code in at.items()],
        }
        for at, value in nodes
    ]
    names = [{"cname": name, "code": code, "unit": unit} for code, (name, unit) in series.items()]
    return orjson.dumps(
        {"returncode": 200, "returndata": {"datanodes": items, "wdnodes": [{"nodes": names, "wdcode": "zb"}]}}
    )


def _text(value: float | None) -> str:
    return "" if value is None else str(plain(value))

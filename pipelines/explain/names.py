"""Names of codes and areas for reports."""

from collections.abc import Mapping

import polars as pl

from warehouse import codes


def area_name(area: str) -> str:
    """The code and the English name of an area."""
    if area in ("EU", "_T"):
        return {"EU": "the Union", "_T": "the instrument"}[area]
    names = dict(codes.areas().select("area", "name_en").iter_rows())
    return f"{area} {names.get(area, '')}".strip()


def code_name(code_list: str, code: str) -> str:
    """The English name of a code, else the code."""
    return _text_of(code_list, code, "name_en")


def code_description(code_list: str, code: str) -> str:
    """The description of a code, else its English name, else the code."""
    return _text_of(code_list, code, "description", "name_en")


def with_confidence(row: Mapping[str, object]) -> str:
    """The source of a row of law, and how reliable it is."""
    return f"{row['source']} ({row['confidence']} confidence)"


def _text_of(code_list: str, code: str, *columns: str) -> str:
    """The first text in the columns of a code that is not empty, else the code."""
    found = codes.codes().filter(pl.col("code_list") == code_list, pl.col("code") == code)
    texts = (found[column].item() for column in columns) if found.height else ()
    return next((str(text) for text in texts if text is not None), code)

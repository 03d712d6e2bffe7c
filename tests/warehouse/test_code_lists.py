"""The code lists are consistent, agree with the treaties, and contain every code that the publishers use."""

import csv
import gzip
import io
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path

import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from sources.catalogue import publishers
from tools.snapshot.corpus import read_r_file
from warehouse import codes
from warehouse.codes import generate

FOUNDED = date(1958, 1, 1)
ENLARGEMENTS = {
    FOUNDED: 6,
    date(1973, 1, 1): 9,
    date(1981, 1, 1): 10,
    date(1986, 1, 1): 12,
    date(1995, 1, 1): 15,
    date(2004, 5, 1): 25,
    date(2007, 1, 1): 27,
    date(2013, 7, 1): 28,
    date(2020, 2, 1): 27,
}

# Codes without an area that the tests on the corpus accept, and the reason.
NO_AREA = {
    ("eurostat", ""): "an empty cell in copies of payloads that someone saved again",
    ("unhcr", "CRB"): "an entry of the list of countries without a name, an ISO code or a figure",
    ("unhcr", "CUR"): "an entry of the list of countries without a name, an ISO code or a figure",
    ("iso3", ""): "Tibetans, and the same two entries, have no ISO code",
    ("unhcr_name", ""): "one file leaves the name of Tibetans empty",
    ("unhcr_name", "CRB"): "the same entry: it has the code in place of a name",
    ("unhcr_name", "CUR"): "the same entry: it has the code in place of a name",
    ("unhcr_name", "Macao SAR, China"): "in old exports with 'China, Macao SAR', which has other figures for the year",
}
REGIONAL = "cens_21ua_ar3"  # a census by NUTS region; no table here has NUTS regions


def members(day: date) -> frozenset[str]:
    """The member states of the European Communities or Union on a day."""
    joined = pl.col("eu_from") <= day
    stayed = pl.col("eu_to").is_null() | (pl.col("eu_to") > day)
    return frozenset(codes.areas().filter(joined & stayed)["area"])


@cache
def crosswalk(scheme: str) -> dict[str, set[str]]:
    rows = codes.area_codes().filter(pl.col("scheme") == scheme)
    found: dict[str, set[str]] = {}
    for code, area in rows.select("code", "area").iter_rows():
        found.setdefault(code, set()).add(area)
    return found


def unmatched(scheme: str, seen: set[str]) -> set[str]:
    return {code for code in seen if code.strip() not in crosswalk(scheme) and (scheme, code) not in NO_AREA}


@pytest.mark.parametrize("name", ["areas", "area_codes"])
def test_the_generated_file_is_up_to_date(name: str) -> None:
    header, rows = {
        "areas": (generate.AREA, generate.areas()),
        "area_codes": (generate.CODE, generate.area_codes()),
    }[name]
    written = (generate.HERE / f"{name}.csv").read_text(encoding="utf-8")
    assert written == generate.to_csv(header, rows), "run python -m warehouse.codes.generate"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("areas", ["area"]),
        ("area_codes", ["scheme", "code", "valid_from"]),
        ("indicators", ["indicator"]),
        ("codes", ["code_list", "code"]),
        ("areas_own", ["area"]),
        ("area_codes_own", ["scheme", "code", "valid_from"]),
    ],
)
def test_keys_are_unique(name: str, key: list[str]) -> None:
    assert not codes.read(name).select(key).is_duplicated().any()


@pytest.mark.parametrize("name", ["areas", "indicators", "codes"])
def test_everything_has_an_english_and_a_chinese_name(name: str) -> None:
    frame = codes.read(name)
    assert frame["name_en"].null_count() == 0
    assert frame.filter(~pl.col("name_zh").fill_null("").str.contains(r"\p{Han}"))["name_en"].to_list() == []


@pytest.mark.parametrize("name", ["areas", "area_codes", "indicators", "codes"])
def test_no_cell_has_blanks_around_it(name: str) -> None:
    frame = codes.read(name)
    assert [column.name for column in frame if (column != column.str.strip_chars()).any()] == []


def test_every_area_of_a_crosswalk_is_an_area() -> None:
    assert set(codes.area_codes()["area"]) <= codes.members("area")


def test_the_iso_and_m49_codes_of_an_area_lead_back_to_it() -> None:
    for scheme in ("iso2", "m49"):
        own = codes.areas().filter(pl.col(scheme).is_not_null())
        assert all(area in crosswalk(scheme)[code] for area, code in own.select("area", scheme).iter_rows())


def test_a_code_means_one_area_at_one_time() -> None:
    beginning, end = pl.col("valid_from").fill_null(date.min), pl.col("valid_to").fill_null(date.max)
    spans = codes.area_codes().with_columns(beginning, end).sort("scheme", "code", "valid_from")
    for _, rows in spans.group_by("scheme", "code"):
        ordered = list(rows.sort("valid_from").select("valid_from", "valid_to").iter_rows())
        assert all(start < stop for start, stop in ordered)
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(ordered)), rows


def test_the_areas_in_scope_are_china_and_the_27_and_the_aggregates_of_the_union() -> None:
    scope = codes.areas().filter("in_scope")
    assert set(scope.filter(kind="state")["area"]) == {"CHN", *members(date(2020, 2, 1))}
    assert scope.filter(kind="state").height == 28
    assert set(scope.filter(pl.col("kind") != "state")["area"]) == {
        "EU", "EU15", "EU25", "EU27_2007", "EU28", "EU27_2020",
        "EU_SAC",  # the external border, which the Union shares with the Schengen associated countries
    }  # fmt: skip


@pytest.mark.parametrize(("day", "number"), ENLARGEMENTS.items())
def test_membership_of_the_union_follows_the_treaties(day: date, number: int) -> None:
    assert len(members(day)) == number


@given(st.dates(min_value=FOUNDED, max_value=date(2026, 12, 31)))
def test_membership_does_not_change_between_two_treaties(day: date) -> None:
    assert len(members(day)) == ENLARGEMENTS[max(start for start in ENLARGEMENTS if start <= day)]


def test_aggregates_of_the_union_name_the_members_of_their_time() -> None:
    notes = dict(codes.areas().select("area", "note").iter_rows())
    for aggregate, day in {"EU27_2020": date(2020, 2, 1), "EU15": date(2000, 1, 1)}.items():
        listed = {area for code in notes[aggregate].split(":")[0].split() for area in crosswalk("eurostat")[code]}
        assert listed == members(day)


@pytest.mark.parametrize(
    ("scheme", "code", "area"),
    [
        ("unhcr", "AUS", "AUT"), ("unhcr", "ARE", "EGY"), ("unhcr", "MAR", "MTQ"), ("unhcr", "CHI", "CHN"),
        ("unhcr", "GFR", "DEU"), ("unhcr", "ANT", "ATG"), ("worldbank", "CHI", "CHI_ISL"), ("iso3", "AUS", "AUS"),
        ("iso3", "ANT", "ANT"), ("eurostat", "POL", "OCE_POL"), ("eurostat", "EL", "GRC"), ("eurostat", "UK", "GBR"),
        ("eurostat", "Micronesia", "MIC"), ("unhcr_name", "Micronesia (Federated States of)", "FSM"),
        ("m49", "4", "AFG"), ("m49", "004", "AFG"), ("m49", "900", "WLD"), ("m49", "903", "M49_002"),
        ("undata", "1", "WLD"), ("undata", "2", "M49_002"), ("eurostat", "China (including Hong Kong)", "CHN"),
        ("eurostat", "AFR", "AFR"), ("worldbank", "AFR", "WB_AFR"), ("worldbank_name", "Congo, Rep.", "COG"),
    ],
)  # fmt: skip
def test_a_code_is_translated_as_its_publisher_uses_it(scheme: str, code: str, area: str) -> None:
    assert crosswalk(scheme)[code] == {area}


def test_unhcr_codes_that_equal_the_iso_code_of_another_country_are_listed() -> None:
    iso = codes.members("area")
    taken = {code for code, areas in crosswalk("unhcr").items() if code in iso and areas != {code}}
    assert taken == {"ANT", "ARE", "AUS", "MAR"}


def test_a_code_that_passed_to_another_state_is_dated() -> None:
    rows = codes.area_codes().filter(scheme="iso2", code="CS").sort(pl.col("valid_from").fill_null(date.min))
    assert rows["area"].to_list() == ["CSK", "SCG"]
    repeated = Counter(codes.area_codes().select("scheme", "code").iter_rows())
    assert {key for key, number in repeated.items() if number > 1} == {("iso2", "CS"), ("iso2", "YU"), ("iso3", "YUG")}


def test_hong_kong_macao_taiwan_and_kosovo_are_separate_areas_with_a_warning() -> None:
    rows = codes.areas().filter(pl.col("area").is_in(["HKG", "MAC", "TWN", "XKX"]))
    assert set(rows["kind"]) == {"territory"}
    assert rows["note"].str.contains("Never merged silently").all()


def test_an_indicator_has_a_known_theme_and_unit_and_a_description() -> None:
    indicators = codes.indicators()
    assert set(indicators["theme"]) <= codes.members("theme")
    assert set(indicators["unit"]) <= codes.members("unit")
    assert indicators["description"].str.ends_with(".").all()
    assert indicators["description"].null_count() == 0


def test_an_area_is_of_a_known_kind() -> None:
    assert set(codes.areas()["kind"]) == codes.members("kind")


def test_a_missing_value_counts_in_coverage_under_the_same_reason() -> None:
    # Only a figure that is computed from several others can be incomplete, and only coverage counts withheld figures.
    assert codes.members("coverage") == codes.members("missing_reason") - {"incomplete"} | {"value", "withheld"}


@pytest.mark.parametrize("code_list", ["definition", "warning", "missing_reason", "theme", "coverage", "mode"])
def test_codes_of_important_lists_have_a_description(code_list: str) -> None:
    rows = codes.codes().filter(code_list=code_list)
    assert rows["description"].null_count() == 0
    assert rows["description"].str.contains(r"[.;]").all()


@pytest.mark.parametrize(
    "code_list", ["reason", "duration", "applicant", "decision", "stage", "border", "apprehension"]
)
def test_a_dimension_that_some_datasets_lack_can_be_total_or_not_applicable(code_list: str) -> None:
    assert {"_T", "_Z"} <= codes.members(code_list)


# The codes and names in real files of the publishers.


def decoded(path: Path) -> str:
    """The text of a file in UTF-8, or in the Western code page if it is not valid UTF-8."""
    data = path.read_bytes()
    data = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252")


def table(path: Path, first: str) -> list[dict[str, str]]:
    """The rows of a CSV below the line that begins with the column ``first``."""
    rows = list(csv.reader(io.StringIO(decoded(path))))
    header = next(place for place, row in enumerate(rows) if row and row[0].strip('"') == first)
    return [dict(zip(rows[header], row, strict=False)) for row in rows[header + 1 :]]


AREA_DIMENSIONS = frozenset({"geo", "citizen", "c_birth"})


def in_json_stat(path: Path) -> Iterator[str]:
    stack = [orjson.loads(path.read_bytes())]
    while stack:
        node = stack.pop()
        for name, child in node.items():
            if name in AREA_DIMENSIONS and isinstance(child, dict):
                yield from child["category"]["index"]
                yield from child["category"]["label"].values()
            elif isinstance(child, dict):
                stack.append(child)


def in_csv(path: Path) -> Iterator[str]:
    header, *rows = csv.reader(io.StringIO(decoded(path)))
    columns = [place for place, name in enumerate(header) if name.strip().lower() in AREA_DIMENSIONS]
    return (row[place] for row in rows for place in columns if place < len(row))


def in_tsv(path: Path) -> Iterator[str]:
    header, *lines = decoded(path).splitlines()
    dimensions = header.partition("\t")[0].partition("\\")[0].split(",")
    columns = [place for place, name in enumerate(dimensions) if name in AREA_DIMENSIONS]
    return (line.partition("\t")[0].split(",")[place] for line in lines for place in columns)


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("pattern", "areas_in"),
    [("eurostat*/*/*.json", in_json_stat), ("eurostat/*/*.csv", in_csv), ("eurostat/*/*.tsv", in_tsv)],
)
def test_every_area_of_eurostat_is_known(corpus: Path, pattern: str, areas_in: Callable[[Path], Iterator[str]]) -> None:
    files = [path for path in corpus.glob(pattern) if path.parent.name not in {REGIONAL, "_errors"}]
    seen = {code for path in files for code in areas_in(path)}
    assert len(seen) > 30
    assert unmatched("eurostat", seen) == set()


@cache
def r_package(corpus: Path) -> dict[str, pl.DataFrame]:
    """UNHCR's own R package of the data, by file."""
    return {path.stem: read_r_file(path) for path in (corpus / "intl" / "unhcr" / "refugees_R_package").glob("*.rda")}


def distinct(frame: pl.DataFrame, column: str) -> set[str]:
    """The codes in a column; a country of asylum is not in every file."""
    return set(frame[column].drop_nulls()) - {""} if column in frame.columns else set()


@pytest.mark.corpus
def test_every_area_of_unhcr_is_known_by_both_its_codes_and_its_name(corpus: Path) -> None:
    for name, frame in r_package(corpus).items():
        if name != "countries":
            for part, scheme in {"": "unhcr", "_iso": "iso3", "_name": "unhcr_name"}.items():
                seen = {code.strip() for side in ("coo", "coa") for code in distinct(frame, side + part)}
                assert unmatched(scheme, seen) == set(), name


@pytest.mark.corpus
def test_every_name_in_the_exports_of_unhcr_is_known(corpus: Path) -> None:
    folder = corpus / "intl" / "unhcr"
    names: set[str] = set()
    for path in (folder / "legacy_popstats").glob("*.csv"):
        for row in table(path, "Year"):
            names |= {row["Country / territory of asylum/residence"], row["Origin"]}
    iso: set[str] = set()
    for path in (*folder.glob("population_*.csv"), *folder.glob("asylum-decisions_*.csv")):
        for row in table(path, "Year"):
            names |= {row["Country of origin"], row["Country of asylum"]}
            iso |= {row["Country of origin (ISO)"], row["Country of asylum (ISO)"]}
    for path in (folder / "hdx_fixtures").glob("*.csv"):
        for row in table(path, "Year"):
            iso |= {row["ISO3CoO"], row["ISO3CoA"]}
    assert len(names) > 200
    assert unmatched("unhcr_name", names) == set()
    assert unmatched("iso3", iso) == set()


@pytest.mark.corpus
@pytest.mark.parametrize("matrix", ["migration_matrix_2021_latest", "remittance_matrix_2021"])
def test_every_name_on_both_axes_of_the_bilateral_matrices_is_known(corpus: Path, matrix: str) -> None:
    book = CalamineWorkbook.from_path(str(corpus / "intl" / "worldbank" / f"knomad_bilateral_{matrix}.xlsx"))
    _, header, *rows = book.get_sheet_by_index(0).to_python()
    down = [str(row[0]).strip() for row in rows]
    last = next(place for place, name in enumerate(down) if name.upper() == "WORLD")  # what follows are notes
    assert last > 200
    assert unmatched("worldbank_name", {*down[: last + 1], *(str(name).strip() for name in header[1:])}) == set()


@pytest.mark.corpus
def test_every_country_and_group_of_the_world_bank_is_known(corpus: Path) -> None:
    folder = corpus / "intl" / "worldbank"
    rows = [row for path in folder.glob("API_*.csv") for row in table(path, "Country Name")]
    rows += table(folder / "derived_datasets_population.csv", "Country Name")
    assert unmatched("worldbank", {row["Country Code"] for row in rows}) == set()
    assert unmatched("worldbank_name", {row["Country Name"].strip() for row in rows}) == set()


@pytest.mark.corpus
def test_every_location_of_the_un_migrant_stock_is_known(corpus: Path) -> None:
    folder = corpus / "intl" / "undesa"
    workbooks = {
        "undesa_pd_2020_ims_stock_by_sex_and_destination.xlsx": ("Table 1", 3),
        "aggregates_correspondence_table_2020_1.xlsx": ("Annex", 2),
    }
    for name, (sheet, column) in workbooks.items():
        rows = CalamineWorkbook.from_path(str(folder / name)).get_sheet_by_name(sheet).to_python()
        seen = {str(int(code)) for row in rows if isinstance(code := row[column], float)}
        assert len(seen) > 270
        assert unmatched("m49", seen) == set()


@pytest.mark.corpus
def test_every_area_of_the_un_statistical_yearbook_is_known(corpus: Path) -> None:
    (path,) = (corpus / "intl" / "undesa").glob("SYB*.csv")
    seen = {row["Region/Country/Area"] for row in table(path, "Region/Country/Area")}
    assert len(seen) > 250
    assert unmatched("undata", seen) == set()


@pytest.mark.corpus
def test_every_kind_of_application_and_stage_of_unhcr_is_known(corpus: Path) -> None:
    package = r_package(corpus)
    unhcr = publishers()["unhcr"].codes
    for name in ("asylum_applications", "asylum_decisions"):
        assert distinct(package[name], "dec_level") <= set(unhcr["stage"])
        assert distinct(package[name], "procedure_type") <= codes.members("procedure")
    assert distinct(package["asylum_applications"], "app_type") <= set(unhcr["applicant"])

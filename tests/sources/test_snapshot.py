"""The embedded snapshot: every payload answers a request and equals what the recorders write."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from sources import reading
from sources.catalogue import publishers
from sources.protocols.paging import next_page
from sources.protocols.requests import closed_editions, requests_for
from sources.request import Request
from sources.snapshot import FOLDER, Payload, entries, payloads

# Recording UNHCR again takes too long.
RECORDED = ("eurostat", "ilostat", "iom", "oecd", "uis", "undesa", "worldbank")


def cells(publisher: str, dataset: str, slice_: str = "", *, pages: bool = False) -> pl.DataFrame:
    found = [
        payload
        for payload in payloads()
        if (payload.publisher, payload.dataset) == (publisher, dataset)
        and (payload.slice == slice_ or (pages and payload.slice.startswith(f"{slice_} page ")))
    ]
    assert found
    return pl.concat(read(payload) for payload in found)


def read(payload: Payload) -> pl.DataFrame:
    with reading.opened(payload.path) as path:
        return reading.read(path).frame.with_columns(pl.col(pl.Categorical).cast(pl.String)).collect()


def requests_of(payload: Payload) -> Iterator[Request]:
    """Every request of the dataset, with the pages that the snapshot contains."""
    entry = publishers()[payload.publisher]
    yield from closed_editions(entry, payload.dataset)
    by_url = {other.url: other for other in payloads()}
    for first in requests_for(entry, payload.dataset):
        request: Request | None = first
        while request is not None:
            yield request
            answered = by_url.get(request.full_url)
            if answered is None or not request.url.startswith("https://api."):
                break
            with reading.opened(answered.path) as body:
                request = next_page(entry.endpoints[entry.datasets[payload.dataset].endpoint], request, body)


@pytest.mark.parametrize("payload", payloads(), ids=lambda payload: payload.file)
def test_every_payload_is_recognised_and_has_as_many_cells_as_in_the_index(payload: Payload) -> None:
    frame = read(payload)
    assert frame.height == payload.cells > 0
    assert frame.filter(pl.all_horizontal(pl.col("value", "raw", "flag").is_null())).height < frame.height


def test_every_payload_belongs_to_a_request_of_the_catalogue() -> None:
    for payload in payloads():
        assert (payload.slice, payload.url) in {(r.slice, r.full_url) for r in requests_of(payload)}, payload.file


def test_every_request_has_one_payload_and_every_file_has_a_request() -> None:
    assert len(entries()) == len(payloads())
    files = {path for path in FOLDER.rglob("*") if path.is_file() and path.parent.parent != FOLDER.parent}
    kept = {path for path in files if path.suffix not in (".py", ".pyc") and path.name != "index.yaml"}
    assert {payload.path for payload in payloads()} == kept


def test_the_payload_of_a_live_request_is_newer_than_every_closed_edition() -> None:
    for entry in publishers().values():
        for name in entry.datasets:
            ours = [
                payload for payload in payloads() if (payload.publisher, payload.dataset) == (entry.publisher, name)
            ]
            editions = {request.slice for request in closed_editions(entry, name)}
            live = [payload.as_of for payload in ours if payload.slice not in editions]
            old = [payload.as_of for payload in ours if payload.slice in editions]
            assert not live or not old or max(live) >= max(old), name


def test_the_snapshot_is_small_and_its_bytes_do_not_contain_a_time() -> None:
    assert sum(payload.path.stat().st_size for payload in payloads()) < 10 << 20
    for payload in payloads():
        head = payload.path.read_bytes()[:8]
        assert head[:4] == b"PK\x03\x04" or (head[:2] == b"\x1f\x8b" and head[4:8] == bytes(4)), payload.file


def test_every_payload_may_be_redistributed() -> None:
    for payload in payloads():
        assert publishers()[payload.publisher].licence_of(payload.dataset).redistribution == "allowed"


def test_the_two_matrices_of_knomad_are_transposed() -> None:
    remitted = cells("worldbank", "knomad_remittance", "2021")
    row = remitted.filter(pl.col("sender") == "Germany", pl.col("receiver") == "China").row(0, named=True)
    assert round(row["value"], 1) == 751.5
    migrants = cells("worldbank", "knomad_migration", "2021")
    stock = migrants.filter(pl.col("origin") == "China", pl.col("destination") == "Germany")["value"]
    assert stock.to_list() == [155_595]


def test_zero_and_not_reported_are_distinguished() -> None:
    figures = cells("unhcr", "population", "coo=CHN..SWE coa_all=true", pages=True)
    assert set(figures.filter(pl.col("measure") == "oip")["raw"].unique()) <= {"-", "0", None}
    assert figures.filter(pl.col("value") == 0).height > figures.filter(pl.col("raw") == "-").height > 0


@pytest.mark.corpus
class TestFiguresEqualThePublicCopies:
    """Figures read from the snapshot equal figures read from the public copies by another method."""

    def test_refugees_from_china(self, corpus: Path) -> None:
        figures = cells("unhcr", "population", "coa=CHN..SWE coo_all=true", pages=True)
        ours = figures.filter(pl.col("coo_iso") == "CHN", pl.col("measure") == "refugees", pl.col("coa_iso") != "CHN")
        path = corpus / "intl/unhcr/population_2015-2023_extracted_2024-07-21.csv"
        theirs = reading.read(path).frame.with_columns(pl.col(pl.Categorical).cast(pl.String)).collect()
        theirs = theirs.filter(pl.col("coo_iso") == "CHN", pl.col("measure") == "refugees", pl.col("time") <= "2021")
        both = ours.join(theirs, ["coa_iso", "time"], suffix="_2024").select("value", "value_2024")
        assert both.height >= 150
        # The export is two years older: the differences are revisions, and they are few.
        assert both.filter(pl.col("value") != pl.col("value_2024")).height < both.height / 20

    def test_every_row_of_the_decisions_exists_and_the_sums_are_correct(self, corpus: Path) -> None:
        from tools.snapshot.corpus import read_r_file
        from tools.snapshot.new_payload import JURISDICTIONS

        copy = read_r_file(corpus / "intl/unhcr/refugees_R_package/asylum_decisions.rda")
        measures = [name for name in copy.columns if name.startswith("dec_") and copy.schema[name].is_numeric()]
        for side, slice_ in (("coa_iso", "coa=CHN..SWE coo_all=true"), ("coo_iso", "coo=CHN..SWE coa_all=true")):
            keys = [side, "dec_pc", "time", "measure"]
            ours = cells("unhcr", "asylum-decisions", slice_, pages=True).group_by(keys).agg(pl.col("value").sum())
            theirs = (
                copy.filter(pl.col(side).is_in(JURISDICTIONS))
                .with_columns(pl.col("year").cast(pl.Int64).cast(pl.String).alias("time"))
                .unpivot(measures, index=[side, "dec_pc", "time"], variable_name="measure", value_name="n")
                .group_by(keys)
                .agg(pl.col("n").sum())
            )
            both = ours.join(theirs, keys, how="full", validate="1:1")
            assert both.height > 3_000
            assert both.filter(pl.col("value").ne_missing(pl.col("n"))).is_empty()

    def test_china_born_in_the_union(self, corpus: Path) -> None:
        from tools.snapshot.corpus import read_r_file

        copy = read_r_file(corpus / "intl/undesa/derived/iom_gdidata_undesa_stocks_2024.rda")
        ours = cells("undesa", "ims_destination_and_origin").filter(pl.col("origin") == "156")
        for m49, iso3 in (("276", "DEU"), ("380", "ITA"), ("250", "FRA"), ("724", "ESP"), ("442", "LUX")):
            corridor = ours.filter(pl.col("destination") == m49)
            for sex, word in (("M", "male"), ("F", "female")):
                mine = corridor.filter(pl.col("sex") == sex).sort("time")["value"].to_list()
                theirs = copy.filter(pl.col("geo") == iso3, pl.col("from") == "CHN", pl.col("sex") == word).sort("t")
                assert mine == [float(n) for n in theirs["n"]]
                assert len(mine) == 8

    def test_the_stock_of_each_jurisdiction_equals_undata(self, corpus: Path) -> None:
        path = corpus / "intl/undesa/SYB68_327_202511_International_Migrants_and_Refugees.csv"
        undata = reading.read(path).frame.collect()
        undata = undata.filter(pl.col("series") == "International migrant stock: Both sexes (number)")
        undata = undata.select(
            pl.col("area").str.zfill(3).alias("destination"), "time", pl.col("value").alias("undata")
        )
        ours = cells("undesa", "ims_destination").filter(pl.col("sex") == "T")
        both = ours.with_columns(pl.col("destination").str.zfill(3)).join(undata, ["destination", "time"])
        assert both.height == 4 * 28
        assert both.filter(pl.col("value") != pl.col("undata")).is_empty()

    def test_the_revision_of_2020(self, corpus: Path) -> None:
        copy = reading.read(corpus / "intl/undesa/undesa_pd_2020_ims_stock_by_sex_and_destination.xlsx").frame.collect()
        copy = copy.filter(pl.col("table") == "Table 1")
        ours = cells("undesa", "ims_destination", "2020")
        both = ours.join(copy, ["destination", "sex", "time"], suffix="_copy")
        assert both.height == ours.height == 28 * 3 * 7
        assert both.filter(pl.col("value").ne_missing(pl.col("value_copy"))).is_empty()
        assert both.filter(pl.col("type_of_data") != pl.col("type_of_data_copy")).is_empty()

    def test_chinese_citizens_in_every_dataset_of_eurostat(self, corpus: Path) -> None:
        """The 2,001 figures that were written down one by one, where the snapshot may contain them."""
        known = pl.read_csv(corpus / "eurostat_cn/cn_figures.tsv", separator="\t", infer_schema=False)
        known = known.filter(pl.col("dataset") != "migr_acq", ~pl.col("file").str.starts_with("text copy"))
        total = known.filter(~pl.col("geo").is_in(["UK", "NO", "CH", "IS", "LI", "ME", "TOTAL"]))
        found = 0
        for dataset in total["dataset"].unique():
            ours = pl.concat((china(payload) for payload in payloads() if payload.dataset == dataset), how="vertical")
            for row in total.filter(pl.col("dataset") == dataset).iter_rows(named=True):
                values = ours.filter(pl.col("geo") == row["geo"], pl.col("time") == row["period"])["value"]
                assert float(row["value"]) in values.to_list(), row
                found += 1
        assert found > 1_600

    @pytest.mark.slow
    def test_recording_twice_gives_the_same_bytes(self, corpus: Path, tmp_path: Path) -> None:
        from tools.snapshot.record import write_snapshot

        again = write_snapshot(corpus, tmp_path, RECORDED)
        assert {payload.file for payload in again} == {p.file for p in payloads() if p.publisher in RECORDED}
        for payload in again:
            assert (tmp_path / payload.file).read_bytes() == payload.path.read_bytes(), payload.file
        for publisher in RECORDED:
            index = Path(publisher, "index.yaml")
            assert (tmp_path / index).read_bytes() == (FOLDER / index).read_bytes()


def china(payload: Payload) -> pl.DataFrame:
    """geo as code, time and value of Chinese citizens or people born in China."""
    from tools.snapshot.recorders.eurostat_editions import GEO_CODES

    frame = read(payload)
    partner = next(name for name in ("citizen", "c_birth") if name in frame.columns)
    return frame.filter(pl.col(partner).is_in(["CN", "China (including Hong Kong)"])).select(
        pl.col("geo").replace(GEO_CODES), "time", "value"
    )


def test_the_payload_is_the_content_of_the_compressed_file() -> None:
    packed = next(payload for payload in payloads() if payload.path.suffix == ".gz")
    entry = entries()[packed.url]
    assert entry.encoded
    assert not gzip.decompress(packed.path.read_bytes()).startswith(b"\x1f\x8b")

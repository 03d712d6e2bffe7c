"""``corridor doctor --live`` finds what a publisher changed, in one line for each dataset, and no more than that."""

import json
import time
from collections.abc import Callable, Iterator

import dagster as dg
import pytest
from typer.testing import CliRunner

from pipelines import doctor_live
from pipelines.cli.app import app
from pipelines.doctor_live import Answer, ask
from pipelines.jobs import CHECK_PUBLISHERS
from sources import catalogue
from sources.catalogue.model import Probe, Publisher
from sources.errors import CatalogueError
from tests.support.live_catalogue import use
from tests.support.publishers.files import CONSULATES_FILE
from tests.support.publishers.server import changed, hang, maintenance, refuse, replaced, too_many, without_rows
from tests.support.publishers.states import workbook
from tests.support.publishers.world import Publishers, world

REAL = catalogue.publishers
Entries = dict[str, Publisher]
DECISIONS = {"TOTAL": "_T", "TOTAL_POS": "POS", "REJECTED": "REJ", "GENCONV": "GENCONV", "HUMSTAT": "HUMSTAT"}
LABELS = {"Stock of foreign population": "population_by_citizenship", "Acquisition of nationality": "acquisitions"}
WRONG = ["migr_asydcfsta", "migr_asydcfstq", "migr_asydcfina", "migr_resbc1", "migr_resbc2"]
WRONG += ["crim_thb_vict", "crim_thb_susp"]
GOOD = ["migr_resfirst", "migr_asyappctza", "demo_pjan", "tps00177"]
OLD_FLOW = "https://sdmx.oecd.org/public/rest/data/OECD.ELS.IMD,DSD_MIG_F@DF_MIG_POPF,1.0/{REF_AREA}..A.{MEASURE}...."
OLD_WORKBOOK = "https://dataunodc.un.org/sites/dataunodc.un.org/files/data_glotip.xlsx"


@pytest.fixture(scope="module")
def running() -> Iterator[Publishers]:
    with world() as started:
        yield started


@pytest.fixture
def publishers(running: Publishers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publishers]:
    use(running, monkeypatch, REAL())
    tables = dict(running.eurostat.tables)
    running.world.received.clear()
    yield running
    running.eurostat.tables = tables
    running.world.recover()


def wrong(*names: str, patience: float = 60) -> dict[str, Answer]:
    return {answer.dataset: answer for answer in ask(names, patience) if not answer.ok}


def with_entry(entries: Entries, publisher: str, name: str, old: str | None = None, **changes: object) -> Entries:
    """The catalogue with a dataset that is changed, or made from another one (``old``)."""
    entry = entries[publisher]
    dataset = entry.datasets[old or name].model_copy(update=changes)
    return entries | {publisher: entry.model_copy(update={"datasets": entry.datasets | {name: dataset}})}


def with_endpoint(entries: Entries, publisher: str, name: str, **changes: object) -> Entries:
    entry = entries[publisher]
    endpoints = entry.endpoints | {name: entry.endpoints[name].model_copy(update=changes)}
    return entries | {publisher: entry.model_copy(update={"endpoints": endpoints})}


def with_codes(entries: Entries, publisher: str, name: str, codes: dict[str, str]) -> Entries:
    entry = entries[publisher]
    return entries | {publisher: entry.model_copy(update={"codes": entry.codes | {name: codes}})}


def catalogue_of_before() -> Entries:
    """The catalogue with the requests and codes that it had before the services were compared with it."""
    entries = with_codes(dict(REAL()), "eurostat", "decision", DECISIONS)
    for new, old in (("migr_resbc13", "migr_resbc1"), ("migr_resbc34", "migr_resbc2")):
        entries = with_entry(entries, "eurostat", old, new)
    for old in ("crim_thb_vict", "crim_thb_susp"):
        entries = with_entry(entries, "eurostat", old, "crim_thb_vctz")
    entries = with_codes(entries, "oecd", "measure", LABELS)
    flows = entries["oecd"].datasets["imd_inflows"].alternatives[0]["ref_area"]
    entries = with_endpoint(entries, "oecd", "born_abroad", url=OLD_FLOW, join="+")
    entries = with_entry(entries, "oecd", "imd_foreign_born_stock", filters={"measure": ["B14"], "ref_area": flows})
    entries = with_endpoint(entries, "unodc", "workbook", url=OLD_WORKBOOK, link=None)
    entries["unodc"] = entries["unodc"].model_copy(update={"hosts": ["dataunodc.un.org"]})
    return with_endpoint(entries, "nhc", "newest", asked=True)


@pytest.mark.slow
def test_no_dataset_differs_from_what_the_publishers_send(publishers: Publishers) -> None:
    answers = list(ask())
    assert [f"{answer.dataset}{answer.explanation}" for answer in answers if not answer.ok] == []
    asked = {name for name, (entry, one) in catalogue.datasets().items() if entry.endpoints[one.endpoint].asked}
    expected = {answer.dataset for answer in answers if answer.state == "as expected"}
    assert asked - expected == {"undesa/total_net_migration"}  # it needs a token
    assert len(answers) == len(catalogue.datasets())


def test_each_wrong_dataset_of_the_catalogue_of_before_is_found(
    publishers: Publishers, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(publishers, monkeypatch, catalogue_of_before())
    found = wrong(*(f"eurostat/{name}" for name in (*GOOD, *WRONG)), "oecd", "unodc", "nhc")
    states = {name: answer.state for name, answer in found.items()}
    assert {name: state for name, state in states.items() if name.startswith("eurostat/")} == {
        "eurostat/migr_asydcfsta": "recoded",
        "eurostat/migr_asydcfstq": "recoded",
        "eurostat/migr_asydcfina": "recoded",
        "eurostat/migr_resbc1": "moved",
        "eurostat/migr_resbc2": "moved",
        "eurostat/crim_thb_vict": "moved",
        "eurostat/crim_thb_susp": "moved",
    }
    assert found["eurostat/migr_asydcfsta"].codes == tuple(
        f"decision={c}" for c in ("NEG", "POS", "POS_HUM", "POS_RFG", "POS_SPROT")
    )
    assert found["oecd/imd_foreign_stock"].codes == ("measure=B15",)
    assert found["oecd/imd_acquisitions"].codes == ("measure=B16",)
    others = {name: states[name] for name in ("oecd/imd_foreign_born_stock", "unodc/glotip", "nhc/floating_population")}
    assert list(others.values()) == ["moved", "moved", "refused"]


def test_an_encoded_plus_sign_between_areas_gives_no_rows(
    publishers: Publishers, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = with_endpoint(dict(REAL()), "ilostat", "indicator", join="%2B", probe=Probe())
    use(publishers, monkeypatch, encoded)
    assert {answer.state for answer in wrong("ilostat").values()} == {"empty"}


@pytest.mark.parametrize(
    ("disturb", "state", "text"),
    [
        (lambda p: p.world.take_down("api.uis.unesco.org"), "unreachable", "refused by the host"),
        (lambda p: p.world.fail("api.uis.unesco.org", too_many(400)), "refused", "a demand to wait (400)"),
        (lambda p: p.world.fail("api.uis.unesco.org", refuse(403)), "refused", "status 403"),
        (lambda p: p.world.fail("api.uis.unesco.org", refuse(404)), "moved", "status 404"),
        (lambda p: p.world.fail("api.uis.unesco.org", refuse(503)), "unreachable", "status 503"),
        (lambda p: p.world.fail("api.uis.unesco.org", maintenance), "moved", "HTML instead of JSON"),
    ],
    ids=["down", "demands a pause", "forbids", "has no such address", "fails", "sends a web page"],
)
def test_a_publisher_that_fails_is_named_with_the_reason(
    publishers: Publishers, disturb: Callable[[Publishers], None], state: str, text: str
) -> None:
    disturb(publishers)
    found = wrong("uis")
    assert {answer.state for answer in found.values()} == {state}
    assert all(text in answer.why for answer in found.values())
    assert len(found) == 5


def test_a_host_that_cannot_be_reached_is_tried_once(publishers: Publishers) -> None:
    publishers.world.take_down("ec.europa.eu")
    begun = time.monotonic()
    assert {answer.state for answer in wrong("eurostat").values()} == {"unreachable"}
    assert time.monotonic() - begun < 5


def test_a_publisher_that_hangs_does_not_hold_the_others_up(publishers: Publishers) -> None:
    publishers.world.fail("ec.europa.eu", hang)
    begun = time.monotonic()
    found = wrong("eurostat", "uis", patience=1.5)
    assert time.monotonic() - begun < 3
    assert {name.partition("/")[0] for name in found} == {"eurostat"}
    assert {answer.state for answer in found.values()} == {"unreachable"}


def test_other_codes_other_dimensions_and_no_rows_are_different_states(publishers: Publishers) -> None:
    publishers.eurostat.recode("migr_resfirst", "reason", {"EDUC": "EDU"})
    publishers.eurostat.recode("migr_pop1ctz", "age", {"TOTAL": "ALL"})
    publishers.eurostat.restructure("migr_resvalid", "reason", "purpose")
    publishers.world.fail("ec.europa.eu", changed(without_rows), "/data/dataflow/ESTAT/migr_acq/")
    changed_ones = ("migr_resfirst", "migr_pop1ctz", "migr_resvalid", "migr_acq", "demo_pjan")
    found = wrong(*(f"eurostat/{name}" for name in changed_ones))
    assert {name: (answer.state, answer.codes) for name, answer in found.items()} == {
        "eurostat/migr_resfirst": ("recoded", ("reason=EDU",)),
        "eurostat/migr_pop1ctz": ("recoded", ("age=TOTAL",)),
        "eurostat/migr_resvalid": ("restructured", ()),
        "eurostat/migr_acq": ("empty", ()),
    }
    assert "it lacks reason and has purpose" in found["eurostat/migr_resvalid"].why


def test_a_code_that_the_publisher_refuses_is_a_new_code_whether_or_not_it_is_named(publishers: Publishers) -> None:
    publishers.eurostat.recode("demo_gind", "indic_de", {"JAN": "JAN1"})
    assert wrong("eurostat/demo_gind")["eurostat/demo_gind"].codes == ("indic_de=JAN",)
    unnamed = replaced((" The following values for dimension are not allowed: INDIC_DE=JAN.", ""))
    publishers.world.fail("ec.europa.eu", unnamed, "/data/dataflow/")
    assert wrong("eurostat/demo_gind")["eurostat/demo_gind"].state == "recoded"


def test_a_code_without_figures_in_the_sample_is_found_in_the_structure(publishers: Publishers) -> None:
    publishers.eurostat.recode("migr_pop1ctz", "citizen", {"CC8_22_FOR": "CC9_27_FOR"})
    assert wrong("eurostat/migr_pop1ctz")["eurostat/migr_pop1ctz"].codes == ("citizen=CC9_27_FOR",)


def test_the_command_prints_a_line_for_each_dataset_and_its_exit_code_is_the_result(publishers: Publishers) -> None:
    run = CliRunner().invoke(app, ["doctor", "--live", "uis"])
    assert run.exit_code == 0
    assert "as expected uis/26637" in run.stdout
    assert run.stdout.splitlines()[-1] == "5 as expected."
    publishers.world.fail("api.uis.unesco.org", refuse(403), "MENF")
    run = CliRunner().invoke(app, ["doctor", "--live", "uis", "frontex", "--json"])
    assert run.exit_code == 1
    states = {row["dataset"]: (row["state"], row["ok"]) for row in json.loads(run.stdout)}
    assert states["uis/MENF.5T8"] == ("refused", False)
    assert states["frontex/detections"] == ("as expected", True)
    assert CliRunner().invoke(app, ["doctor", "uis"]).exit_code == 2
    for name in ("nobody", "uis/nothing"):
        with pytest.raises(CatalogueError, match="the catalogue has no"):
            list(ask([name]))


def test_the_weekly_job_fails_with_the_datasets_that_are_not_as_expected(
    publishers: Publishers, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = {name: catalogue.publishers()[name] for name in ("uis", "frontex")}
    monkeypatch.setattr(catalogue, "publishers", lambda: only)
    with dg.DagsterInstance.ephemeral() as instance:
        assert CHECK_PUBLISHERS.execute_in_process(instance=instance).success
        publishers.world.fail("www.frontex.europa.eu", maintenance)
        run = CHECK_PUBLISHERS.execute_in_process(instance=instance, raise_on_error=False)
    (event,) = run.get_step_failure_events()
    failure = event.step_failure_data.user_failure_data
    assert failure is not None
    assert str(failure.description) == "5 as expected, 1 moved. frontex/detections is moved"


def test_the_check_of_all_publishers_ends_within_six_minutes() -> None:
    assert doctor_live.PATIENCE < 360
    for entry in REAL().values():
        asked = [one for one in entry.datasets.values() if entry.endpoints[one.endpoint].asked]
        requests = len(asked) * (2 if entry.structure else 1)
        assert requests / max(entry.limits.per_second, doctor_live.LEAST_PER_SECOND) < 150, entry.publisher


def test_a_workbook_of_a_list_is_read_to_find_what_changed(publishers: Publishers) -> None:
    assert wrong("dghome") == {}
    rows = [["Schengen State", "Town"], ["France", "BEIJING"]]
    publishers.world.fail("home-affairs.ec.europa.eu", changed(lambda _: workbook({"Data": rows})), CONSULATES_FILE)
    assert {name: answer.state for name, answer in wrong("dghome").items()} == {
        "dghome/consulate_visas": "restructured",
        "dghome/border_visas": "restructured",
    }
